// Reading and writing snapshots. Layout: the line with the format, head (digest of the source, time in milliseconds,
// serial), rows, a row of kind 0, SHA-256 of all that stands before, the end mark. Numbers are little-endian, lengths
// of texts are LEB128.
#include "cluster/snapshot.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace portolan::cluster {
namespace {

constexpr std::string_view kName = "portolan snapshot ";
constexpr std::string_view kEndMark = "\nthe end\n";
constexpr size_t kHeadSize = sizeof(Digest) + 8 + 4;
constexpr size_t kTrailerSize = sizeof(Digest) + kEndMark.size();
constexpr off_t kMostOctets = off_t{1} << 30;
constexpr int kMostTries = 3;

template <class Number>
void put_number(std::string& out, Number number) {
  for (size_t i = 0; i < sizeof number; ++i) out.push_back(static_cast<char>(number >> 8 * i));
}

template <class Number>
Number take_number(std::string_view& left) {
  Number number = 0;
  for (size_t i = 0; i < sizeof number; ++i) number |= Number{static_cast<uint8_t>(left[i])} << 8 * i;
  left.remove_prefix(sizeof number);
  return number;
}

void put_text(std::string& out, std::string_view text) {
  uint64_t size = text.size();
  for (; size > 127; size >>= 7) out.push_back(static_cast<char>(size | 128));
  out.push_back(static_cast<char>(size));
  out.append(text);
}

bool take_text(std::string_view& left, std::string_view& text) {
  uint64_t size = 0;
  for (unsigned shift = 0;; shift += 7) {
    if (left.empty() || shift > 28) return false;
    const auto octet = static_cast<uint8_t>(left.front());
    left.remove_prefix(1);
    size |= uint64_t{octet & 127u} << shift;
    if (octet < 128) break;
  }
  if (size > left.size()) return false;
  text = left.substr(0, size);
  left.remove_prefix(size);
  return true;
}

std::string first_line() { return std::string(kName) + std::to_string(kSnapshotFormat) + "\n"; }

// Takes the first line; the error tells another format from no snapshot at all.
Result<void> take_first_line(std::string_view& left) {
  if (!left.starts_with(kName)) return fail("it is no snapshot");
  left.remove_prefix(kName.size());
  uint32_t format = 0;
  const auto [end, error] = std::from_chars(left.data(), left.data() + left.size(), format);
  if (error != std::errc()) return fail("it is no snapshot");
  left.remove_prefix(static_cast<size_t>(end - left.data()));
  if (left.empty() || left.front() != '\n') return fail("it is cut off");
  left.remove_prefix(1);
  if (format == kSnapshotFormat) return {};
  return fail("it is of format " + std::to_string(format) + ", written by " +
              (format > kSnapshotFormat ? "a newer" : "an older") + " version; this one reads format " +
              std::to_string(kSnapshotFormat));
}

std::string system_error(const std::string& what, int error) { return what + ": " + std::strerror(error); }

}  // namespace

struct SnapshotFile::Checksum {
  Checksum() : context(EVP_MD_CTX_new(), EVP_MD_CTX_free) { EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr); }
  void add(std::string_view octets) { EVP_DigestUpdate(context.get(), octets.data(), octets.size()); }
  Digest finish() {
    Digest digest{};
    EVP_DigestFinal_ex(context.get(), digest.data(), nullptr);
    return digest;
  }
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context;
};

