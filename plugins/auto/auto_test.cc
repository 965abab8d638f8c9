// auto: zones that appear, change and go with their files, and who hears of it.
#include "plugins/auto/auto.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "base/log_capture.h"
#include "base/temporary_folder.h"
#include "plugins/common/keeper_test.h"
#include "server/setup.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin auto_plugin;
}

namespace portolan::auto_zones {
namespace {

using testing::Answer;
using testing::PluginFixture;
using Lines = std::vector<std::string>;

class Folder : public TemporaryFolder {
 public:
  // In one step, so that no look finds half a file.
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::rename(TemporaryFolder::write("new", text), *this / name);
  }
  void remove(const std::string& name) const { std::filesystem::remove(*this / name); }
};

std::string zone(int serial, const std::string& rest = {}) {
  return "@ 60 IN SOA ns admin " + std::to_string(serial) + " 3600 600 86400 30\n@ 60 IN NS ns\n" + rest;
}

std::string block(const std::string& key, const std::string& inside) { return key + " {\n" + inside + "\n}\n"; }

// Stands behind auto and answers with what nobody else does.
server::Plugin behind() {
  return testing::stand_in("whoami", [](server::Query& query, server::Next) -> Task<server::Outcome> {
    return query.answer(dns::Rcode::yxrrset);
  });
}

// Stands in front and notes of which zones secondaries would hear.
server::Plugin notified(Lines& heard) {
  struct Listener : server::Handler, server::Notifier {
    explicit Listener(Lines& zones) : heard(zones) {}
    Task<server::Outcome> serve(server::Query& query, server::Next next) override { return next(query); }
    void notify(dns::NameView name) override { heard.push_back(name.text()); }
    Lines& heard;
  };
  static Lines* lines;
  lines = &heard;
  return {"transfer", [](server::Setup& setup) -> Result<void> {
            setup.add(std::make_unique<Listener>(*lines));
            return {};
          }};
}

TEST_CASE("auto: the longest zone that has a file answers, other names go on or are refused") {
  Folder folder;
  folder.write("db.alder.test", zone(1, "www 60 A 192.0.2.1\nx.sub 60 A 192.0.2.2\n"));
  folder.write("db.sub.alder.test", zone(1, "x 60 A 192.0.2.3\n"));
  folder.write("db.birch.example", zone(1));
  const std::string inside = "auto alder.test birch.test {\ndirectory " + folder.path() + "\n}\n";
  PluginFixture server(block(".", inside + "whoami"), {auto_plugin, behind()});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  const Answer www = server.ask("WWW.alder.test.");
  CHECK(www.answer == Lines{"www.alder.test. 60 IN A 192.0.2.1"});
  CHECK(www.authority == Lines{"alder.test. 60 IN NS ns.alder.test."});
  CHECK(www.header.aa);
  CHECK(server.ask("x.sub.alder.test.").answer == Lines{"x.sub.alder.test. 60 IN A 192.0.2.3"});
  CHECK(server.ask("none.alder.test.").rcode == dns::Rcode::nxdomain);
  CHECK(server.ask("x.birch.test.").rcode == dns::Rcode::yxrrset);     // may be asked, has no file
  CHECK(server.ask("x.birch.example.").rcode == dns::Rcode::yxrrset);  // has a file, may not be asked
  CHECK(server.ask("alder.test.", dns::RRType::axfr).rcode == dns::Rcode::refused);

  PluginFixture last(block(".", inside), {auto_plugin});
  REQUIRE_MESSAGE(last.ok(), last.error_text());
  CHECK(last.ask("x.birch.test.").rcode == dns::Rcode::refused);
  CHECK(last.ask("x.birch.example.").rcode == dns::Rcode::servfail);
}

TEST_CASE("auto: zones come, change and go with their files, and secondaries hear of the first two") {
  Folder folder;
  folder.write("db.alder.test", zone(1, "www 60 A 192.0.2.1\n"));
  Lines heard;
  PluginFixture server(block("test", "transfer\nauto {\ndirectory " + folder.path() + "\nreload 5ms\n}"),
                       {notified(heard), auto_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  CHECK(heard.empty());
  server.configuration().serving();
  CHECK(heard == Lines{"alder.test."});
  heard.clear();

  CHECK(server.ask("birch.test.", dns::RRType::soa).rcode == dns::Rcode::refused);
  folder.write("db.birch.test", zone(1));
  CHECK(server.run_until([&] { return !server.ask("birch.test.", dns::RRType::soa).answer.empty(); }));
  CHECK(heard == Lines{"birch.test."});
  heard.clear();

  folder.write("db.alder.test", zone(2, "www 60 A 192.0.2.2\n"));
  CHECK(server.run_until([&] { return server.ask("www.alder.test.").answer[0].ends_with("192.0.2.2"); }));
  CHECK(heard == Lines{"alder.test."});
  heard.clear();

  folder.remove("db.alder.test");
  CHECK(server.run_until([&] { return server.ask("www.alder.test.").rcode == dns::Rcode::refused; }));
  CHECK(server.ask("birch.test.", dns::RRType::soa).rcode == dns::Rcode::noerror);
  CHECK(heard.empty());
}

TEST_CASE("auto: each version is given to who keeps them, before secondaries hear of it, and the end of a zone") {
  Folder folder;
  folder.write("db.alder.test", zone(1));
  PluginFixture server(block("test", "transfer\nauto {\ndirectory " + folder.path() + "\nreload 5ms\n}"),
                       {testing::keeper_plugin(), auto_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  Lines& heard = server.handler<testing::Keeper>("transfer").heard;
  const auto next = [&] {
    CHECK(server.run_until([&] { return !heard.empty(); }));
    return std::exchange(heard, {});
  };
  server.configuration().serving();
  CHECK(next() == Lines{"keep alder.test. 1", "tell alder.test."});
  folder.write("db.birch.test", zone(5));
  CHECK(next() == Lines{"keep birch.test. 5", "tell birch.test."});
  folder.write("db.alder.test", zone(2));
  CHECK(next() == Lines{"keep alder.test. 2", "tell alder.test."});
  folder.remove("db.alder.test");
  CHECK(next() == Lines{"forget alder.test."});
}

TEST_CASE("auto: a zone whose file has moved within the folder stays, and is read there") {
  Folder folder;
  folder.write("db.alder.test", zone(1, "www 60 A 192.0.2.1\n"));
  PluginFixture server(block("test", "auto {\ndirectory " + folder.path() + "\nreload 5ms\n}"), {auto_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  std::filesystem::create_directory(folder / "below");
  std::filesystem::rename(folder / "db.alder.test", folder / "below/db.alder.test");
  folder.write("below/db.alder.test", zone(2, "www 60 A 192.0.2.2\n"));
  CHECK(server.run_until([&] {
    const Answer answer = server.ask("www.alder.test.");
    CHECK(answer.answer.size() == 1);
    return !answer.answer.empty() && answer.answer[0].ends_with("192.0.2.2");
  }));
}

TEST_CASE("auto: a broken file is no zone at start and keeps the old version later, and the log says where, once") {
  log::LogCapture captured;
  Folder folder;
  folder.write("db.alder.test", zone(1, "www 60 A 192.0.2.1\n"));
  folder.write("db.birch.test", zone(1, "www 60 A 192.0.2\n"));
  PluginFixture server(block("test", "auto {\ndirectory " + folder.path() + "\nreload 5ms\n}"), {auto_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  CHECK(server.ask("www.birch.test.").rcode == dns::Rcode::refused);
  folder.write("db.alder.test", zone(2, "www 60 A 192.0.2\n"));
  folder.write("db.cedar.test", zone(1));
  CHECK(server.run_until([&] { return server.ask("www.cedar.test.").rcode == dns::Rcode::nxdomain; }));
  folder.write("db.elm.test", zone(1));
  CHECK(server.run_until([&] { return server.ask("www.elm.test.").rcode == dns::Rcode::nxdomain; }));
  CHECK(server.ask("www.alder.test.").answer == Lines{"www.alder.test. 60 IN A 192.0.2.1"});
  const std::string said = captured.take();
  const std::string birch = "[WARNING] plugin/auto: Parse zone `birch.test.': " + (folder / "db.birch.test") +
                            ":3: A address \"192.0.2\" is no IPv4 address";
  const std::string alder = "[ERROR] plugin/auto: Parsing zone \"alder.test.\": " + (folder / "db.alder.test") +
                            ":3: A address \"192.0.2\" is no IPv4 address";
  for (const std::string& line : {birch, alder}) {
    CAPTURE(said);
    const size_t first = said.find(line);
    CHECK(first != std::string::npos);
    CHECK(said.find(line, first + 1) == std::string::npos);
  }
  folder.write("db.birch.test", zone(1, "www 60 A 192.0.2.5\n"));
  CHECK(server.run_until([&] { return server.ask("www.birch.test.").rcode == dns::Rcode::noerror; }));
}

TEST_CASE("auto: zones go with their folder, and stay when it cannot be read") {
  Folder folder;
  std::filesystem::create_directory(folder / "zones");
  folder.write("zones/db.alder.test", zone(1));
  PluginFixture server(block("test", "auto {\ndirectory " + (folder / "zones") + "\nreload 5ms\n}"), {auto_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  std::filesystem::rename(folder / "zones", folder / "away");
  folder.write("zones", "a file");
  CHECK(!server.run_until([&] { return server.ask("alder.test.", dns::RRType::soa).rcode != dns::Rcode::noerror; },
                          std::chrono::milliseconds(50)));
  folder.remove("zones");
  CHECK(server.run_until([&] { return server.ask("alder.test.", dns::RRType::soa).rcode == dns::Rcode::refused; }));
  std::filesystem::rename(folder / "away", folder / "zones");
  CHECK(server.run_until([&] { return server.ask("alder.test.", dns::RRType::soa).rcode == dns::Rcode::noerror; }));
}

TEST_CASE("auto: with zonemd a file whose digest does not fit is no zone (RFC 8976)") {
  Folder folder;
  folder.write("db.alder.test", zone(1, "@ 60 IN ZONEMD 1 1 1 " + std::string(96, '0') + "\n"));
  folder.write("db.birch.test", zone(1));
  const std::string inside = "directory " + folder.path() + "\n";
  PluginFixture checking(block("test", "auto {\n" + inside + "zonemd\n}"), {auto_plugin});
  REQUIRE_MESSAGE(checking.ok(), checking.error_text());
  CHECK(checking.ask("alder.test.", dns::RRType::soa).rcode == dns::Rcode::refused);
  CHECK(checking.ask("birch.test.", dns::RRType::soa).rcode == dns::Rcode::noerror);
  PluginFixture trusting(block("test", "auto {\n" + inside + "}"), {auto_plugin});
  REQUIRE_MESSAGE(trusting.ok(), trusting.error_text());
  CHECK(trusting.ask("alder.test.", dns::RRType::soa).rcode == dns::Rcode::noerror);
}

TEST_CASE("auto: with reload 0 nothing is looked at again") {
  Folder folder;
  folder.write("db.alder.test", zone(1));
  PluginFixture server(block("test", "auto {\ndirectory " + folder.path() + "\nreload 0\n}"), {auto_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  folder.remove("db.alder.test");
  CHECK(!server.run_until([&] { return server.ask("alder.test.", dns::RRType::soa).rcode != dns::Rcode::noerror; },
                          std::chrono::milliseconds(30)));
}

TEST_CASE("auto: an alias into another zone is followed, also when its own zone goes meanwhile") {
  Folder folder;
  folder.write("db.alder.test", zone(1, "out 60 CNAME www.birch.test.\n"));
  folder.write("db.birch.test", zone(1, "www 60 A 192.0.2.1\n"));
  PluginFixture server(block("test", "auto {\ndirectory " + folder.path() + "\n}"), {auto_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  CHECK(server.ask("out.alder.test.").answer ==
        Lines{"out.alder.test. 60 IN CNAME www.birch.test.", "www.birch.test. 60 IN A 192.0.2.1"});
}

TEST_CASE("auto: a zone is handed out under its own name") {
  Folder folder;
  folder.write("db.alder.test", zone(7, "www 60 A 192.0.2.1\n"));
  PluginFixture server(block("test", "auto {\ndirectory " + folder.path() + "\n}"), {auto_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  auto& handler = server.handler<AutoZones>("auto");
  const auto records = [&](const char* name, uint32_t serial) {
    auto stream = handler.transfer(*dns::Name::parse(name), serial);
    REQUIRE(stream.has_value());
    Arena arena;
    ArenaVector<dns::Record> all(arena);
    while (*stream && (*stream)->next(arena, all)) continue;
    return all.size();
  };
  CHECK(records("alder.test.", 0) == 4);
  CHECK(records("alder.test.", 7) == 1);
  CHECK(records("www.alder.test.", 0) == 0);
  CHECK(records("test.", 0) == 0);
}

TEST_CASE("auto: queries are counted by the zones that were found") {
  Folder folder;
  folder.write("db.alder.test", zone(1));
  PluginFixture server(block(".", "auto {\ndirectory " + folder.path() + "\n}"), {auto_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  const auto& labels = server.handler<AutoZones>("auto");
  CHECK(labels.zone_label(*dns::Name::parse("www.alder.test.")).text() == "alder.test.");
  CHECK(labels.zone_label(*dns::Name::parse("www.birch.test.")).text() == ".");
}

TEST_CASE("auto: what is refused at start") {
  Folder folder;
  const std::string directory = "directory " + folder.path();
  const struct {
    std::string inside, expected;
  } cases[] = {
      {"directory",
       "Corefile:3 - Error during parsing: Wrong argument count or unexpected line ending after 'directory'"},
      {directory + " (.*)", "Corefile:3 - Error during parsing: Wrong argument count or unexpected line ending"},
      {directory + " ( {1}", "Corefile:3 - Error during parsing: error parsing regexp: "},
      {directory + " abc {1}", "Corefile:3 - Error during parsing: Need at least one sub expression"},
      {directory + " (.*) {1} x", "Corefile:3 - Error during parsing: Wrong argument count or unexpected line ending"},
      {directory + "\nreload", "Corefile:4"},
      {directory + "\nreload 1x", "Corefile:4"},
      {directory + "\nreload -5s", "Corefile:4"},
      {directory + "\nfallthrough", "Corefile:4 - Error during parsing: unknown property 'fallthrough'"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.inside);
    const PluginFixture server(block("alder.test", "auto {\n" + c.inside + "\n}"), {auto_plugin});
    CHECK(!server.ok());
    CAPTURE(server.error_text());
    CHECK(server.error_text().find(c.expected) != std::string::npos);
  }
}

}  // namespace
}  // namespace portolan::auto_zones
