// hosts: what a file says, and what the plugin answers.
#include "plugins/hosts/hosts.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin hosts_plugin;
}

namespace portolan::hosts {
namespace {

using dns::RRType;
using testing::PluginFixture;
using Texts = std::vector<std::string>;

const std::string kFile =
    "# comment\n127.0.0.1 localhost\n192.0.2.10 www.alder.test www # trailing\n192.0.2.11 multi.alder.test\n"
    "192.0.2.12 multi.alder.test Second.alder.test\n2001:db8:aa::10 www.alder.test\n"
    "::ffff:192.0.2.13 mapped.alder.test\nbadline\n999.1.1.1 bad.alder.test\n192.0.2.14\n"
    "192.0.2.15\ttabs.alder.test\t\talias.alder.test\n192.0.2.010 lead.alder.test\nfe80::1%lo scoped.alder.test\n"
    "198.51.100.2 *.wild.alder.test\n";

// A hosts file that is there as long as the object.
struct File {
  std::string path;
  explicit File(const std::string& text) {
    path = std::filesystem::temp_directory_path() / "hosts-test-XXXXXX";
    close(mkstemp(path.data()));
    write(text);
  }
  ~File() { std::remove(path.c_str()); }
  void write(const std::string& text) const { std::ofstream(path) << text; }
};

Task<server::Outcome> next_one(server::Query& query, server::Next) { return query.answer(dns::Rcode::notimp); }

// `%` in the section stands for the file's path.
std::string corefile(std::string section, const File& file) {
  if (const size_t at = section.find('%'); at != std::string::npos) section.replace(at, 1, file.path);
  return ". {\n hosts " + section + "\n next\n}\n";
}

std::vector<server::Plugin> table() { return {hosts_plugin, testing::stand_in("next", next_one)}; }

TEST_CASE("hosts: names have the addresses of their lines") {
  const File file(kFile);
  PluginFixture fixture(corefile("%", file), table());
  REQUIRE(fixture.error_text() == "");
  struct Case {
    const char* name;
    RRType type;
    dns::Rcode rcode;
    Texts answer;
  };
  const auto ok = dns::Rcode::noerror, bad = dns::Rcode::servfail;
  const Case cases[] = {
      {"www.alder.test.", RRType::a, ok, {"www.alder.test. 3600 IN A 192.0.2.10"}},
      {"WWW.Alder.test.", RRType::aaaa, ok, {"www.alder.test. 3600 IN AAAA 2001:db8:aa::10"}},
      {"www.", RRType::a, ok, {"www. 3600 IN A 192.0.2.10"}},
      {"www.", RRType::aaaa, ok, {}},
      {"www.alder.test.", RRType::mx, ok, {}},
      {"multi.alder.test.",
       RRType::a,
       ok,
       {"multi.alder.test. 3600 IN A 192.0.2.11", "multi.alder.test. 3600 IN A 192.0.2.12"}},
      {"second.alder.test.", RRType::a, ok, {"second.alder.test. 3600 IN A 192.0.2.12"}},
      {"mapped.alder.test.", RRType::a, ok, {"mapped.alder.test. 3600 IN A 192.0.2.13"}},
      {"alias.alder.test.", RRType::a, ok, {"alias.alder.test. 3600 IN A 192.0.2.15"}},
      {"scoped.alder.test.", RRType::aaaa, ok, {"scoped.alder.test. 3600 IN AAAA fe80::1"}},
      {"bad.alder.test.", RRType::a, bad, {}},
      {"lead.alder.test.", RRType::a, bad, {}},
      {"x.wild.alder.test.", RRType::a, ok, {"x.wild.alder.test. 3600 IN A 198.51.100.2"}},
      {"y.x.wild.alder.test.", RRType::a, bad, {}},
      {"wild.alder.test.", RRType::a, bad, {}},
      {"12.2.0.192.in-addr.arpa.",
       RRType::ptr,
       ok,
       {"12.2.0.192.in-addr.arpa. 3600 IN PTR multi.alder.test.",
        "12.2.0.192.in-addr.arpa. 3600 IN PTR second.alder.test."}},
      {"13.2.0.192.in-addr.arpa.", RRType::ptr, ok, {"13.2.0.192.in-addr.arpa. 3600 IN PTR mapped.alder.test."}},
      {"2.100.51.198.in-addr.arpa.", RRType::ptr, dns::Rcode::notimp, {}},  // wildcards have no PTR
      {"nx.alder.test.", RRType::a, bad, {}},
      {"nx.alder.test.", RRType::mx, bad, {}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const auto answer = fixture.ask(c.name, c.type);
    CHECK(answer.rcode == c.rcode);
    CHECK(answer.answer == c.answer);
    CHECK(answer.header.aa == (c.rcode == ok));
  }
}

TEST_CASE("hosts: what goes on to the next plugin") {
  const File file(kFile);
  struct Case {
    const char* section;
    const char* name;
    RRType type;
    dns::Rcode rcode;  // NOTIMP is the next plugin's
  };
  const auto ok = dns::Rcode::noerror, next = dns::Rcode::notimp, bad = dns::Rcode::servfail;
  const Case cases[] = {
      {"% {\n fallthrough\n }", "nx.alder.test.", RRType::a, next},
      {"% {\n fallthrough\n }", "www.alder.test.", RRType::txt, ok},
      {"% {\n fallthrough birch.test\n }", "nx.alder.test.", RRType::a, bad},
      {"% {\n fallthrough birch.test\n }", "nx.birch.test.", RRType::a, next},
      {"% {\n fallthrough\n fallthrough_unsupported\n }", "www.alder.test.", RRType::txt, next},
      {"% {\n fallthrough\n fallthrough_unsupported\n }", "www.alder.test.", RRType::aaaa, ok},
      {"% birch.test", "www.alder.test.", RRType::a, next},
      {"% alder.test", "www.", RRType::a, next},
      {"% {\n no_reverse\n }", "12.2.0.192.in-addr.arpa.", RRType::ptr, next},
      {"% alder.test", "12.2.0.192.in-addr.arpa.", RRType::ptr, ok},
  };
  for (const Case& c : cases) {
    CAPTURE(c.section);
    CAPTURE(c.name);
    PluginFixture fixture(corefile(c.section, file), table());
    REQUIRE(fixture.error_text() == "");
    CHECK(fixture.ask(c.name, c.type).rcode == c.rcode);
  }
}

TEST_CASE("hosts: lines in the Corefile stand beside the file, with the section's TTL") {
  const File file("192.0.2.10 www.alder.test\n");
  PluginFixture fixture(corefile("% {\n 203.0.113.9 www.alder.test extra.test\n ttl 77\n }", file), table());
  REQUIRE(fixture.error_text() == "");
  CHECK(fixture.ask("www.alder.test.").answer ==
        Texts{"www.alder.test. 77 IN A 192.0.2.10", "www.alder.test. 77 IN A 203.0.113.9"});
  CHECK(fixture.ask("extra.test.").answer == Texts{"extra.test. 77 IN A 203.0.113.9"});
}

TEST_CASE("hosts: a changed file is read again, a removed one is kept") {
  const File file("192.0.2.10 www.alder.test\n");
  PluginFixture fixture(corefile("% {\n reload 10ms\n }", file), table());
  const auto is = [&](const char* address) {
    return [&fixture, address] {
      return fixture.ask("www.alder.test.").answer == Texts{std::string("www.alder.test. 3600 IN A ") + address};
    };
  };
  CHECK(is("192.0.2.10")());
  file.write("198.51.100.77 www.alder.test\n");
  CHECK(fixture.run_until(is("198.51.100.77")));
  std::remove(file.path.c_str());
  fixture.handler<Hosts>("hosts").read_file();
  CHECK(is("198.51.100.77")());
}

TEST_CASE("hosts: reload 0 keeps the first content") {
  const File file("192.0.2.10 www.alder.test\n");
  PluginFixture fixture(corefile("% {\n reload 0\n }", file), table());
  file.write("198.51.100.77 www.alder.test\n");
  const auto changed = [&] { return fixture.ask("www.alder.test.").answer[0].find("198.") != std::string::npos; };
  CHECK_FALSE(fixture.run_until(changed, std::chrono::milliseconds(50)));
}

TEST_CASE("hosts: sections that CoreDNS refuses are refused, others are not") {
  const File file("");
  struct Case {
    const char* section;
    bool accepted;
  };
  const Case cases[] = {
      {"", true},
      {"/nowhere/at/all", true},
      {"/", true},
      {"% alder.test", true},
      {"{\n 10.0.0.1 a.alder.test\n }", true},
      {"{\n garbage here\n }", true},
      {"{\n fallthrough\n 10.0.0.1 a.alder.test\n }", false},
      {"{\n ttl\n }", false},
      {"{\n ttl x\n }", false},
      {"{\n ttl 0\n }", false},
      {"{\n ttl 65536\n }", false},
      {"{\n reload\n }", false},
      {"{\n reload x\n }", false},
      {"{\n reload -1s\n }", false},
      {"{\n fallthrough_unsupported\n }", false},
      {"{\n fallthrough_unsupported x\n fallthrough\n }", false},
      {"\n hosts", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.section);
    PluginFixture fixture(corefile(c.section, file), table());
    CHECK(fixture.ok() == c.accepted);
    CHECK((fixture.error_text().find("plugin/hosts: Corefile:") == 0) == !c.accepted);
  }
}

}  // namespace
}  // namespace portolan::hosts
