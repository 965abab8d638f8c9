// loadbalance: orders, weights, and what of the reply changes.
#include "plugins/loadbalance/loadbalance.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

#include "dns/rdata_text.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin loadbalance_plugin;
}

namespace portolan::loadbalance {
namespace {

using testing::PluginFixture;
using Texts = std::vector<std::string>;

Texts backend_answer;
dns::Rcode backend_rcode = dns::Rcode::noerror;

Task<server::Outcome> backend(server::Query& query, server::Next) {
  for (const std::string& text : backend_answer) {
    const auto owned = dns::parse_record(text, dns::Name(), 0);
    REQUIRE(owned.has_value());
    dns::Record record = owned->view();
    record.owner =
        dns::NameView(query.arena().copy(record.owner.wire()).data(), static_cast<uint8_t>(record.owner.size()));
    record.rdata = query.arena().copy(record.rdata);
    query.reply().answer.push_back(record);
  }
  return query.answer(backend_rcode);
}

std::string corefile(const std::string& section) { return ". {\n loadbalance " + section + "\n backend\n}\n"; }

std::vector<server::Plugin> table() { return {loadbalance_plugin, testing::stand_in("backend", backend)}; }

// A weight file that is there as long as the object.
struct File {
  std::string path;
  explicit File(const std::string& text) {
    path = std::filesystem::temp_directory_path() / "weights-test-XXXXXX";
    close(mkstemp(path.data()));
    write(text);
  }
  ~File() { std::remove(path.c_str()); }
  void write(const std::string& text) const { std::ofstream(path) << text; }
};

TEST_CASE("loadbalance: every order of the addresses comes about equally often, CNAMEs stay in front") {
  backend_rcode = dns::Rcode::noerror;
  backend_answer = {"m.test. 60 IN A 10.0.0.1", "c.test. 60 IN CNAME m.test.", "m.test. 60 IN A 10.0.0.2",
                    "m.test. 60 IN A 10.0.0.3"};
  PluginFixture fixture(corefile(""), table());
  REQUIRE(fixture.error_text() == "");
  std::map<Texts, int> seen;
  constexpr int kAsked = 3000;
  for (int i = 0; i < kAsked; ++i) ++seen[fixture.ask("c.test.").answer];
  CHECK(seen.size() == 6);
  for (const auto& [answer, count] : seen) {
    CHECK(answer[0] == "c.test. 60 IN CNAME m.test.");
    CHECK(count > kAsked / 6 * 7 / 10);  // 350 of 500: further off than chance goes in 10^12 runs
    CHECK(count < kAsked / 6 * 13 / 10);
  }
}

TEST_CASE("loadbalance: MX are shuffled behind addresses, other types and errors stay as they are") {
  struct Case {
    dns::Rcode rcode;
    Texts records;
    size_t orders;
  };
  const Case cases[] = {
      {dns::Rcode::noerror, {"a.test. 60 IN MX 1 x.", "a.test. 60 IN MX 2 y."}, 2},
      {dns::Rcode::noerror, {"a.test. 60 IN TXT x", "a.test. 60 IN TXT y"}, 1},
      {dns::Rcode::nxdomain, {"a.test. 60 IN A 10.0.0.1", "a.test. 60 IN A 10.0.0.2"}, 1},
      {dns::Rcode::noerror, {"a.test. 60 IN AAAA ::1", "a.test. 60 IN AAAA ::2"}, 2},
      {dns::Rcode::noerror, {"a.test. 60 IN A 10.0.0.1"}, 1},
  };
  PluginFixture fixture(corefile("round_robin"), table());
  for (const Case& c : cases) {
    CAPTURE(c.records.front());
    backend_rcode = c.rcode;
    backend_answer = c.records;
    std::map<Texts, int> seen;
    for (int i = 0; i < 100; ++i) ++seen[fixture.ask("a.test.").answer];
    CHECK(seen.size() == c.orders);
  }
}

TEST_CASE("loadbalance: preferred subnets come first, in their order") {
  backend_rcode = dns::Rcode::noerror;
  backend_answer = {"m.test. 60 IN TXT x",         "m.test. 60 IN A 10.1.0.1", "m.test. 60 IN A 10.2.0.1",
                    "c.test. 60 IN CNAME m.test.", "m.test. 60 IN A 10.3.0.1", "m.test. 60 IN AAAA 2001:db8:2::1"};
  PluginFixture fixture(corefile("{\n prefer 10.3.0.0/16 2001:db8:2::/48\n prefer 10.2.0.0/16\n }"), table());
  REQUIRE(fixture.error_text() == "");
  for (int i = 0; i < 20; ++i) {
    CHECK(fixture.ask("c.test.").answer == Texts{"c.test. 60 IN CNAME m.test.", "m.test. 60 IN A 10.3.0.1",
                                                 "m.test. 60 IN AAAA 2001:db8:2::1", "m.test. 60 IN A 10.2.0.1",
                                                 "m.test. 60 IN A 10.1.0.1", "m.test. 60 IN TXT \"x\""});
  }
}

TEST_CASE("loadbalance: the first address is chosen by its weight, and a changed file is read again") {
  backend_rcode = dns::Rcode::noerror;
  backend_answer = {"m.test. 60 IN A 10.0.0.1", "m.test. 60 IN A 10.0.0.2", "m.test. 60 IN A 10.0.0.3"};
  const File file("# w\nM.test\n10.0.0.1 3\n10.0.0.2 1\n10.0.0.3 2\n");
  PluginFixture fixture(corefile("weighted " + file.path + " {\n reload 10ms\n }"), table());
  REQUIRE(fixture.error_text() == "");
  std::map<std::string, int> first;
  constexpr int kAsked = 6000;
  for (int i = 0; i < kAsked; ++i) ++first[fixture.ask("m.test.").answer[0]];
  const auto near = [](int count, int expected) { return count > expected * 8 / 10 && count < expected * 12 / 10; };
  CHECK(near(first["m.test. 60 IN A 10.0.0.1"], kAsked * 3 / 6));
  CHECK(near(first["m.test. 60 IN A 10.0.0.2"], kAsked * 1 / 6));
  CHECK(near(first["m.test. 60 IN A 10.0.0.3"], kAsked * 2 / 6));
  file.write("m.test.\n10.0.0.2 255\n");
  auto& handler = fixture.handler<LoadBalance>("loadbalance");
  CHECK(handler.read_weights().has_value());
  int second = 0;
  for (int i = 0; i < 500; ++i) second += fixture.ask("m.test.").answer[0] == "m.test. 60 IN A 10.0.0.2";
  CHECK(second > 450);  // 255 of 257
}

TEST_CASE("loadbalance: errors in weight files name the file and what is wrong") {
  struct Case {
    const char* text;
    const char* error;  // null: none
  };
  const Case cases[] = {
      {"a.test\n10.0.0.1 3\n", nullptr},
      {"\n # c\na.test\n\n10.0.0.1\t255\n::1 1", nullptr},
      {"10.0.0.1 3\n", "missing domain name in weight file w"},
      {"a.test\n10.0.0.1 0\n", "wrong weight value:\"0\" in weight file w"},
      {"a.test\n10.0.0.1 256\n", "wrong weight value:\"256\" in weight file w"},
      {"a.test\n10.0.0.x 2\n", "wrong IP address:\"10.0.0.x\" in weight file w"},
      {"a.test\n10.0.0.1 2 3\n", "could not parse weight line:\"10.0.0.1 2 3\" in weight file w"},
      {"a.test\n10.0.0.1\n", "wrong domain name:\"10.0.0.1\" in weight file w (maybe a missing weight value?)"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const auto weights = Weights::parse(c.text, "w");
    CHECK(weights.has_error() == (c.error != nullptr));
    if (weights.has_error() && c.error) CHECK(weights.error().message == c.error);
  }
}

TEST_CASE("loadbalance: sections that CoreDNS refuses are refused, others are not") {
  const File good("a.test\n10.0.0.1 3\n"), bad("10.0.0.1 3\n");
  struct Case {
    std::string section;
    bool accepted;
  };
  const Case cases[] = {
      {"", true},
      {"round_robin", true},
      {"round_robin x", false},
      {"foo", false},
      {"weighted", false},
      {"weighted /nowhere/at/all", true},
      {"weighted /nowhere/at/all {\n reload 0\n }", false},
      {"weighted " + good.path, true},
      {"weighted " + good.path + " x", false},
      {"weighted " + bad.path, false},
      {"weighted " + good.path + " {\n reload\n }", false},
      {"weighted " + good.path + " {\n reload x\n }", false},
      {"weighted " + good.path + " {\n foo\n }", false},
      {"weighted " + good.path + " {\n prefer 10.0.0.0/8\n }", false},
      {"{\n reload 10s\n }", false},
      {"{\n prefer 10.0.0.0/8\n }", true},
      {"{\n prefer x\n }", false},
      {"{\n prefer\n }", true},
      {"{\n foo\n }", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.section);
    PluginFixture fixture(corefile(c.section), table());
    CHECK(fixture.ok() == c.accepted);
    CHECK((fixture.error_text().find("plugin/loadbalance: ") == 0) == !c.accepted);
  }
}

}  // namespace
}  // namespace portolan::loadbalance
