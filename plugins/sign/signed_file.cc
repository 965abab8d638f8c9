// A temporary file, a rename; and a look at the first lines.
#include "plugins/sign/signed_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/error_text.h"
#include "dns/rdata.h"
#include "dns/reader.h"
#include "dns/zone_text.h"
#include "zones/record_fields.h"

namespace portolan::sign {
namespace {

constexpr size_t kBlock = 1 << 16;
constexpr unsigned kLookAt = 100;  // records; the SOA's signatures stand behind the SOA, which comes first

Error failed(const std::string& what, const std::string& path) {
  return fail(what + " " + path + ": " + error_text(errno));
}

// A file that is gone again unless it was put into its place.
class NewFile {
 public:
  explicit NewFile(const std::string& directory) : path_(directory + "/signed-XXXXXX") {
    descriptor_ = mkostemp(path_.data(), O_CLOEXEC);
  }
  ~NewFile() {
    if (descriptor_ >= 0) close(descriptor_);
    if (descriptor_ >= 0 && !placed_) unlink(path_.c_str());
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  bool is_open() const { return descriptor_ >= 0; }
  const std::string& path() const { return path_; }
  bool write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = ::write(descriptor_, text.data(), text.size());
      if (written < 0 && errno != EINTR) return false;
      if (written > 0) text.remove_prefix(static_cast<size_t>(written));
    }
    return true;
  }
  bool place(const std::string& path) {
    placed_ = fsync(descriptor_) == 0 && rename(path_.c_str(), path.c_str()) == 0;
    return placed_;
  }

 private:
  std::string path_;
  int descriptor_;
  bool placed_ = false;
};

}  // namespace

Result<void> write_signed_file(const std::string& directory, const std::string& path,
                               const std::vector<dns::OwnedRecord>& records) {
  NewFile file(directory);
  if (!file.is_open()) return failed("open", directory + "/signed-*");
  std::string block;
  for (const dns::OwnedRecord& record : records) {
    block += dns::record_text(record.view());
    block += '\n';
    if (block.size() < kBlock) continue;
    if (!file.write(block)) return failed("write", file.path());
    block.clear();
  }
  if (!file.write(block)) return failed("write", file.path());
  if (!file.place(path)) return failed("rename", file.path() + " " + path);
  return {};
}

Result<std::vector<SoaSignature>> soa_signatures(std::string_view text) {
  std::vector<SoaSignature> found;
  dns::ZoneText source(text);
  zones::FieldState state;
  dns::ZoneEntry entry;
  for (unsigned i = 0; i < kLookAt; ++i) {
    const auto more = source.next(entry);
    if (more.has_error()) return more.error();
    if (!*more) break;
    if (entry.words.front().text.starts_with('$')) continue;
    const auto record = zones::read_fields(entry, state);
    if (record.has_error()) return record.error();
    const auto rdata = record->view().rdata;
    if (record->type != dns::RRType::rrsig || rdata.size() < 18) continue;
    if (dns::signed_type(record->view()) != dns::RRType::soa) continue;
    found.push_back({dns::read32(rdata.data() + 12), dns::read32(rdata.data() + 8), dns::read16(rdata.data() + 16)});
  }
  return {boost::system::in_place_value, std::move(found)};
}

}  // namespace portolan::sign
