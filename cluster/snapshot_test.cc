// Snapshot files: what is written is read, what is not whole is refused by its name, and the old file stays until the
// new one is complete.
#include "cluster/snapshot.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <vector>

#include "base/temporary_folder.h"

using namespace portolan;
using namespace portolan::cluster;

namespace {

struct Folder : TemporaryFolder {
  size_t files() const { return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(path()), {})); }
};

const SnapshotHead kHead{digest_of("here"), WallTime(std::chrono::milliseconds(1'700'000'000'123)), 4711};

struct OwnedRow {
  uint8_t kind;
  std::string name, key, value;
  bool operator==(const OwnedRow&) const = default;
};

std::vector<OwnedRow> rows_of(const Snapshot& snapshot) {
  std::vector<OwnedRow> rows;
  snapshot.each([&](const SnapshotRow& row) {
    rows.push_back({row.kind, std::string(row.name), std::string(row.key), std::string(row.value)});
  });
  return rows;
}

Result<void> save(const std::string& path, const std::vector<OwnedRow>& rows) {
  auto file = SnapshotFile::create(path, kHead);
  if (!file) return file.error();
  for (const OwnedRow& row : rows) {
    std::string octets;
    append_row(octets, {row.kind, row.name, row.key, row.value});
    if (auto written = file->write(octets); !written) return written;
  }
  return file->finish();
}

const std::vector<OwnedRow> kRows{{1, "shop", "", "1"},
                                  {2, "", "key", std::string(200, 'x')},
                                  {3, "", "", std::string(70000, '\0')},
                                  {255, "", "", ""}};

std::string saved_octets() {
  const Folder folder;
  REQUIRE(save(folder / "s", kRows).has_value());
  return read_snapshot(folder / "s").value();
}

std::string problem_of(std::string_view octets) {
  const auto parsed = Snapshot::parse(octets);
  return parsed ? "" : parsed.error().message;
}

// With a checksum that fits, so that what is behind it is looked at.
std::string sealed(std::string octets) {
  const Digest digest = digest_of(octets);
  octets.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  return octets + "\nthe end\n";
}

}  // namespace

TEST_CASE("snapshot: what is written is read") {
  const std::string octets = saved_octets();
  CHECK(octets.starts_with("portolan snapshot 1\n"));
  const auto snapshot = Snapshot::parse(octets);
  REQUIRE(snapshot.has_value());
  CHECK(snapshot->head() == kHead);
  CHECK(rows_of(*snapshot) == kRows);
}

TEST_CASE("snapshot: a file cut off at any place, or with any octet changed, is refused") {
  const Folder folder;
  REQUIRE(save(folder / "s", {kRows[0], kRows[1]}).has_value());
  const std::string octets = read_snapshot(folder / "s").value();
  for (size_t size = 0; size < octets.size(); ++size) {
    const std::string problem = problem_of(octets.substr(0, size));
    CHECK_MESSAGE((problem == "it is cut off" || (size < 19 && problem == "it is no snapshot")), size, ": ", problem);
  }
  for (size_t at = 0; at < octets.size(); ++at) {
    std::string changed = octets;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    CHECK_MESSAGE(!problem_of(changed).empty(), at);
  }
}

