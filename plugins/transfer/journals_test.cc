// transfer with journals: who gets changes alone, what a reload and a restart leave of them, what is refused.
#include "plugins/transfer/journals.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "base/log_capture.h"
#include "base/temporary_folder.h"
#include "plugins/transfer/transfer.h"
#include "server/setup.h"
#include "tests/unit/plugin_fixture.h"
#include "zones/transfer.h"
#include "zones/zone_file.h"

namespace portolan {
extern const server::Plugin transfer_plugin;
}

namespace portolan::transfer {
namespace {

using testing::Answer;
using testing::Ask;
using testing::PluginFixture;
using Lines = std::vector<std::string>;

using Folder = TemporaryFolder;

std::shared_ptr<const zones::ZoneTree> version(uint32_t serial, int others = 40) {
  std::string text =
      "@ 60 IN SOA . . " + std::to_string(serial) + " 0 0 0 0\nw 60 IN A 192.0.2." + std::to_string(serial) + "\n";
  for (int i = 0; i < others; ++i) text += "other" + std::to_string(i) + " 60 IN A 192.0.2.9\n";
  auto read = zones::read_zone_text(text, "db", *dns::Name::parse("alder.test."));
  REQUIRE_MESSAGE(!read.has_error(), (read.has_error() ? read.error().message : ""));
  return std::move(read->tree);
}

std::string soa(uint32_t serial) { return "alder.test. 60 IN SOA . . " + std::to_string(serial) + " 0 0 0 0"; }

// Has alder.test, of which it tells.
class Zones : public server::Handler, public server::Transferer {
 public:
  explicit Zones(const server::Block& block) : block_(block) {}
  Task<server::Outcome> serve(server::Query& query, server::Next) override { return query.answer(dns::Rcode::yxrrset); }
  Result<std::unique_ptr<server::RecordStream>> transfer(dns::NameView, uint32_t serial) override {
    return zones::transfer(tree_, serial);
  }
  VersionKeeper& keeper() { return dynamic_cast<VersionKeeper&>(*block_.other("transfer")); }
  void set(std::shared_ptr<const zones::ZoneTree> tree, bool tell = true) {
    tree_ = std::move(tree);
    if (tell) keeper().keep(tree_);
  }

