// Key files: their three names, and finding those of a zone.
#include "zones/dnssec/key_file.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/temporary_folder.h"
#include "dns/testing.h"
#include "zones/dnssec/testing.h"

namespace portolan::zones {
namespace {

using Folder = TemporaryFolder;

TEST_CASE("key files: a base name and the names of both files mean the same key") {
  Folder folder;
  folder.write("Kz.key", kKeySigning.open);
  folder.write("Kz.private", kKeySigning.secret);
  for (const char* name : {"Kz", "Kz.key", "Kz.private"}) {
    CAPTURE(std::string(name));
    const auto key = read_key(folder / name);
    REQUIRE(key.has_value());
    CHECK(key->tag() == 22216);
  }
}

TEST_CASE("key files: errors name the file") {
  Folder folder;
  folder.write("half.key", kKeySigning.open);
  folder.write("bad.key", "not a key\n");
  folder.write("bad.private", "x\n");
  const struct {
    const char *name, *expected;
  } cases[] = {
      {"none", "none.key: no such file or directory"},
      {"half", "half.private: no such file or directory"},
      {"bad", "bad: public key: "},
  };
  for (const auto& c : cases) {
    CAPTURE(std::string(c.name));
    const auto key = read_key(folder / c.name);
    REQUIRE(key.has_error());
    CHECK(key.error().message.find(folder / c.expected) != std::string::npos);
  }
}

TEST_CASE("key files: those of a zone are found by BIND's names alone") {
  Folder folder;
  for (const char* name : {"Kalder.test.+013+22216.key", "Kalder.test.+013+22216.private", "KALDER.test.+008+00001.key",
                           "Kx.alder.test.+013+00002.key", "Kalder.test.+13+22216.key", "Kalder.test.key",
                           "Kalder.test.+013+2221x.key", "Zalder.test.+013+22216.key", "K.+013+00003.key", "k"}) {
    folder.write(name, "");
  }
  using Names = std::vector<std::string>;
  const auto found = find_keys(folder.path(), dns::name("Alder.test."));
  REQUIRE(found.has_value());
  CHECK(*found == Names{folder / "KALDER.test.+008+00001", folder / "Kalder.test.+013+22216"});
  CHECK(*find_keys(folder.path(), dns::name(".")) == Names{folder / "K.+013+00003"});
  CHECK(find_keys(folder.path(), dns::name("birch.test."))->empty());
  const auto missing = find_keys(folder / "none", dns::name("alder.test."));
  REQUIRE(missing.has_error());
  CHECK(missing.error().message == "open " + (folder / "none") + ": no such file or directory");
}

}  // namespace
}  // namespace portolan::zones
