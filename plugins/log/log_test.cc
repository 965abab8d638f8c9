// Tests of the query log: which queries are logged, and how.
#include "plugins/log/log.h"

#include <doctest/doctest.h>

#include "base/log_capture.h"
#include "server/metadata.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin log_plugin;

namespace query_log {
namespace {

using server::Outcome;
using server::Query;
using testing::PluginFixture;

// Answers by the first label: ok, nodata, nx, refused (written), fail, drop.
Task<Outcome> by_name(Query& query, server::Next) {
  const std::string_view what = query.question.lower.first_label();
  server::Reply& reply = query.reply();
  static constexpr uint8_t kAddress[] = {192, 0, 2, 1};
  const dns::Record soa{query.question.name, dns::RRType::soa, dns::RRClass::in, 5, {}};
  if (what == "ok") reply.answer.push_back({query.question.name, dns::RRType::a, dns::RRClass::in, 5, kAddress});
  if (what == "nodata" || what == "nx") reply.authority.push_back(soa);
  if (what == "nx") return query.answer(dns::Rcode::nxdomain);
  if (what == "refused") return query.answer(dns::Rcode::refused);
  if (what == "fail") return query.fail(dns::Rcode::servfail, "cause");
  if (what == "drop") return Outcome::dropped();
  return query.answer();
}

std::vector<server::Plugin> table() { return {log_plugin, testing::stand_in("last", by_name)}; }

std::string logged(const std::string& directive, const std::vector<std::string>& names) {
  PluginFixture server(".:53 {\n" + directive + "\nlast\n}\n", table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  log::LogCapture capture;
  for (const std::string& name : names) server.ask(name);
  return capture.take();
}

TEST_CASE("log: the common format is as recorded from CoreDNS") {
  CHECK(logged("log", {"ok.Example."}) ==
        "[INFO] 127.0.0.1:40000 - 4711 \"A IN ok.example. udp 28 false 512\" NOERROR qr,rd 54 0s\n");
  CHECK(logged("log . {combined}", {"nx."}) ==
        "[INFO] 127.0.0.1:40000 - 4711 \"A IN nx. udp 20 false 512\" NXDOMAIN qr,rd 34 0s \"0\"\n");
}

TEST_CASE("log: classes") {
  const std::vector<std::string> all = {"ok.", "plain.", "nodata.", "nx.", "refused.", "fail.", "drop."};
  static constexpr struct {
    const char* classes;
    const char* names;
  } kCases[] = {
      {"class success", "ok plain "},
      {"class denial", "nodata nx "},
      {"class error", "refused fail drop "},
      {"class denial success", "ok plain nodata nx "},
      {"class denial\nclass success", "ok plain nodata nx "},
      {"class all", "ok plain nodata nx refused fail drop "},
      {"class success all", "ok plain nodata nx refused fail drop "},
      {"", "ok plain nodata nx refused fail drop "},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.classes);
    std::string names;
    const std::string lines = logged(std::string("log . \"{name}\" {\n") + each.classes + "\n}", all);
    for (size_t at = 0, end; (end = lines.find('\n', at)) != lines.npos; at = end + 1) {
      names += lines.substr(at + 7, end - at - 8) + " ";  // without "[INFO] " and the final dot
    }
    CHECK(names == each.names);
  }
}

TEST_CASE("log: labels of metadata, its own among them") {
  const server::Plugin metadata{.name = "metadata", .setup = [](server::Setup& setup) -> Result<void> {
                                  setup.block().metadata_zones_.emplace();
                                  return {};
                                }};
  const auto line = [&](const std::string& first, const char* name) {
    PluginFixture server(
        ".:53 {\n" + first + "\nlog . \"{/log/class} {/log/type} {/last/what} {/no/label}\"\nlast\n}\n",
        {metadata, log_plugin, testing::stand_in("last", [](Query& query, server::Next next) {
           if (query.metadata) query.metadata->set("last/what", "");
           return by_name(query, next);
         })});
    REQUIRE_MESSAGE(server.ok(), server.error_text());
    log::LogCapture capture;
    server.ask(name);
    return capture.take();
  };
  static constexpr struct {
    const char *name, *line;
  } kCases[] = {
      {"ok.", "success NOERROR  -"},    {"plain.", "success NOERROR  -"},    {"nodata.", "denial NODATA  -"},
      {"nx.", "denial NXDOMAIN  -"},    {"refused.", "error OTHERERROR  -"}, {"fail.", "error SERVERERROR  -"},
      {"drop.", "error OTHERERROR  -"},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.name);
    CHECK(line("metadata", each.name) == "[INFO] " + std::string(each.line) + "\n");
    CHECK(line("", each.name) == "[INFO] - - - -\n");
  }
}

TEST_CASE("log: the first rule that has the name decides") {
  const std::string rules = "log b.example \"first {name}\" {\nclass error\n}\nlog example x \"second {name}\"";
  CHECK(logged(rules, {"ok.b.example."}).empty());
  CHECK(logged(rules, {"ok.example."}) == "[INFO] second ok.example.\n");
  CHECK(logged(rules, {"ok.x."}) == "[INFO] second ok.x.\n");
  CHECK(logged(rules, {"ok.y."}).empty());
}

TEST_CASE("log: a single argument is a name, even with a brace") {
  // Recorded from CoreDNS: without a name in front there is no format.
  CHECK(logged("log example", {"ok.example."}).starts_with("[INFO] 127.0.0.1:40000 - "));
  CHECK(logged("log {name}", {"ok.example."}).empty());
}

TEST_CASE("log: a query that waits is logged when it is answered") {
  auto slow = [](Query& query, server::Next next) -> Task<Outcome> {
    struct Wait {
      static Task<Outcome> then(Query& waiting, server::Next rest) {
        Loop& loop = waiting.worker().loop();
        Task<void> pause = sleep_for(loop, std::chrono::milliseconds(1));
        co_await pause;
        Task<Outcome> task = rest(waiting);
        const Outcome outcome = co_await task;
        co_return outcome;
      }
    };
    return Wait::then(query, next);
  };
  PluginFixture server(".:53 {\nlog . \"{name} {rcode}\"\nslow\nlast\n}\n",
                       {log_plugin, testing::stand_in("slow", slow), testing::stand_in("last", by_name)});
  REQUIRE(server.ok());
  log::LogCapture capture;
  CHECK(server.ask("nx.").rcode == dns::Rcode::nxdomain);
  CHECK(capture.take() == "[INFO] nx. NXDOMAIN\n");
}

TEST_CASE("log: wrong classes are refused with the place and what was expected") {
  CHECK(PluginFixture(".:53 {\nlog {\nclass foo\n}\nlast\n}\n", table()).error_text() ==
        "plugin/log: Corefile:3 - Error during parsing: invalid Class: foo, expected success, denial, error or all\n");
  CHECK_FALSE(PluginFixture(".:53 {\nlog {\nclass\n}\nlast\n}\n", table()).ok());
  CHECK_FALSE(PluginFixture(".:53 {\nlog {\nfoo\n}\nlast\n}\n", table()).ok());
}

}  // namespace
}  // namespace query_log
}  // namespace portolan