 private:
  const server::Block& block_;
  std::shared_ptr<const zones::ZoneTree> tree_;
};

server::Plugin zones_plugin() {
  return {"file", [](server::Setup& setup) -> Result<void> {
            setup.add(std::make_unique<Zones>(setup.block()));
            return {};
          }};
}

struct Fixture : PluginFixture {
  explicit Fixture(const std::string& options, const Fixture* previous = nullptr)
      : PluginFixture(".:1053 {\ntransfer {\nto *\n" + options + "\n}\nfile\n}\n", {transfer_plugin, zones_plugin()},
                      previous) {
    REQUIRE_MESSAGE(ok(), error_text());
  }
  Zones& zones() { return handler<Zones>("file"); }
  Answer get(dns::RRType type, int64_t serial = -1) {
    Ask question;
    question.name = "Alder.test.";
    question.type = type;
    question.transport = server::Transport::tcp;
    question.serial = serial;
    return ask(question);
  }
  Lines changes(uint32_t serial) { return get(dns::RRType::ixfr, serial).answer; }
  // Two steps, to serial 3.
  void step() {
    for (const uint32_t serial : {1, 2, 3}) zones().set(version(serial));
  }
};

constexpr size_t kWhole = 43;  // records of an AXFR

TEST_CASE("transfer: with a journal an IXFR client gets the changes since its version, with AA (RFC 1995 section 4)") {
  log::LogCapture captured;
  Fixture server("journal");
  server.step();
  const Answer answer = server.get(dns::RRType::ixfr, 1);
  CHECK(answer.answer == Lines{soa(3), soa(1), "w.alder.test. 60 IN A 192.0.2.1", soa(2),
                               "w.alder.test. 60 IN A 192.0.2.2", soa(2), "w.alder.test. 60 IN A 192.0.2.2", soa(3),
                               "w.alder.test. 60 IN A 192.0.2.3", soa(3)});
  CHECK(answer.header.aa);
  CHECK(answer.streamed.size() == 1);
  CHECK(server.changes(2).size() == 6);
  CHECK(captured.take().find("[INFO] plugin/transfer: Outgoing incremental transfer of 10 records of zone "
                             "\"Alder.test.\" to 127.0.0.1 for 3 SOA serial") != std::string::npos);
}

TEST_CASE("transfer: the SOA alone to who is up to date, the whole zone to who has an unknown serial or asks AXFR") {
  Fixture server("journal");
  server.step();
  CHECK(server.changes(3) == Lines{soa(3)});
  CHECK(server.changes(0).size() == kWhole);
  CHECK(server.changes(4).size() == kWhole);
  CHECK(server.get(dns::RRType::axfr).answer.size() == kWhole);
  CHECK(server.get(dns::RRType::axfr, 1).answer.size() == kWhole);
  // A version that the journal has not heard of yet.
  server.zones().set(version(4), false);
  CHECK(server.changes(2).size() == kWhole);
  server.zones().set(version(4));
  CHECK(server.changes(2).size() == 10);
  Ask question;
  question.name = "alder.test.";
  question.type = dns::RRType::ixfr;
  question.serial = 1;
  CHECK(server.ask(question).rcode == dns::Rcode::refused);  // UDP
}

TEST_CASE("transfer: serial 0 has changes like any other") {
  Fixture server("journal");
  server.zones().set(version(0));
  server.zones().set(version(1));
  CHECK(server.changes(0).size() == 6);
}

TEST_CASE("transfer: without a journal the whole zone is handed out") {
  Fixture server("");
  server.step();
  CHECK(server.changes(2).size() == kWhole);
}

TEST_CASE("transfer: a journal is kept for the zones of its directive alone") {
  PluginFixture server(". {\ntransfer . {\nto *\njournal\n}\ntransfer alder.test {\nto *\n}\nfile\n}\n",
                       {transfer_plugin, zones_plugin()});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  auto& zones = server.handler<Zones>("file");
  for (const uint32_t serial : {1, 2}) zones.set(version(serial));
  Ask question;
  question.name = "alder.test.";
  question.type = dns::RRType::ixfr;
  question.transport = server::Transport::tcp;
  question.serial = 1;
  CHECK(server.ask(question).answer.size() == kWhole);
}

TEST_CASE("transfer: many changes go out in messages that a client can take") {
  Fixture server("journal");
  const auto large = [](uint32_t serial) {
    std::string text = "@ 60 IN SOA . . " + std::to_string(serial) + " 0 0 0 0\n";
    for (int i = 0; i < 9000; ++i) {
      text += "n" + std::to_string(i) + " 60 IN A 192.0." + std::to_string(i < 3000 ? serial : 0) + ".1\n";
    }
    auto read = zones::read_zone_text(text, "db", *dns::Name::parse("alder.test."));
    return std::shared_ptr<const zones::ZoneTree>(std::move(read->tree));
  };
  server.zones().set(large(1));
  server.zones().set(large(2));
  const Answer answer = server.get(dns::RRType::ixfr, 1);
  CHECK(answer.answer.size() == 6004);
  CHECK(answer.answer.front() == soa(2));
  CHECK(answer.answer[1] == soa(1));
  CHECK(answer.answer[3002] == soa(2));
  CHECK(answer.answer.back() == soa(2));
  CHECK(answer.streamed.size() > 8);
  for (const auto& message : answer.streamed) CHECK(message.size() < 20'000);
}

TEST_CASE("transfer: a reload of the Corefile keeps the journal, and takes up where the zone stands then") {
  const Folder folder;
  for (const std::string& option : {std::string("journal"), "journal " + folder.path()}) {
    CAPTURE(option);
    auto first = std::make_unique<Fixture>(option);
    first->step();
    Fixture second(option + "\nsource 127.0.0.1", first.get());
    second.configuration().serving();
    second.zones().set(version(4));  // another one than before the reload
    first->zones().set(version(4));  // the old configuration sees it too, before it ends
    CHECK(second.changes(1).size() == 14);
    first.reset();
    second.run_until([] { return false; }, std::chrono::milliseconds(20));
    second.zones().set(version(5));
    CHECK(second.changes(1).size() == 18);

    Fixture without("", &second);
    without.configuration().serving();
    without.zones().set(version(5));
    CHECK(without.changes(1).size() == kWhole);
  }
}

TEST_CASE("transfer: what a reload leaves of zones that nobody tells of any more is let go") {
  std::weak_ptr<const zones::ZoneTree> watched;
  auto first = std::make_unique<Fixture>("journal");
  {
    const auto tree = version(1);
    watched = tree;
    first->zones().set(tree);
  }
  Fixture second("journal", first.get());
  first.reset();
  CHECK(!watched.expired());
  second.configuration().serving();
  CHECK(second.run_until([&] { return watched.expired(); }));
}

TEST_CASE("transfer: with a folder changes are there after a restart; a zone that is gone takes its file along") {
  const Folder folder;
  const std::string file = folder.path() + "/alder.test.journal";
  {
    Fixture server("journal " + folder.path());
    server.step();
    CHECK(std::filesystem::exists(file));
  }
  log::LogCapture captured;
  {
    Fixture server("journal " + folder.path());
    server.zones().set(version(3));
    CHECK(server.changes(1).size() == 10);
  }
  CHECK(captured.take().find("WARNING") == std::string::npos);
  Fixture server("journal " + folder.path());
  server.zones().set(version(5));
  CHECK(captured.take().find("[WARNING] plugin/transfer: The journal of zone \"alder.test.\" begins anew: " + file +
                             " leads to serial 3, the zone has serial 5") != std::string::npos);
  CHECK(server.changes(1).size() == kWhole);
  server.zones().set(version(6));
  CHECK(std::filesystem::exists(file));
  server.zones().keeper().forget(*dns::Name::parse("alder.test."));
  CHECK(!std::filesystem::exists(file));
  CHECK(server.changes(5).size() == kWhole);
}

TEST_CASE("transfer: two server blocks do not write one journal") {
  const Folder folder;
  const std::string block = " {\ntransfer . {\nto *\njournal " + folder.path() + "\n}\nfile\n}\n";
  PluginFixture server(".:1053" + block + ".:1054" + block, {transfer_plugin, zones_plugin()});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  log::LogCapture captured;
  for (const auto& each : server.configuration().blocks()) {
    auto& zones = dynamic_cast<Zones&>(*each->other("file"));
    for (const uint32_t serial : {1, 2}) zones.set(version(serial));
  }
  const std::string said = captured.take();
  const std::string line = "is in memory alone: another server block keeps it in " + folder.path();
  CHECK(said.find(line) != std::string::npos);
  CHECK(said.find(line) == said.rfind(line));
  Ask question;
  question.name = "alder.test.";
  question.type = dns::RRType::ixfr;
  question.transport = server::Transport::tcp;
  question.serial = 1;
  for (const std::string label : {"dns://:1053", "dns://:1054"}) {
    CHECK(server.ask(question, std::chrono::seconds(10), label).answer.size() == 6);
  }
}

TEST_CASE("transfer: a folder for journals that cannot be written is refused at start") {
  const PluginFixture server(". {\ntransfer {\nto *\njournal /nonexistent/folder\n}\n}\n", {transfer_plugin});
  CHECK(!server.ok());
  CHECK(server.error_text() ==
        "plugin/transfer: journal /nonexistent/folder: no such file or directory, expected a folder that can be "
        "written\n");
  const PluginFixture twice(". {\ntransfer {\nto *\njournal\njournal\n}\n}\n", {transfer_plugin});
  CHECK(!twice.ok());
  CHECK(twice.error_text().find("'journal' can only be specified once") != std::string::npos);
}

}  // namespace
}  // namespace portolan::transfer
