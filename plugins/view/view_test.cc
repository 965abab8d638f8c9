// view: which block takes a query, what is refused, labels.
#include "plugins/view/view.h"

#include <doctest/doctest.h>

#include "server/metadata.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin view_plugin;
}

namespace portolan::view {
namespace {

using testing::Answer;
using testing::Ask;
using testing::PluginFixture;

// `metadata`, without the plugin: a view's block collects for the zones of its own.
server::Plugin metadata_stand_in() {
  return {.name = "metadata", .setup = [](server::Setup& setup) -> Result<void> {
            setup.block().metadata_zones_ = setup.block().zones();
            return {};
          }};
}

// Answers with the rcode of the block: `mark 5` is REFUSED's number. Says view and label as the query has them.
struct Seen {
  std::string view, label;
};
Seen& seen() {
  static Seen last;
  return last;
}
class Mark : public server::Handler {
 public:
  explicit Mark(int64_t rcode) : rcode_(rcode) {}
  Task<server::Outcome> serve(server::Query& query, server::Next) override {
    seen().view = query.block->view();
    const auto label = query.metadata ? query.metadata->value("view/name") : std::nullopt;
    seen().label = label ? std::string(*label) : "(none)";
    return query.answer(static_cast<dns::Rcode>(rcode_));
  }