TEST_CASE("snapshot: what is wrong with a file is said by name") {
  const std::string head = saved_octets().substr(0, 20 + 32 + 8 + 4);
  const std::string line = "portolan snapshot 1\n";
  const std::string late = line + std::string(32, 's') + std::string(7, '\xff') + '\x7f' + std::string(4, '\0');
  const struct {
    std::string octets;
    std::string problem;
  } cases[] = {
      {"", "it is no snapshot"},
      {"[INFO] not this file\n", "it is no snapshot"},
      {"portolan snapshot x\n", "it is no snapshot"},
      {"portolan snapshot 99999999999\n", "it is no snapshot"},
      {"portolan snapshot 1", "it is cut off"},
      {"portolan snapshot 2\nwhatever comes then",
       "it is of format 2, written by a newer version; this one reads format 1"},
      {"portolan snapshot 0\n", "it is of format 0, written by an older version; this one reads format 1"},
      {sealed(line), "it is cut off"},
      {sealed(late + '\0'), "it is damaged: its time cannot be"},
      {sealed(head + '\1'), "it is damaged: the end of the rows is missing"},
      {sealed(head + "\1\5shop" + '\0'), "it is damaged: a row is broken"},
      {sealed(head + "\1\xff\xff\xff\xff\x7f" + '\0'), "it is damaged: a row is broken"},
      {sealed(head + "\1\xff\xff\xff\xff\xff\xff" + '\0'), "it is damaged: a row is broken"},
      {sealed(head + '\0' + std::string("\1\0\0\0", 4) + '\0'), "it is damaged: a row is broken"},
      {sealed(head + '\0'), ""},
  };
  for (const auto& each : cases) {
    CAPTURE(each.problem);
    CHECK(problem_of(each.octets) == each.problem);
  }
}

TEST_CASE("snapshot: the old file stays until the new one is complete, and nothing is left of one that is not") {
  const Folder folder;
  const std::string path = folder / "s";
  REQUIRE(save(path, {kRows[0]}).has_value());
  {
    auto file = SnapshotFile::create(path, kHead);
    REQUIRE(file.has_value());
    REQUIRE(file->write("half a").has_value());
    CHECK(rows_of(*Snapshot::parse(read_snapshot(path).value())).size() == 1);
    const auto second = SnapshotFile::create(path, kHead);
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().message.find("another process is writing") != std::string::npos);
  }
  CHECK(folder.files() == 1);
  REQUIRE(save(path, kRows).has_value());
  CHECK(rows_of(*Snapshot::parse(read_snapshot(path).value())) == kRows);
  CHECK(folder.files() == 1);
  struct stat status{};
  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("snapshot: what a killed process has left is written over") {
  const Folder folder;
  std::ofstream(folder / "s.new") << std::string(5000, 'x');
  REQUIRE(save(folder / "s", {kRows[0]}).has_value());
  CHECK(rows_of(*Snapshot::parse(read_snapshot(folder / "s").value())).size() == 1);
  CHECK(folder.files() == 1);
}

TEST_CASE("snapshot: a place that cannot be written gives the reason") {
  const Folder folder;
  std::ofstream(folder / "plain") << "x";
  std::filesystem::create_directory(folder / "taken");
  std::filesystem::create_symlink("/dev/null", folder / "link.new");
  const struct {
    const char* path;
    const char* reason;
  } cases[] = {{"nosuch/s", "No such file"},
               {"plain/s", "Not a directory"},
               {"taken", "s a directory"},
               {"link", "symbolic links"}};
  for (const auto& each : cases) {
    const auto saved = save(folder / each.path, kRows);
    REQUIRE_FALSE(saved.has_value());
    CHECK_MESSAGE(saved.error().message.find(each.reason) != std::string::npos, saved.error().message);
  }
}

TEST_CASE("snapshot: on a full disk the old file stays") {
  const Folder folder;
  const std::string path = folder / "s";
  REQUIRE(save(path, {kRows[0]}).has_value());
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit little{4096, before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &little) == 0);
  const auto saved = save(path, kRows);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  REQUIRE_FALSE(saved.has_value());
  CHECK_MESSAGE(saved.error().message.find("File too large") != std::string::npos, saved.error().message);
  CHECK(rows_of(*Snapshot::parse(read_snapshot(path).value())).size() == 1);
  CHECK(folder.files() == 1);
}

TEST_CASE("snapshot: only a regular file is read, and a pipe does not stop the reader") {
  const Folder folder;
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  for (const std::string& path : {folder / "pipe", folder / ".", std::string("/dev/zero")}) {
    const auto octets = read_snapshot(path);
    REQUIRE_FALSE(octets.has_value());
    CHECK(octets.error().message == "it is no regular file");
  }
  CHECK(read_snapshot(folder / "none").error().message == "open: No such file or directory");
}
