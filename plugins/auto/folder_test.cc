// auto: which files of a folder are zones, and of what origin.
#include "plugins/auto/folder.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "base/temporary_folder.h"

namespace portolan::auto_zones {
namespace {

using Lines = std::vector<std::string>;
namespace fs = std::filesystem;

struct Folder : TemporaryFolder {
  void write(const std::string& name) const { TemporaryFolder::write(name, "x"); }
};

// "ORIGIN NAME" for each file, the folder's own path cut off.
Lines found(const Scan& scan, const Folder& folder) {
  Lines lines;
  for (const ZoneFile& file : scan.files) {
    lines.push_back(file.origin.text() + " " + file.path.substr(folder.path().size() + 1));
  }
  return lines;
}

TEST_CASE("auto: the template makes the origin of what the expression found in a file's name") {
  const struct {
    const char *expression, *origin_template, *name, *expected;
  } cases[] = {
      {R"(db\.(.*))", "{1}", "db.alder.test", "alder.test"},
      {R"(db\.(.*))", "{1}", "my.db.alder.test.bak", "alder.test.bak"},  // not anchored
      {R"(^(.*)\.zone$)", "{1}", "alder.test.zone", "alder.test"},
      {R"(^(.*)\.zone$)", "{1}", "alder.test.zone.bak", nullptr},
      {R"((.*)\.([a-z]+)\.zone)", "{2}.{1}", "a.b.zone", "b.a"},
      {R"((?P<name>.*)\.zone)", "{name}.test", "a.zone", "a.test"},
      {R"((.*)\.zone)", "$1.test", "a.zone", "a.test"},
      {R"((.*)\.zone)", "${1}x$$", "a.zone", "ax$"},
      {R"((.*)\.zone)", "{2}{other}x", "a.zone", "x"},  // no such groups
      {R"((a)|(b))", "{1}{2}x", "b", "bx"},             // a group that took no part
      {R"((.*))", "{1", "a", "{1"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.expression);
    CAPTURE(c.name);
    const auto pattern = FilePattern::compile(c.expression, c.origin_template);
    REQUIRE(pattern.has_value());
    const auto origin = pattern->origin(c.name);
    CHECK(origin.has_value() == (c.expected != nullptr));
    if (origin && c.expected) CHECK(*origin == c.expected);
  }
}

TEST_CASE("auto: an expression that is none, or finds nothing to make an origin of, is refused") {
  CHECK(FilePattern::compile("(", "{1}").error().message.starts_with("error parsing regexp: "));
  CHECK(FilePattern::compile("abc", "{1}").error().message == "Need at least one sub expression");
  CHECK(FilePattern::compile("(" + std::string(10'000, 'a') + ")", "{1}").error().message == "regexp too large");
}

TEST_CASE("auto: files are found in the order of their names, in folders below too, links to files followed") {
  Folder folder;
  for (const char* name : {"db.birch.test", "db.Alder.TEST", "other.test", "sub/db.cedar.test", "sub/deep/db.elm.test",
                           "..2026_data/db.fir.test", "away/plain"}) {
    folder.write(name);
  }
  fs::create_symlink(folder / "away/plain", folder / "db.larch.test");
  fs::create_directory_symlink(folder / "sub", folder / "db.linked");
  fs::create_symlink(folder / "nowhere", folder / "db.dangling.test");
  const Scan scanned = scan(folder.path(), FilePattern());
  CHECK(found(scanned, folder) == Lines{"alder.test. db.Alder.TEST", "birch.test. db.birch.test",
                                        "larch.test. db.larch.test", "cedar.test. sub/db.cedar.test",
                                        "elm.test. sub/deep/db.elm.test"});
  CHECK(scanned.complaints.empty());
  CHECK(scanned.complete);
}

TEST_CASE("auto: the folder itself may be a link, as in a Kubernetes volume") {
  Folder folder;
  folder.write("real/db.alder.test");
  fs::create_directory_symlink("real", folder / "link");
  CHECK(found(scan(folder / "link", FilePattern()), folder) == Lines{"alder.test. link/db.alder.test"});
}

TEST_CASE("auto: a second file for an origin, a name that is no origin and a missing folder are complained about") {
  Folder folder;
  folder.write("a/db.alder.test");
  folder.write("b/db.alder.test");
  folder.write("c/db.x..y");
  folder.write("c/db.");
  const Scan scanned = scan(folder.path(), FilePattern());
  CHECK(found(scanned, folder) == Lines{"alder.test. a/db.alder.test"});
  REQUIRE(scanned.complaints.size() == 3);
  CHECK(scanned.complaints[0] == "Multiple zone files match origin \"alder.test.\": using \"" +
                                     (folder / "a/db.alder.test") + "\" instead of \"" + (folder / "b/db.alder.test") +
                                     "\"");
  CHECK(scanned.complaints[1].starts_with("the name of " + (folder / "c/db.") + " gives no origin: \"\""));
  CHECK(scanned.complaints[2].starts_with("the name of " + (folder / "c/db.x..y") + " gives no origin: \"x..y\""));

  const Scan missing = scan(folder / "none", FilePattern());
  CHECK(missing.files.empty());
  CHECK(missing.complete);  // so that its zones go
  CHECK(missing.complaints ==
        Lines{"error reading " + (folder / "none") + ": lstat " + (folder / "none") + ": no such file or directory"});
}

TEST_CASE("auto: what cannot be read may hold zones: the look is not complete") {
  Folder folder;
  folder.write("file");
  const Scan scanned = scan(folder / "file", FilePattern());
  CHECK(!scanned.complete);
  CHECK(scanned.complaints.size() == 1);
}

}  // namespace
}  // namespace portolan::auto_zones
