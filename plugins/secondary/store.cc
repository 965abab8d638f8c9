// Writing and reading the copies.
#include "plugins/secondary/store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/descriptor.h"
#include "base/error_text.h"
#include "plugins/common/zone_file_name.h"
#include "zones/incoming_transfer.h"
#include "zones/transfer.h"
#include "zones/zone_file.h"

namespace portolan::secondary {
namespace {

using zones::ZoneTree;

constexpr size_t kMessage = 16 << 10;  // octets of records a message; one record may be larger

timespec to_timespec(WallTime time) {
  const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  return {static_cast<time_t>(since / 1'000'000'000), static_cast<long>(since % 1'000'000'000)};
}

Error system_error(const std::string& what, const std::string& path) {
  return fail(what + " " + path + ": " + error_text(errno));
}

class Writer {
 public:
  explicit Writer(int fd) : fd_(fd) {}

  bool write(const dns::Name& zone, std::span<const dns::Record> records) {
    const dns::Question question{zone, zone, dns::RRType::axfr, dns::RRClass::in};
    dns::MessageParts parts;
    parts.header.qr = parts.header.aa = true;
    parts.question = &question;
    parts.answer = records;
    bool cut = false;
    const size_t size = dns::encode(parts, std::span(octets_).subspan(2), dns::kMaxMessage, &cut);
    if (size == 0 || cut) return errno = EMSGSIZE, false;
    octets_[0] = static_cast<uint8_t>(size >> 8);
    octets_[1] = static_cast<uint8_t>(size);
    for (size_t done = 0; done < size + 2;) {
      const ssize_t written = ::write(fd_, octets_.data() + done, size + 2 - done);
      if (written < 0 && errno != EINTR) return false;
      if (written > 0) done += static_cast<size_t>(written);
    }
    return true;
  }

 private:
  const int fd_;
  std::vector<uint8_t> octets_ = std::vector<uint8_t>(dns::kMaxMessage + 2);
};

bool write_zone(int fd, std::shared_ptr<const ZoneTree> tree) {
  Writer writer(fd);
  const dns::Name zone = tree->origin();
  const auto stream = zones::transfer(std::move(tree), 0);
  Arena arena;
  ArenaVector<dns::Record> records(arena);
  std::vector<dns::Record> message;
  size_t octets = 0;
  const auto flush = [&] {
    const bool good = message.empty() || writer.write(zone, message);
    message.clear();
    octets = 0;
    return good;
  };
  while (stream->next(arena, records)) {
    for (const dns::Record& record : records) {
      const size_t size = record.owner.size() + 10 + record.rdata.size();
      if (octets + size > kMessage && !flush()) return false;
      message.push_back(record);
      octets += size;
    }
    records.clear();
  }
  return flush();
}

}  // namespace

std::string ZoneStore::path(const dns::Name& zone) const { return folder_ + "/" + zone_file_name(zone) + ".axfr"; }

Result<void> ZoneStore::write(std::shared_ptr<const ZoneTree> tree, WallTime now) const {
  const std::string path = this->path(tree->origin());
  const std::string new_path = path + ".new";
  const Descriptor fd(open(new_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644));
  if (!fd) return system_error("open", new_path);
  const timespec times[2] = {to_timespec(now), to_timespec(now)};
  if (!write_zone(fd.get(), std::move(tree)) || futimens(fd.get(), times) != 0 || fsync(fd.get()) != 0 ||
      rename(new_path.c_str(), path.c_str()) != 0) {
    const Error error = system_error("write", new_path);
    unlink(new_path.c_str());
    return error;
  }
  // The new name has to survive a crash too. A folder that cannot be synced still has the file.
  if (const Descriptor folder(open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); folder) {
    fsync(folder.get());
  }
  return {};
}

Result<void> ZoneStore::confirm(const dns::Name& zone, WallTime now) const {
  const timespec times[2] = {to_timespec(now), to_timespec(now)};
  if (utimensat(AT_FDCWD, path(zone).c_str(), times, 0) != 0) return system_error("touch", path(zone));
  return {};
}

void ZoneStore::remove(const dns::Name& zone) const { unlink(path(zone).c_str()); }

Result<std::optional<ZoneStore::Kept>> ZoneStore::read(const dns::Name& zone, WallTime now) const {
  const std::string path = this->path(zone);
  struct stat found{};
  if (stat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return {boost::system::in_place_value};
    return system_error("stat", path);
  }
  const auto octets = zones::read_file(path);
  if (octets.has_error()) return octets.error();
  zones::IncomingTransfer transfer(zone, nullptr);
  std::span<const uint8_t> rest(reinterpret_cast<const uint8_t*>(octets->data()), octets->size());
  bool done = false;
  while (!done) {
    const size_t size = rest.size() < 2 ? 0 : size_t{rest[0]} << 8 | rest[1];
    if (size == 0 || rest.size() < size + 2) return fail("read " + path + ": it ends early");
    const auto last = transfer.read(rest.subspan(2, size));
    if (last.has_error()) return fail("read " + path + ": " + last.error().message);
    done = *last;
    rest = rest.subspan(size + 2);
  }
  if (!rest.empty()) return fail("read " + path + ": there is something behind its end");
  auto read = transfer.finish();
  if (read.has_error()) return fail("read " + path + ": " + read.error().message);
  Kept kept;
  kept.tree = std::move(read->tree);
  const WallTime confirmed(std::chrono::duration_cast<WallTime::duration>(
      std::chrono::seconds(found.st_mtim.tv_sec) + std::chrono::nanoseconds(found.st_mtim.tv_nsec)));
  kept.age = std::max<std::chrono::nanoseconds>(now - confirmed, std::chrono::nanoseconds(0));
  return {boost::system::in_place_value, std::move(kept)};
}

}  // namespace portolan::secondary
