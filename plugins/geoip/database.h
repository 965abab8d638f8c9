// A MaxMind database: what it says of an address, as the texts of metadata labels.
#pragma once

#include <maxminddb.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/arena.h"
#include "base/result.h"

namespace portolan::geoip {

/// A file that lies in memory as it is on the disk. Unchanging, for all threads; nothing of it allocates from the heap.
class Database {
 public:
  /// Opens the file. Errors: it cannot be opened, is no such database, is damaged, or has neither places nor
  /// autonomous systems.
  static Result<std::unique_ptr<Database>> open(const std::string& path);
  ~Database() { MMDB_close(&file_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// The text of "city/name" and the like for `address`, in `arena` or as long-lived as the database; nothing when
  /// this database has no such label or does not know addresses of this family. An address it does not know has empty
  /// texts, "false" and "0".
  std::optional<std::string_view> text(std::string_view label, const IpAddress& address, Arena& arena) const;

 private:
  enum class Schema : uint8_t { place, system };
  struct Field;
  static const Field kFields[];

  Database() = default;
  Result<void> check(const std::string& path);

  MMDB_s file_{};
  Schema schema_ = Schema::place;
};

}  // namespace portolan::geoip
