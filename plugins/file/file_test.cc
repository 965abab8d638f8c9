// file: zones of a block, missing and changing files, fallthrough, aliases, transfers.
#include "plugins/file/file.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "base/temporary_folder.h"
#include "corefile/parser.h"
#include "plugins/common/keeper_test.h"
#include "server/setup.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin file_plugin;
}

namespace portolan::zone_file {
namespace {

using testing::Answer;
using testing::PluginFixture;
using Lines = std::vector<std::string>;

using Folder = TemporaryFolder;

std::string zone(int serial, const std::string& rest) {
  return "@ 60 IN SOA ns admin " + std::to_string(serial) + " 3600 600 86400 30\n@ 60 IN NS ns\n" + rest;
}

std::string block(const std::string& key, const std::string& inside) { return key + " {\n" + inside + "\n}\n"; }

// Stands behind file and answers with whatever it is: an extra record that only it makes.
server::Plugin behind() {
  return testing::stand_in("whoami", [](server::Query& query, server::Next) -> Task<server::Outcome> {
    return query.answer(dns::Rcode::yxrrset);
  });
}

TEST_CASE("file: the longest zone answers, and names of no zone go to the next plugin") {
  Folder folder;
  folder.write("p", zone(1, "www 60 A 192.0.2.1\nx.child 60 A 192.0.2.2\n"));
  folder.write("c", zone(1, "x 60 A 192.0.2.3\n"));
  PluginFixture server(block(".", "file " + (folder / "p") + " alder.test\nfile " + (folder / "c") +
                                      " child.alder.test birch.test\nwhoami"),
                       {file_plugin, behind()});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  const Answer www = server.ask("WWW.alder.test.");
  CHECK(www.answer == Lines{"www.alder.test. 60 IN A 192.0.2.1"});
  CHECK(www.authority == Lines{"alder.test. 60 IN NS ns.alder.test."});
  CHECK(www.header.aa);
  CHECK(server.ask("x.child.alder.test.").answer == Lines{"x.child.alder.test. 60 IN A 192.0.2.3"});
  CHECK(server.ask("x.birch.test.").answer == Lines{"x.birch.test. 60 IN A 192.0.2.3"});
  CHECK(server.ask("none.alder.test.").rcode == dns::Rcode::nxdomain);
  CHECK(server.ask("other.test.").rcode == dns::Rcode::yxrrset);
  CHECK(server.ask("alder.test.", dns::RRType::axfr).rcode == dns::Rcode::refused);
}

TEST_CASE("file: without a next plugin other names are refused") {
  Folder folder;
  folder.write("p", zone(1, ""));
  PluginFixture server(block(".", "file " + (folder / "p") + " alder.test"), {file_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  CHECK(server.ask("other.test.").rcode == dns::Rcode::refused);
}

TEST_CASE("file: fallthrough passes on names that do not exist, in its zones only") {
  Folder folder;
  folder.write("p", zone(1, "a.ent 60 A 192.0.2.1\nwww 60 A 192.0.2.1\n"));
  PluginFixture server(
      block("alder.test", "file " + (folder / "p") + " {\nfallthrough sub.alder.test ent.alder.test\n}\nwhoami"),
      {file_plugin, behind()});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  CHECK(server.ask("x.sub.alder.test.").rcode == dns::Rcode::yxrrset);
  CHECK(server.ask("x.alder.test.").rcode == dns::Rcode::nxdomain);
  CHECK(server.ask("ent.alder.test.").rcode == dns::Rcode::yxrrset);
  CHECK(server.ask("a.ent.alder.test.", dns::RRType::txt).rcode == dns::Rcode::noerror);
}

TEST_CASE("file: an alias out of the zone is followed through the server, with the rcode of its target (RFC 6604)") {
  Folder folder;
  folder.write("p", zone(1, "out 60 CNAME x.birch.test.\nlost 60 CNAME y.birch.test.\naway 60 CNAME z.other.test.\n"));
  folder.write("c", zone(1, "x 60 A 192.0.2.3\n"));
  PluginFixture server(block("alder.test", "file " + (folder / "p")) + block("birch.test", "file " + (folder / "c")),
                       {file_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  const Answer out = server.ask("out.alder.test.");
  CHECK(out.answer == Lines{"out.alder.test. 60 IN CNAME x.birch.test.", "x.birch.test. 60 IN A 192.0.2.3"});
  CHECK(out.authority == Lines{"alder.test. 60 IN NS ns.alder.test."});
  const Answer lost = server.ask("lost.alder.test.");
  CHECK(lost.rcode == dns::Rcode::nxdomain);
  CHECK(lost.answer == Lines{"lost.alder.test. 60 IN CNAME y.birch.test."});
  CHECK(lost.authority == Lines{"alder.test. 60 IN SOA ns.alder.test. admin.alder.test. 1 3600 600 86400 30"});
  CHECK(server.ask("away.alder.test.").answer.size() == 1);
}

TEST_CASE("file: what proves a wildcard's alias and its target to be none stands once in the answer") {
  Folder folder;
  folder.write("p", zone(1,
                         "@ 60 RRSIG SOA 13 2 60 20260101000000 20250101000000 1 alder.test. AAAA\n"
                         "@ 60 NSEC *.w NS SOA RRSIG NSEC\n*.w 60 CNAME x\n*.w 60 NSEC @ CNAME RRSIG NSEC\n"
                         "*.w 60 RRSIG NSEC 13 3 60 20260101000000 20250101000000 1 alder.test. AAAA\n"));
  PluginFixture server(block("alder.test", "file " + (folder / "p")), {file_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  testing::Ask ask;
  ask.name = "q.w.alder.test.";
  ask.edns_size = 1232;
  ask.dnssec_ok = true;
  const Answer answer = server.ask(ask);
  CHECK(answer.rcode == dns::Rcode::nxdomain);
  const auto count = [&](std::string_view start) {
    return std::count_if(answer.authority.begin(), answer.authority.end(),
                         [&](const std::string& line) { return line.starts_with(start); });
  };
  CHECK(count("*.w.alder.test. 60 IN NSEC") == 1);
  CHECK(count("*.w.alder.test. 60 IN RRSIG NSEC") == 1);
  CHECK(count("alder.test. 60 IN NSEC") == 1);
}

TEST_CASE("file: two zones whose aliases point at each other end after a bounded chain") {
  Folder folder;
  folder.write("p", zone(1, "a 60 CNAME a.birch.test.\n"));
  folder.write("c", zone(1, "a 60 CNAME a.alder.test.\n"));
  PluginFixture server(block("alder.test", "file " + (folder / "p")) + block("birch.test", "file " + (folder / "c")),
                       {file_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  const Answer answer = server.ask("a.alder.test.");
  CHECK(answer.rcode == dns::Rcode::servfail);
  CHECK(answer.answer.size() == 9);
}

TEST_CASE("file: a new serial is taken over, a broken or missing file keeps the old version") {
  Folder folder;
  folder.write("p", zone(1, "www 60 A 192.0.2.1\n"));
  PluginFixture server(block("alder.test", "file " + (folder / "p") + " {\nreload 5ms\n}"), {file_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  const auto address = [&] {
    const Answer answer = server.ask("www.alder.test.");
    return answer.answer.empty() ? std::string() : answer.answer[0];
  };
  folder.write("p", "broken");
  CHECK(!server.run_until([&] { return address() != "www.alder.test. 60 IN A 192.0.2.1"; },
                          std::chrono::milliseconds(50)));
  std::remove((folder / "p").c_str());
  CHECK(!server.run_until([&] { return address() != "www.alder.test. 60 IN A 192.0.2.1"; },
                          std::chrono::milliseconds(50)));
  folder.write("p", zone(2, "www 60 A 192.0.2.2\n"));
  CHECK(server.run_until([&] { return address() == "www.alder.test. 60 IN A 192.0.2.2"; }));
}

TEST_CASE("file: with reload_by_mtime the time counts, not the serial") {
  Folder folder;
  folder.write("p", zone(1, "www 60 A 192.0.2.1\n"));
  PluginFixture server(block("alder.test", "file " + (folder / "p") + " {\nreload 5ms\nreload_by_mtime\n}"),
                       {file_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  folder.write("p", zone(1, "www 60 A 192.0.2.2\n"));
  const timespec times[2] = {{1, 0}, {1, 0}};
  REQUIRE(utimensat(AT_FDCWD, (folder / "p").c_str(), times, 0) == 0);
  CHECK(server.run_until(
      [&] { return server.ask("www.alder.test.").answer == Lines{"www.alder.test. 60 IN A 192.0.2.2"}; }));
}

TEST_CASE("file: a missing file is waited for at start, and refuses a reload of the Corefile") {
  Folder folder;
  const std::string corefile = block("alder.test", "file " + (folder / "p") + " {\nreload 5ms\n}");
  PluginFixture first(corefile, {file_plugin});
  REQUIRE_MESSAGE(first.ok(), first.error_text());
  CHECK(first.ask("www.alder.test.").rcode == dns::Rcode::servfail);
  PluginFixture second(corefile, {file_plugin}, &first);
  CHECK(!second.ok());
  CHECK(second.error_text().find("plugin/file: open " + (folder / "p") + ": no such file or directory") !=
        std::string::npos);
  folder.write("p", zone(1, "www 60 A 192.0.2.1\n"));
  CHECK(first.run_until([&] { return !first.ask("www.alder.test.").answer.empty(); }));
}

// The owner and type of each record of a transfer, or the error.
Lines transferred(File& file, const char* name, uint32_t serial = 0) {
  auto stream = file.transfer(*dns::Name::parse(name), serial);
  if (stream.has_error()) return {stream.error().message};
  Lines lines;
  Arena arena;
  ArenaVector<dns::Record> records(arena);
  while (*stream && (*stream)->next(arena, records)) continue;
  for (const dns::Record& record : records) lines.push_back(record.owner.text() + " " + dns::text(record.type));
  return lines;
}

TEST_CASE("file: a zone is handed out under its own name, the SOA alone to who has its serial") {
  Folder folder;
  folder.write("p", zone(7, "www 60 A 192.0.2.1\n"));
  PluginFixture server(
      block("alder.test", "file " + (folder / "p") + "\nfile " + (folder / "none") + " later.alder.test"),
      {file_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  File& file = server.handler<File>("file");
  CHECK(transferred(file, "alder.test.") ==
        Lines{"alder.test. SOA", "alder.test. NS", "www.alder.test. A", "alder.test. SOA"});
  CHECK(transferred(file, "alder.test.", 7) == Lines{"alder.test. SOA"});
  CHECK(transferred(file, "alder.test.", 6).size() == 4);
  CHECK(transferred(file, "www.alder.test.").empty());
  CHECK(transferred(file, "other.test.").empty());
  CHECK(transferred(file, "later.alder.test.") == Lines{"plugin/file: zone later.alder.test. has not been read yet"});
}

TEST_CASE("file: secondaries hear of every zone at the start and of one that has changed") {
  struct Listener : server::Handler, server::Notifier {
    explicit Listener(Lines& heard_zones) : heard(heard_zones) {}
    Task<server::Outcome> serve(server::Query& query, server::Next next) override { return next(query); }
    void notify(dns::NameView zone) override { heard.push_back(zone.text()); }
    Lines& heard;
  };
  static Lines heard;
  heard.clear();
  const server::Plugin transfer{"transfer", [](server::Setup& setup) -> Result<void> {
                                  setup.add(std::make_unique<Listener>(heard));
                                  return {};
                                }};
  Folder folder;
  folder.write("p", zone(1, ""));
  folder.write("c", zone(1, ""));
  PluginFixture server(
      block(".", "transfer\nfile " + (folder / "p") + " alder.test birch.test {\nreload 5ms\n}\nfile " +
                     (folder / "c") + " cedar.test\nfile " + (folder / "none") + " later.test"),
      {transfer, file_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  CHECK(heard.empty());
  server.configuration().serving();
  CHECK(heard == Lines{"alder.test.", "birch.test.", "cedar.test."});
  heard.clear();
  folder.write("c", zone(2, ""));
  CHECK(server.run_until([&] { return !heard.empty(); }));
  CHECK(heard == Lines{"cedar.test."});
  heard.clear();
  folder.write("none", zone(2, ""));
  CHECK(server.run_until([&] { return !heard.empty(); }));
  CHECK(heard == Lines{"later.test."});
}

TEST_CASE("file: each version is given to who keeps them, before secondaries hear of it") {
  Folder folder;
  folder.write("p", zone(1, ""));
  PluginFixture server(block("alder.test", "transfer\nfile " + (folder / "p") + " {\nreload 5ms\n}"),
                       {testing::keeper_plugin(), file_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  Lines& heard = server.handler<testing::Keeper>("transfer").heard;
  server.configuration().serving();
  CHECK(heard == Lines{"keep alder.test. 1", "tell alder.test."});
  heard.clear();
  folder.write("p", zone(2, ""));
  CHECK(server.run_until([&] { return !heard.empty(); }));
  CHECK(heard == Lines{"keep alder.test. 2", "tell alder.test."});
}

TEST_CASE("file: what is refused at start") {
  Folder folder;
  folder.write("good", zone(1, ""));
  folder.write("bad", zone(1, "x 60 IN A 1.2.3\n"));
  folder.write("digest", zone(1, "@ 60 IN ZONEMD 1 1 1 " + std::string(96, '0') + "\n"));
  const struct {
    std::string inside, expected;
  } cases[] = {
      {"file", "Wrong argument count or unexpected line ending after 'file'"},
      {"file " + (folder / "bad"),
       "Corefile:2 - Error during parsing: " + (folder / "bad") + ":3: A address \"1.2.3\""},
      {"file " + (folder / "none") + " {\nreload 0\n}", "no such file or directory"},
      {"file " + (folder / "digest") + " {\nzonemd\n}",
       "Corefile:2 - Error during parsing: " + (folder / "digest") + ": ZONEMD of alder.test. does not fit serial 1"},
      {"file " + (folder / "good") + " {\nreload\n}", "Corefile:3"},
      {"file " + (folder / "good") + " {\nreload x\n}", "Corefile:3"},
      {"file " + (folder / "good") + " {\ntransfer to *\n}", "unknown property 'transfer'"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.inside);
    PluginFixture server(block("alder.test", c.inside), {file_plugin});
    CHECK(!server.ok());
    CAPTURE(server.error_text());
    CHECK(server.error_text().find(c.expected) != std::string::npos);
  }
}

/// What `-check` says of a Corefile.
std::string checked(const std::string& corefile) {
  Loop loop;
  testing::FakeProcess process(loop);
  const auto parsed = corefile::parse(corefile, corefile::ParserInput{});
  REQUIRE(parsed.has_value());
  const std::vector<server::Plugin> table = {file_plugin};
  const auto built = server::Configuration::build(*parsed, table, process, true);
  std::string said;
  if (built.has_error()) {
    for (const Error& error : built.error()) said += error.message + "\n";
  }
  return said;
}

TEST_CASE("file: when the Corefile is checked, the zone files that are there are read") {
  Folder folder;
  folder.write("good", zone(1, ""));
  folder.write("bad", zone(1, "x 60 IN MX 65536 ns\n"));
  folder.write("digest", zone(1, "@ 60 IN ZONEMD 1 1 1 " + std::string(96, '0') + "\n"));
  CHECK(checked(block("alder.test", "file " + (folder / "good"))).empty());
  CHECK(checked(block("alder.test", "file " + (folder / "none"))).empty());
  CHECK(checked(block("alder.test", "file " + (folder / "none") + " {\nreload 0\n}")).empty());
  CHECK(checked(block("alder.test", "file " + (folder / "none/db"))).empty());
  const std::string two = block("alder.test", "file " + (folder / "bad")) +
                          block("birch.test", "file " + (folder / "digest") + " {\nzonemd\n}");
  const std::string first = (folder / "bad") + ":3: MX preference 65536 is not within 0 to 65535\n";
  const std::string second =
      (folder / "digest") + ": ZONEMD of birch.test. does not fit serial 1: the zone has another digest\n";
  CHECK(checked(two) == "plugin/file: Corefile:2 - Error during parsing: " + first +
                            "plugin/file: Corefile:5 - Error during parsing: " + second);
  CHECK(checked(block("alder.test", "file " + folder.path())).find("is a directory") != std::string::npos);
}

}  // namespace
}  // namespace portolan::zone_file