 private:
  int64_t rcode_;
};
constexpr corefile::Arg kMarkArgs[] = {{.name = "RCODE", .kind = corefile::ArgKind::integer}};
constexpr corefile::Option kMarkOptions[] = {{.name = "", .args = kMarkArgs, .required = 1}};
server::Plugin mark() {
  return {.name = "mark",
          .setup = [](server::Setup& setup) -> Result<void> {
            setup.add(std::make_unique<Mark>(setup.directives().front().uses.front().number()));
            return {};
          },
          .options = kMarkOptions};
}

// Knows nothing until it is told: `slow/who` is what a view may want to know.
class Slow : public server::Handler, public server::Annotator, public server::Readiness {
 public:
  Task<server::Outcome> serve(server::Query& query, server::Next next) override { return next(query); }
  void annotate(server::Query&, server::Metadata& metadata) const override {
    if (known) metadata.set("slow/who", "tester");
  }
  bool ready() const noexcept override { return known; }
  bool known = false;
};
server::Plugin slow() {
  return {.name = "slow", .setup = [](server::Setup& setup) -> Result<void> {
            setup.add(std::make_unique<Slow>());
            return {};
          }};
}

std::vector<server::Plugin> table() { return {metadata_stand_in(), slow(), mark(), view_plugin}; }

// The rcode's number, -1 for no block.
int ask(PluginFixture& server, const Ask& question) {
  const Answer answer = server.ask(question);
  return answer.rcode == dns::Rcode::refused ? -1 : static_cast<int>(answer.rcode);
}

TEST_CASE("view: blocks are asked in order, then those of the parent zone") {
  PluginFixture server(
      "sub.alder.test {\nview v6 {\nexpr type() == 'AAAA'\nexpr not do()\n}\nmark 1\n}\n"
      "sub.alder.test {\nview near {\nexpr incidr(client_ip(), '192.0.2.0/24')\n}\nmark 2\n}\n"
      "alder.test {\nview any {\n}\nmark 3\n}\n"
      "birch.test {\nview never {\nexpr false\n}\nmark 4\n}\n"
      ". {\nview mx {\nexpr type() == 'MX'\n}\nmark 6\n}\n",
      table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  const struct {
    Ask question;
    int block;
  } cases[] = {
      {{.name = "a.sub.alder.test.", .type = dns::RRType::aaaa}, 1},
      {{.name = "a.sub.alder.test.", .type = dns::RRType::aaaa, .edns_size = 1232, .dnssec_ok = true}, 3},
      {{.name = "a.sub.alder.test.", .client = "192.0.2.9"}, 2},
      {{.name = "a.sub.alder.test.", .type = dns::RRType::aaaa, .client = "192.0.2.9"}, 1},
      {{.name = "a.sub.alder.test."}, 3},
      {{.name = "alder.test."}, 3},
      {{.name = "birch.test."}, -1},
      {{.name = "birch.test.", .type = dns::RRType::mx}, 6},
      {{.name = ".", .type = dns::RRType::mx}, 6},
      {{.name = "."}, -1},
      {{.name = "a.sub.alder.test.", .type = dns::RRType::ds}, 3},
      {{.name = "sub.alder.test.", .type = dns::RRType::ds, .client = "192.0.2.9"}, 3},
      {{.name = "other.test.", .type = dns::RRType::ds}, -1},
  };
  for (const auto& each : cases) {
    CAPTURE(each.question.name);
    CAPTURE(dns::text(each.question.type));
    CAPTURE(each.question.client);
    CHECK(ask(server, each.question) == each.block);
  }
}

TEST_CASE("view: what is no bool or fails is not true") {
  PluginFixture server(
      ". {\nview text {\nexpr name()\n}\nmark 1\n}\n"
      ". {\nview fails {\nexpr int(name()) == 1\n}\nmark 2\n}\n"
      ". {\nmark 3\n}\n",
      table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  CHECK(ask(server, {.name = "alder.test."}) == 3);
  CHECK(seen().view == "");
}

TEST_CASE("view: the name is known to metrics and metadata of the block that takes the query, and to nobody else") {
  PluginFixture server(
      ". {\nmetadata\nview first {\nexpr metadata('view/name') == 'first' and type() == 'A'\n}\nmark 1\n}\n"
      ". {\nmetadata\nview second {\nexpr type() == 'MX'\n}\nmark 2\n}\n"
      ". {\nview third {\nexpr type() == 'TXT'\n}\nmark 3\n}\n"
      ". {\nmark 4\n}\n",
      table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  const struct {
    dns::RRType type;
    int block;
    const char *view, *label;
  } cases[] = {
      {dns::RRType::a, 1, "first", "first"},
      {dns::RRType::mx, 2, "second", "second"},
      {dns::RRType::txt, 3, "third", "third"},
      {dns::RRType::srv, 4, "", ""},
  };
  for (const auto& each : cases) {
    CAPTURE(each.block);
    CHECK(ask(server, {.name = "alder.test.", .type = each.type}) == each.block);
    CHECK(seen().view == each.view);
    CHECK(seen().label == each.label);
  }
}

TEST_CASE("view: while a label's plugin is not ready no other block answers, but not for ever") {
  const std::string corefile =
      ". {\nmetadata\nslow\nview who {\nexpr metadata('slow/who') == 'tester'\n}\nmark 6\n}\n. {\nmark 3\n}\n";
  constexpr int kServfail = 2;
  PluginFixture server(corefile, table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  CHECK(ask(server, {.name = "alder.test."}) == kServfail);
  server.handler<Slow>("slow").known = true;
  CHECK(ask(server, {.name = "alder.test."}) == 6);
  PluginFixture late(corefile, table());
  REQUIRE_MESSAGE(late.ok(), late.error_text());
  CHECK(ask(late, {.name = "alder.test."}) == kServfail);
  late.process().fake_clock.advance(std::chrono::seconds(6));
  CHECK(ask(late, {.name = "alder.test."}) == 3);
}

TEST_CASE("view: several blocks of a zone need views") {
  const struct {
    const char *corefile, *expected;
  } cases[] = {
      {". {\nview a {\nexpr true\n}\nmark 1\n}\n. {\nmark 2\n}\n", ""},
      {". {\nmark 1\n}\n. {\nview a {\nexpr true\n}\nmark 2\n}\n", ""},
      {". {\nview a {\nexpr true\n}\nmark 1\n}\n. {\nview a {\nexpr true\n}\nmark 2\n}\n", ""},
      {". {\nmark 1\n}\n. {\nview a\nmark 2\n}\n. {\nmark 3\n}\n", "cannot serve dns://.:53 - it is already defined"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.corefile);
    PluginFixture server(each.corefile, table());
    CHECK(server.ok() == (each.expected[0] == '\0'));
    CAPTURE(server.ok() ? "" : server.error_text());
    if (!server.ok()) CHECK(server.error_text().find(each.expected) != std::string::npos);
  }
}

TEST_CASE("view: what is refused at start") {
  const struct {
    const char *inside, *expected;
  } cases[] = {
      {"view",
       "plugin/view: Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after "
       "'view'"},
      {"view a b", "Wrong argument count or unexpected line ending after 'b'"},
      {"view a {\nexpr\n}", "Corefile:3 - Error during parsing: Wrong argument count"},
      {"view a {\nexpr 1 +\n}",
       "plugin/view: Corefile:3 - Error during parsing: expr: unexpected token EOF (1:3) in \"1 +\""},
      {"view a {\nexpr foo()\n}",
       "plugin/view: Corefile:3 - Error during parsing: expr: unknown name foo (1:1) in \"foo()\""},
      {"view a {\nexpr group(1) == ''\n}", "unknown name group (1:1)"},
      {"view a {\nfoo\n}", "plugin/view: Corefile:3 - Error during parsing: unknown property 'foo'"},
      {"view a\nview b", "plugin/view: Corefile:3 - Error during parsing: this plugin can only be used once"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.inside);
    PluginFixture server(std::string(". {\n") + each.inside + "\n}\n", table());
    REQUIRE(!server.ok());
    CAPTURE(server.error_text());
    CHECK(server.error_text().find(each.expected) != std::string::npos);
  }
}

}  // namespace
}  // namespace portolan::view
