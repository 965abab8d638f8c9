// Snapshot files: rows of octets between a head and a checksum. What the rows mean is their writer's business; that a
// file is whole, of this format and bounds-checked is this file's. Everything read is taken for hostile.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace portolan::cluster {

/// The format that is written, and the only one that is read. A file opens with the line "portolan snapshot 1".
constexpr unsigned kSnapshotFormat = 1;

using Digest = std::array<uint8_t, 32>;

/// SHA-256.
Digest digest_of(std::string_view octets);

struct SnapshotHead {
  Digest source{};  // of whatever tells one source from another
  WallTime saved{};
  uint32_t serial = 0;

  bool operator==(const SnapshotHead&) const = default;
};

/// One row: a kind other than 0 and three texts, any of which may be empty.
struct SnapshotRow {
  uint8_t kind = 0;
  std::string_view name, key, value;
};

void append_row(std::string& out, const SnapshotRow& row);

/// A snapshot in memory, its rows known to be whole. Views point into the octets it was made of.
class Snapshot {
 public:
  /// Errors say what is wrong with the octets: "it is cut off", "it is of format 2, written by a newer version...".
  static Result<Snapshot> parse(std::string_view octets);

  const SnapshotHead& head() const { return head_; }
  /// Calls `visit(row)` for each row, in order.
  template <class Visit>
  void each(Visit visit) const {
    std::string_view left = rows_;
    SnapshotRow row;
    while (take_row(left, row)) visit(row);
  }

 private:
  static bool take_row(std::string_view& left, SnapshotRow& row);

  SnapshotHead head_;
  std::string_view rows_;
};

/// The octets of a snapshot file. Nothing but a regular file is read.
Result<std::string> read_snapshot(const std::string& path);

/// A file that is being written: beside its place under another name, and moved there when it is complete and on the
/// disk. Whoever reads the path finds the old file or the new one, whole. One thread.
class SnapshotFile {
 public:
  /// Begins a file that shall become `path`. Of two processes that write to one path, one gets an error.
  static Result<SnapshotFile> create(const std::string& path, const SnapshotHead& head);
  SnapshotFile(SnapshotFile&&) noexcept;
  SnapshotFile& operator=(SnapshotFile&&) = delete;
  /// Takes away what was not finished.
  ~SnapshotFile();

  /// Rows as append_row() makes them.
  Result<void> write(std::string_view octets);
  /// The checksum, then the move. Nothing may be called afterwards.
  Result<void> finish();

 private:
  struct Checksum;
  explicit SnapshotFile(std::string path);
  Result<void> open();
  Result<void> put(std::string_view octets);

  std::string path_, new_path_;
  int fd_ = -1;
  std::unique_ptr<Checksum> checksum_;
};

}  // namespace portolan::cluster
