// Copies of zones on disk: names of files, what is written is read again, what is not whole is refused.
#include "plugins/secondary/store.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/temporary_folder.h"
#include "dns/rdata_text.h"
#include "zones/transfer.h"
#include "zones/zone_file.h"

namespace portolan::secondary {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

const dns::Name kOrigin = *dns::Name::parse("alder.test.");
const WallTime kNow{std::chrono::seconds(1'700'000'000)};

using Folder = TemporaryFolder;

std::shared_ptr<const zones::ZoneTree> tree_of(const std::string& text) {
  auto read = zones::read_zone_text("@ 60 IN SOA ns h 7 3600 600 86400 5\n@ 60 IN NS ns\n" + text, "db", kOrigin);
  REQUIRE_MESSAGE(!read.has_error(), (read.has_error() ? read.error().message : ""));
  return std::move(read->tree);
}

Lines content(std::shared_ptr<const zones::ZoneTree> tree) {
  Lines lines;
  const auto stream = zones::transfer(std::move(tree), 0);
  Arena arena;
  ArenaVector<dns::Record> records(arena);
  while (stream->next(arena, records)) continue;
  for (const dns::Record& record : records) lines.push_back(dns::record_text(record));
  return lines;
}

std::string octets(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST_CASE("secondary: the copy of a zone has a file of its name") {
  const ZoneStore store("/d");
  CHECK(store.path(*dns::Name::parse("Alder.Test.")) == "/d/alder.test.axfr");
  CHECK(store.path(*dns::Name::parse(".")) == "/d/@.axfr");
  CHECK(store.path(*dns::Name::parse("a/b.\\.\\000x.test.")) == "/d/a%2Fb.%5C.%5C000x.test.axfr");
}

TEST_CASE("secondary: what is written is read again, large zones too, with its age") {
  Folder folder;
  const ZoneStore store(folder.path());
  std::string large;
  for (int i = 0; i < 3000; ++i) large += "h" + std::to_string(i) + " 60 IN TXT \"" + std::string(200, 'x') + "\"\n";
  const std::string kinds =
      "a 60 IN A 192.0.2.1\nm 60 IN MX 10 Mail.Example.\nu 60 IN TYPE65400 \\# 3 0a0b0c\n*.w 60 IN CNAME a\n";
  for (const std::string& text : {std::string(), kinds, large}) {
    const auto tree = tree_of(text);
    REQUIRE(store.write(tree, kNow).has_value());
    auto kept = store.read(kOrigin, kNow + 90s);
    REQUIRE_MESSAGE(kept.has_value(), kept.error().message);
    REQUIRE(kept->has_value());
    CHECK(content(std::move((*kept)->tree)) == content(tree));
    CHECK((*kept)->age == 90s);
    REQUIRE(store.confirm(kOrigin, kNow + 60s).has_value());
    CHECK((*store.read(kOrigin, kNow + 90s))->age == 30s);
    CHECK((*store.read(kOrigin, kNow))->age == 0s);  // a clock that went back
  }
}

TEST_CASE("secondary: no copy is none, and one of another zone or with an end of its own is refused") {
  Folder folder;
  const ZoneStore store(folder.path());
  CHECK(!store.read(kOrigin, kNow)->has_value());
  CHECK(store.confirm(kOrigin, kNow).has_error());
  REQUIRE(store.write(tree_of("a 60 IN A 192.0.2.1\n"), kNow).has_value());
  const std::string path = store.path(kOrigin), whole = octets(path);
  for (size_t size = 0; size < whole.size(); ++size) {
    std::ofstream(path) << whole.substr(0, size);
    CHECK(store.read(kOrigin, kNow).error().message == "read " + path + ": it ends early");
  }
  std::ofstream(path) << whole << "x";
  CHECK(store.read(kOrigin, kNow).error().message == "read " + path + ": there is something behind its end");
  const auto other = *dns::Name::parse("birch.test.");
  std::ofstream(store.path(other)) << whole;
  CHECK(store.read(other, kNow).error().message == "read " + store.path(other) + ": answer to another question");
}

TEST_CASE("secondary: a folder that cannot be written leaves no half copy") {
  const ZoneStore store("/nonexistent");
  CHECK(store.write(tree_of(""), kNow).error().message ==
        "open /nonexistent/alder.test.axfr.new: no such file or directory");
}

}  // namespace
}  // namespace portolan::secondary