Digest digest_of(std::string_view octets) {
  Digest digest{};
  EVP_Digest(octets.data(), octets.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
}

void append_row(std::string& out, const SnapshotRow& row) {
  out.push_back(static_cast<char>(row.kind));
  for (const auto text : {row.name, row.key, row.value}) put_text(out, text);
}

bool Snapshot::take_row(std::string_view& left, SnapshotRow& row) {
  if (left.empty()) return false;
  row.kind = static_cast<uint8_t>(left.front());
  left.remove_prefix(1);
  return row.kind != 0 && take_text(left, row.name) && take_text(left, row.key) && take_text(left, row.value);
}

Result<Snapshot> Snapshot::parse(std::string_view octets) {
  std::string_view left = octets;
  if (auto line = take_first_line(left); !line) return line.error();
  if (left.size() < kHeadSize + 1 + kTrailerSize || !left.ends_with(kEndMark)) return fail("it is cut off");
  const std::string_view covered = octets.substr(0, octets.size() - kTrailerSize);
  const Digest digest = digest_of(covered);
  if (std::memcmp(digest.data(), octets.data() + covered.size(), digest.size()) != 0) {
    return fail("it is damaged: its checksum does not fit");
  }
  left.remove_suffix(kTrailerSize);

  Snapshot snapshot;
  std::copy_n(left.begin(), sizeof(Digest), snapshot.head_.source.begin());
  left.remove_prefix(sizeof(Digest));
  const auto milliseconds = static_cast<int64_t>(take_number<uint64_t>(left));
  constexpr int64_t kYear9999 = 253402300800000;  // keeps arithmetic on times from overflowing
  if (milliseconds < 0 || milliseconds > kYear9999) return fail("it is damaged: its time cannot be");
  snapshot.head_.saved = WallTime(std::chrono::milliseconds(milliseconds));
  snapshot.head_.serial = take_number<uint32_t>(left);

  snapshot.rows_ = left.substr(0, left.size() - 1);
  std::string_view rows = snapshot.rows_;
  SnapshotRow row;
  while (!rows.empty()) {
    if (!take_row(rows, row)) return fail("it is damaged: a row is broken");
  }
  if (left.back() != '\0') return fail("it is damaged: the end of the rows is missing");
  return snapshot;
}

Result<std::string> read_snapshot(const std::string& path) {
  // Without waiting: a named pipe that nobody writes to must not stop the start.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return fail(system_error("open", errno));
  struct stat status{};
  std::string octets;
  std::string problem;
  if (fstat(fd, &status) != 0) {
    problem = system_error("stat", errno);
  } else if (!S_ISREG(status.st_mode)) {
    problem = "it is no regular file";
  } else if (status.st_size > kMostOctets) {
    problem = "it is larger than " + std::to_string(kMostOctets) + " octets";
  } else {
    octets.resize(static_cast<size_t>(status.st_size));
    size_t at = 0;
    while (at < octets.size()) {
      const ssize_t size = ::read(fd, octets.data() + at, octets.size() - at);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) problem = system_error("read", errno);
      if (size <= 0) break;
      at += static_cast<size_t>(size);
    }
    octets.resize(at);
  }
  ::close(fd);
  if (!problem.empty()) return fail(problem);
  return {boost::system::in_place_value, std::move(octets)};
}

SnapshotFile::SnapshotFile(std::string path)
    : path_(std::move(path)), new_path_(path_ + ".new"), checksum_(std::make_unique<Checksum>()) {}

SnapshotFile::SnapshotFile(SnapshotFile&& other) noexcept
    : path_(std::move(other.path_)),
      new_path_(std::move(other.new_path_)),
      fd_(std::exchange(other.fd_, -1)),
      checksum_(std::move(other.checksum_)) {}

SnapshotFile::~SnapshotFile() {
  if (fd_ < 0) return;
  ::unlink(new_path_.c_str());
  ::close(fd_);
}

Result<SnapshotFile> SnapshotFile::create(const std::string& path, const SnapshotHead& head) {
  SnapshotFile file(path);
  if (auto opened = file.open(); !opened) return opened.error();
  std::string octets = first_line();
  octets.append(reinterpret_cast<const char*>(head.source.data()), head.source.size());
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(head.saved.time_since_epoch());
  put_number(octets, static_cast<uint64_t>(milliseconds.count()));
  put_number(octets, head.serial);
  if (auto written = file.write(octets); !written) return written.error();
  return file;
}

// The lock keeps a second process out; whoever got it must still hold the file that has the name, for the first may
// have moved it meanwhile.
Result<void> SnapshotFile::open() {
  for (int i = 0; i < kMostTries; ++i) {
    const int fd = ::open(new_path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0) return fail(system_error("open " + new_path_, errno));
    struct stat held{}, named{};
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
      ::close(fd);
      return fail("another process is writing " + new_path_);
    }
    if (fstat(fd, &held) == 0 && S_ISREG(held.st_mode) && ::lstat(new_path_.c_str(), &named) == 0 &&
        held.st_ino == named.st_ino && held.st_dev == named.st_dev) {
      fd_ = fd;
      if (ftruncate(fd, 0) != 0) return fail(system_error("truncate " + new_path_, errno));
      return {};
    }
    ::close(fd);
  }
  return fail("another process is writing " + new_path_);
}

Result<void> SnapshotFile::write(std::string_view octets) {
  checksum_->add(octets);
  return put(octets);
}

Result<void> SnapshotFile::put(std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t size = ::write(fd_, octets.data(), octets.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return fail(system_error("write " + new_path_, errno));
    octets.remove_prefix(static_cast<size_t>(size));
  }
  return {};
}

Result<void> SnapshotFile::finish() {
  if (auto written = write(std::string_view("\0", 1)); !written) return written;  // the end of the rows
  const Digest digest = checksum_->finish();
  std::string trailer(reinterpret_cast<const char*>(digest.data()), digest.size());
  if (auto written = put(trailer.append(kEndMark)); !written) return written;
  if (fsync(fd_) != 0) return fail(system_error("sync " + new_path_, errno));
  if (::rename(new_path_.c_str(), path_.c_str()) != 0) return fail(system_error("rename " + new_path_, errno));
  ::close(std::exchange(fd_, -1));
  // The new name has to survive a crash too. A folder that cannot be synced still has the file.
  const size_t slash = path_.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
  if (const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); fd >= 0) {
    fsync(fd);
    ::close(fd);
  }
  return {};
}

}  // namespace portolan::cluster
