// Entries of a journal's file. Numbers are big-endian, as in DNS.
#include "zones/journal_file.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/descriptor.h"
#include "base/error_text.h"
#include "dns/reader.h"
#include "dns/wire_writer.h"

namespace portolan::zones {
namespace {

constexpr std::string_view kFirstLine = "portolan journal 1\n";
constexpr off_t kMostOctets = off_t{1} << 30;
using Checksum = std::array<uint8_t, 32>;
constexpr size_t kHead = 4 + sizeof(Checksum);  // length and checksum of what follows

Error failed(const std::string& what, const std::string& path, int error) {
  return fail(what + " " + path + ": " + error_text(error));
}

Checksum checksum_of(std::string_view octets) {
  Checksum checksum{};
  EVP_Digest(octets.data(), octets.size(), checksum.data(), nullptr, EVP_sha256(), nullptr);
  return checksum;
}

std::string_view text(std::span<const uint8_t> octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

const uint8_t* at(std::string_view octets) { return reinterpret_cast<const uint8_t*>(octets.data()); }

std::string entry_of(const Difference& difference) {
  std::array<uint8_t, 8> digest{};
  dns::put32(dns::put32(digest.data(), static_cast<uint32_t>(difference.digest() >> 32)),
             static_cast<uint32_t>(difference.digest()));
  const std::string body = std::string(text(digest)) + difference.octets();
  std::array<uint8_t, 4> length{};
  dns::put32(length.data(), static_cast<uint32_t>(body.size()));
  return std::string(text(length)).append(text(checksum_of(body))).append(body);
}

// A file that can be another's is never followed, and a named pipe never waited for.
int open_file(const std::string& path, int flags) {
  return open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
}

bool put(int fd, std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t size = ::write(fd, octets.data(), octets.size());
    if (size < 0 && errno != EINTR) return false;
    if (size > 0) octets.remove_prefix(static_cast<size_t>(size));
  }
  return true;
}

Result<std::string> read_all(int fd, const std::string& path) {
  struct stat found{};
  if (fstat(fd, &found) != 0) return failed("stat", path, errno);
  if (!S_ISREG(found.st_mode)) return fail("read " + path + ": it is no regular file");
  if (found.st_size > kMostOctets) return fail("read " + path + ": it is too large");
  std::string octets(static_cast<size_t>(found.st_size), '\0');
  size_t done = 0;
  while (done < octets.size()) {
    const ssize_t size = ::read(fd, octets.data() + done, octets.size() - done);
    if (size < 0 && errno != EINTR) return failed("read", path, errno);
    if (size == 0) break;
    if (size > 0) done += static_cast<size_t>(size);
  }
  octets.resize(done);
  return {boost::system::in_place_value, std::move(octets)};
}

}  // namespace

JournalFile::Content JournalFile::parse(std::string_view octets, const dns::Name& origin, size_t& whole) {
  Content content;
  whole = 0;
  if (!octets.starts_with(kFirstLine)) {
    content.damage = "it is no journal of this format";
    return content;
  }
  whole = kFirstLine.size();
  while (whole < octets.size()) {
    const std::string_view rest = octets.substr(whole);
    const auto cut = [&](const std::string& what) {
      content.damage = "its last " + std::to_string(rest.size()) + " octets are " + what;
      return content;
    };
    if (rest.size() < kHead) return cut("no whole entry");
    const size_t length = dns::read32(at(rest));
    if (length > rest.size() - kHead || length < sizeof(uint64_t)) return cut("no whole entry");
    const std::string_view body = rest.substr(kHead, length);
    if (text(checksum_of(body)) != rest.substr(4, sizeof(Checksum))) return cut("damaged");
    const uint64_t digest = uint64_t{dns::read32(at(body))} << 32 | dns::read32(at(body) + 4);
    auto difference = Difference::read(origin, std::string(body.substr(sizeof(uint64_t))), digest);
    if (!difference) return cut("no change of " + origin.text());
    // A step back or a gap: what stands before leads nowhere.
    if (!content.differences.empty() && content.differences.back()->to() != difference->from()) {
      content.differences.clear();
    }
    content.differences.push_back(std::move(difference));
    whole += kHead + length;
  }
  return content;
}

Result<JournalFile::Content> JournalFile::read() {
  good_ = false;
  size_ = 0;
  std::string octets;
  {
    const Descriptor fd(open_file(path_, O_RDONLY));
    if (!fd && errno == ENOENT) return {boost::system::in_place_value};
    if (!fd) return failed("open", path_, errno);
    auto read = read_all(fd.get(), path_);
    if (read.has_error()) return read.error();
    octets = std::move(*read);
  }
  size_t whole = 0;
  Content content = parse(octets, origin_, whole);
  good_ = whole == octets.size();
  if (!good_ && whole > 0) good_ = truncate(path_.c_str(), static_cast<off_t>(whole)) == 0;  // else: written anew
  size_ = good_ ? whole : octets.size();
  return {boost::system::in_place_value, std::move(content)};
}

Result<void> JournalFile::append(const Differences& all) {
  if (!good_ || size_ == 0) return write(all);
  good_ = false;
  const Descriptor fd(open_file(path_, O_WRONLY | O_APPEND));
  struct stat found{};
  // Somebody else's hand was in it: it may be of another age.
  if (!fd || fstat(fd.get(), &found) != 0 || static_cast<uint64_t>(found.st_size) != size_) return write(all);
  const std::string entry = entry_of(*all.back());
  if (!put(fd.get(), entry) || fsync(fd.get()) != 0) {
    const int error = errno;
    (void)ftruncate(fd.get(), static_cast<off_t>(size_));  // else the next start cuts it
    return failed("write", path_, error);
  }
  size_ += entry.size();
  good_ = true;
  return {};
}

Result<void> JournalFile::write(const Differences& all) {
  good_ = false;
  const std::string new_path = path_ + ".new";
  const Descriptor fd(open_file(new_path, O_WRONLY | O_CREAT | O_TRUNC));
  if (!fd) return failed("open", new_path, errno);
  uint64_t size = kFirstLine.size();
  bool written = put(fd.get(), kFirstLine);
  for (size_t i = 0; written && i < all.size(); ++i) {
    const std::string entry = entry_of(*all[i]);
    written = put(fd.get(), entry);
    size += entry.size();
  }
  if (!written || fsync(fd.get()) != 0 || rename(new_path.c_str(), path_.c_str()) != 0) {
    const int error = errno;
    unlink(new_path.c_str());
    return failed("write", new_path, error);
  }
  // The new name has to survive a crash too. A folder that cannot be synced still has the file.
  const size_t slash = path_.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
  if (const Descriptor held(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); held) fsync(held.get());
  size_ = size;
  good_ = true;
  return {};
}

Result<void> JournalFile::remove() {
  good_ = false;
  size_ = 0;
  if (unlink(path_.c_str()) != 0 && errno != ENOENT) return failed("remove", path_, errno);
  return {};
}

}  // namespace portolan::zones
