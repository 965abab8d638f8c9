// Who gets metadata: blocks with the directive, zones, lookups, branches.
#include "plugins/metadata/metadata.h"

#include <doctest/doctest.h>

#include "server/serve.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin metadata_plugin;

namespace {

using server::Outcome;
using server::Query;
using testing::PluginFixture;

// Says of each query, as it was asked, what its name is.
class Namer : public server::Handler, public server::Annotator {
 public:
  Task<Outcome> serve(Query& query, server::Next next) override { return next(query); }
  void annotate(Query& query, server::Metadata& metadata) const override {
    metadata.set("namer/name", query.question.lower.first_label());
  }
};

Result<void> set_up_namer(server::Setup& setup) {
  setup.add(std::make_unique<Namer>());
  return {};
}
constexpr server::Plugin kNamer{.name = "namer", .setup = set_up_namer};

std::string seen;  // by the last plugin, and afterwards by the first

std::string value(const Query& query, std::string_view label) {
  if (!query.metadata) return "none";
  return std::string(query.metadata->value(label).value_or("-"));
}

Outcome answer_with_text(Query& query) {
  seen += value(query, "namer/name") + "," + value(query, "last/said") + " ";
  if (query.metadata) query.metadata->set("last/said", query.question.lower.first_label());
  return query.answer();
}

// A coroutine's arguments live as long as it does.
Task<Outcome> look_up(Query& query, dns::NameView name) {
  Task<server::Lookup> asking = query.lookup(name, dns::RRType::a);
  const server::Lookup found = co_await asking;
  seen += found.query ? "found " : "nothing ";
  co_return answer_with_text(query);
}

// Answers; "far" and "near" ask this server for another name first, "branch" asks the rest on a branch and forgets it.
Task<Outcome> last(Query& query, server::Next) {
  const std::string_view what = query.question.lower.first_label();
  if (what == "far" || what == "near") {
    const auto name = dns::parse_name(what == "far" ? "x.plain." : "x.named.", query.arena());
    return look_up(query, *name);
  }
  return answer_with_text(query);
}

Task<Outcome> first(Query& query, server::Next next) {
  if (query.question.lower.first_label() == "branch") {
    const server::QueryPtr branch = query.branch(query.question);
    branch->metadata->set("last/said", "by the branch");
    const server::QueryPtr shared = query.short_branch(query.question);
    shared->metadata->set("namer/name", "shared");
    seen += value(*branch, "namer/name") + "," + value(*branch, "last/said") + " ";
  }
  return next(query);
}

std::string asked(const std::string& corefile, const char* name) {
  PluginFixture server(corefile,
                       {metadata_plugin, testing::stand_in("first", first), kNamer, testing::stand_in("last", last)});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  seen.clear();
  CHECK(server.ask(name).rcode == dns::Rcode::noerror);
  return seen;
}

TEST_CASE("metadata: labels are set where the block has the directive, about the zones it names") {
  static constexpr struct {
    const char *directive, *name, *seen;
  } kCases[] = {
      {"", "a.named.", "none,none "},
      {"metadata", "a.named.", "a,- "},
      {"metadata", "A.Named.", "a,- "},
      {"metadata {\n }", "a.named.", "a,- "},
      {"metadata named", "a.named.", "a,- "},
      {"metadata other named.", "a.named.", "a,- "},
      {"metadata other", "a.named.", "-,- "},  // a label that is set while serving is not bound to zones
      {"metadata a.b.named", "b.named.", "-,- "},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.directive);
    CAPTURE(each.name);
    CHECK(asked(std::string(".:53 {\n ") + each.directive + "\n namer\n last\n}\n", each.name) == each.seen);
  }
}

TEST_CASE("metadata: a lookup says what it finds out to the query that waits for it, unless its block has its own") {
  const std::string corefile = "named:53 {\n metadata\n namer\n last\n}\nplain:53 {\n namer\n last\n}\n";
  CHECK(asked(corefile, "far.named.") == "far,- found far,x ");
  CHECK(asked(corefile, "near.named.") == "x,- found near,- ");
  CHECK(asked(corefile, "far.plain.") == "none,none found none,none ");
}

TEST_CASE("metadata: a branch has a copy, a short one shares") {
  CHECK(asked(".:53 {\n metadata\n first\n namer\n last\n}\n", "branch.named.") == "branch,by the branch shared,- ");
}

TEST_CASE("metadata: wrong use is refused with its place") {
  static constexpr struct {
    const char *directive, *error;
  } kCases[] = {
      {"metadata {\n x\n}",
       "plugin/metadata: Corefile:3 - Error during parsing: unexpected 'x': metadata has no options"},
      {"metadata\nmetadata",
       "plugin/metadata: Corefile:3 - Error during parsing: this plugin can only be used once per Server Block"},
  };
  for (const auto& each : kCases) {
    PluginFixture server(std::string(".:53 {\n") + each.directive + "\nlast\n}\n",
                         {metadata_plugin, testing::stand_in("last", last)});
    CHECK(server.error_text() == std::string(each.error) + "\n");
  }
}

TEST_CASE("metadata: a block that another block is preferred to can be asked about a query") {
  PluginFixture server("a:53 {\n metadata\n namer\n last\n}\nb:53 {\n namer\n last\n}\n",
                       {metadata_plugin, kNamer, testing::stand_in("last", last)});
  REQUIRE(server.ok());
  const auto& blocks = server.configuration().blocks();
  Query query;
  query.question.name = query.question.lower = *dns::parse_name("x.a.", query.arena());
  server::annotate(*blocks[0], query);
  CHECK(value(query, "namer/name") == "x");
  server::annotate(*blocks[1], query);  // has no metadata of its own: what is known stays known
  CHECK(value(query, "namer/name") == "x");
}

}  // namespace
}  // namespace portolan
