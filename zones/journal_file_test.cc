// Journals on disk: what outlives a restart, files that are damaged, disks that cannot be written.
#include "zones/journal_file.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/temporary_folder.h"
#include "zones/journal_versions_test.h"

namespace portolan::zones {
namespace {

using Folder = TemporaryFolder;

std::string contents(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void put(const std::string& path, const std::string& octets) { std::ofstream(path) << octets; }

TEST_CASE("journal: what is on disk is there after a restart, if it leads to the zone") {
  const Folder folder;
  const std::string path = folder / "j";
  Lines kept;
  {
    Journal journal(kOrigin, path);
    for (uint32_t serial = 1; serial <= 4; ++serial) CHECK(journal.advance(version(serial)).empty());
    kept = changes(journal, 1, 4);
    CHECK(kept.size() == 14);
  }
  {
    Journal journal(kOrigin, path);
    CHECK(journal.advance(version(4)).empty());
    CHECK(changes(journal, 1, 4) == kept);
    CHECK(journal.advance(version(5)).empty());
    CHECK(changes(journal, 1, 5).size() == 18);
  }
  const std::string good = contents(path);
  const struct {
    Tree tree;
    std::string said;
  } others[] = {
      {version(6), "begins anew: " + path + " leads to serial 5, the zone has serial 6"},
      {version(4), "begins anew: " + path + " leads to serial 5, the zone has serial 4"},
      {tree_of(5, "w A 192.0.2.99\n", 40),
       "begins anew: " + path + " leads to other records of serial 5, the zone has serial 5"},
  };
  for (const auto& c : others) {
    put(path, good);
    Journal journal(kOrigin, path);
    CHECK(journal.advance(c.tree) == Lines{c.said});
    CHECK(journal.differences()->empty());
    CHECK(!std::filesystem::exists(path));
  }
  // Two servers that are reloaded beside each other may both write a step: only what fits together counts.
  put(path, good + good.substr(good.find('\n') + 1));
  Journal journal(kOrigin, path);
  CHECK(journal.advance(version(5)).empty());
  CHECK(changes(journal, 1, 5).size() == 18);
}

TEST_CASE("journal: a file that was cut or damaged counts up to its last whole entry, and is gone on with") {
  const Folder folder;
  const std::string path = folder / "j";
  std::vector<size_t> ends;  // of the file with so many differences
  {
    Journal journal(kOrigin, path);
    for (uint32_t serial = 1; serial <= 4; ++serial) {
      journal.advance(version(serial));
      ends.push_back(contents(path).size());
    }
  }
  const std::string good = contents(path);
  REQUIRE(ends.back() == good.size());
  for (size_t size = 20; size < good.size(); ++size) {
    CAPTURE(size);
    const auto whole = static_cast<size_t>(std::upper_bound(ends.begin() + 1, ends.end(), size) - ends.begin());
    put(path, good.substr(0, size));
    Journal journal(kOrigin, path);
    const Lines said = journal.advance(version(static_cast<uint32_t>(whole)));
    CHECK(said.size() == (size == (whole == 1 ? 19 : ends[whole - 1]) ? 0 : 1));
    CHECK(journal.differences()->size() == whole - 1);
    if (!said.empty()) CHECK(said[0].starts_with("has suffered: " + path + ": its last "));
    CHECK(journal.advance(version(static_cast<uint32_t>(whole + 1))).empty());
    CHECK(contents(path) == good.substr(0, ends[whole]));
  }
  for (const size_t at : {ends[1] + 1, ends[1] + 10, ends[1] + 60, ends[2] - 1}) {
    CAPTURE(at);
    std::string damaged = good;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    put(path, damaged);
    Journal journal(kOrigin, path);
    CHECK(journal.advance(version(2)).size() == 1);
    CHECK(changes(journal, 1, 2).size() == 6);
  }
  for (const std::string& other : {std::string("rubbish"), std::string(), std::string("portolan journal 2\n") + good}) {
    CAPTURE(other);
    put(path, other);
    Journal journal(kOrigin, path);
    CHECK(journal.advance(version(4)) == Lines{"has suffered: " + path + ": it is no journal of this format"});
    CHECK(journal.advance(version(5)).empty());
    CHECK(contents(path).starts_with("portolan journal 1\n"));
  }
  put(path, good);
  Journal other(*dns::Name::parse("birch.test."), path);
  CHECK(other.advance(version(4)).size() == 1);
  CHECK(other.differences()->empty());
}

TEST_CASE("journal: the file does not grow beyond some zones' size") {
  const Folder folder;
  const std::string path = folder / "j";
  Journal journal(kOrigin, path);
  uint64_t largest = 0;
  for (uint32_t serial = 1; serial <= 250; ++serial) {
    CHECK(journal.advance(version(serial)).empty());
    if (serial > 1) largest = std::max<uint64_t>(largest, std::filesystem::file_size(path));
  }
  CHECK(largest < 3 * sum_of(*version(250)).octets);
  const Lines kept = changes(journal, journal.differences()->front()->from(), 250);
  Journal after(kOrigin, path);
  after.advance(version(250));
  CHECK(changes(after, journal.differences()->front()->from(), 250) == kept);
  CHECK(!std::filesystem::exists(path + ".new"));
}

TEST_CASE("journal: a disk that cannot be written is told of once, and memory goes on") {
  const Folder folder;
  std::filesystem::create_directory(folder / "sub");
  const std::string path = folder / "sub/j";
  Journal journal(kOrigin, path);
  CHECK(journal.advance(version(1)).empty());
  std::filesystem::remove(folder / "sub");
  CHECK(journal.advance(version(2)) == Lines{"is in memory alone: open " + path + ".new: no such file or directory"});
  CHECK(journal.advance(version(3)).empty());
  CHECK(changes(journal, 1, 3).size() == 10);
  // Once there is room again all of it is written.
  std::filesystem::create_directory(folder / "sub");
  CHECK(journal.advance(version(4)).empty());
  Journal after(kOrigin, path);
  after.advance(version(4));
  CHECK(changes(after, 1, 4).size() == 14);
  std::filesystem::remove_all(folder / "sub");
  CHECK(journal.advance(version(5)).size() == 1);
}

// No file of this process grows beyond some size.
class FileLimit {
 public:
  explicit FileLimit(rlim_t octets) {
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit limit{octets, before_.rlim_max};
    handler_ = signal(SIGXFSZ, SIG_IGN);
    REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  ~FileLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

TEST_CASE("journal: a disk that is full in the middle of an entry leaves the file as it was") {
  const Folder folder;
  const std::string path = folder / "j";
  Journal journal(kOrigin, path);
  for (uint32_t serial = 1; serial <= 3; ++serial) journal.advance(version(serial));
  const std::string good = contents(path);
  {
    const FileLimit full(good.size() + 50);
    CHECK(journal.advance(version(4)) == Lines{"is in memory alone: write " + path + ": file too large"});
    CHECK(journal.advance(version(5)) == Lines{"is in memory alone: write " + path + ".new: file too large"});
    CHECK(journal.advance(version(6)).empty());
  }
  CHECK(contents(path) == good);
  CHECK(!std::filesystem::exists(path + ".new"));
  CHECK(changes(journal, 1, 6).size() == 22);
  CHECK(journal.advance(version(7)).empty());
  Journal after(kOrigin, path);
  CHECK(after.advance(version(7)).empty());
  CHECK(changes(after, 1, 7).size() == 26);
}

TEST_CASE("journal: what is no regular file is neither read nor written") {
  const Folder folder;
  const std::string path = folder / "j";
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  Journal journal(kOrigin, path);
  CHECK(journal.advance(version(1)) == Lines{"begins anew: read " + path + ": it is no regular file"});
}

TEST_CASE("journal: a zone that is gone leaves no file") {
  const Folder folder;
  const std::string path = folder / "j";
  Journal journal(kOrigin, path);
  journal.advance(version(1));
  journal.advance(version(2));
  CHECK(std::filesystem::exists(path));
  journal.remove_file();
  CHECK(!std::filesystem::exists(path));
}

}  // namespace
}  // namespace portolan::zones
