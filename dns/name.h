// Domain names in uncompressed wire form (RFC 1035 section 3.1). NameView borrows, Name owns. The case of a name is
// kept; comparison and hashing ignore it (RFC 1035 section 2.3.3, RFC 4343).
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"

namespace portolan::dns {

constexpr size_t kMaxName = 255;  // octets, the root label included
constexpr size_t kMaxLabel = 63;

/// Octets A-Z to a-z, all others as they are.
extern const uint8_t kLower[256];

/// A well-formed name somebody else owns. The default is the root.
class NameView {
 public:
  constexpr NameView() = default;
  /// `wire` is a well-formed uncompressed name of `size` octets, the root label included.
  constexpr NameView(const uint8_t* wire, uint8_t size) : wire_(wire), size_(size) {}

  std::span<const uint8_t> wire() const { return {wire_, size_}; }
  const uint8_t* data() const { return wire_; }
  size_t size() const { return size_; }
  bool is_root() const { return size_ == 1; }
  /// Labels without the root label.
  unsigned label_count() const;
  /// The leftmost label's octets; empty for the root.
  std::string_view first_label() const { return {reinterpret_cast<const char*>(wire_ + 1), wire_[0]}; }
  /// The name without its leftmost label; the root's parent is the root.
  NameView parent() const {
    if (is_root()) return *this;
    const auto skip = static_cast<uint8_t>(wire_[0] + 1);
    return {wire_ + skip, static_cast<uint8_t>(size_ - skip)};
  }
  /// The last `labels` labels; the whole name if it has fewer.
  NameView suffix(unsigned labels) const;
  /// True when this name equals `zone` or lies below it.
  bool is_under(NameView zone) const;
  /// The same of two names in lower case.
  bool is_under_lower(NameView zone) const {
    if (size_ < zone.size_) return false;
    const unsigned start = size_ - zone.size_;
    return std::memcmp(wire_ + start, zone.wire_, zone.size_) == 0 && has_label_at(start);
  }
  /// The labels in front of `zone`, as octets with their length octets and without a root label; needs is_under(zone).
  std::span<const uint8_t> labels_before(NameView zone) const { return {wire_, size_t{size_} - zone.size_}; }
  bool equals(NameView other) const;
  /// Case and all.
  bool identical(NameView other) const {
    return size_ == other.size_ && (wire_ == other.wire_ || std::memcmp(wire_, other.wire_, size_) == 0);
  }
  /// Canonical order of RFC 4034 section 6.1: <0, 0, >0.
  int compare(NameView other) const;
  /// Ignores case; seeded per process, so that names cannot be chosen to collide.
  uint64_t hash() const;
  /// Presentation form with the final dot; "." for the root. Octets are escaped as RFC 4343 section 2.1 says:
  /// backslash and octet for those that mean something in zone files, backslash and number for unprintable ones.
  std::string text() const;
  bool operator==(NameView other) const { return equals(other); }

 private:
  bool has_label_at(unsigned start) const {
    unsigned at = 0;
    while (at < start) at += wire_[at] + 1U;
    return at == start;
  }

  static constexpr uint8_t kRoot[1] = {0};
  const uint8_t* wire_ = kRoot;
  uint8_t size_ = 1;
};

/// A name that owns its octets (short ones inline, as std::string does).
class Name {
 public:
  Name() : wire_(1, '\0') {}
  explicit Name(NameView view) : wire_(reinterpret_cast<const char*>(view.data()), view.size()) {}
  /// Presentation form, escapes included, final dot optional (the name is absolute either way). Errors: an empty label,
  /// a label over 63 octets, a name over 255, a broken escape.
  static Result<Name> parse(std::string_view text);

  NameView view() const { return {reinterpret_cast<const uint8_t*>(wire_.data()), static_cast<uint8_t>(wire_.size())}; }
  operator NameView() const { return view(); }  // NOLINT: a Name is usable wherever a view is
  std::string text() const { return view().text(); }
  /// The same name in lower case.
  Name lower() const;
  bool operator==(const Name& other) const { return view().equals(other.view()); }

 private:
  std::string wire_;
};

/// Hash and equality for unordered containers, case ignored, looked up by view without a copy.
struct NameHash {
  using is_transparent = void;
  size_t operator()(NameView name) const { return name.hash(); }
};
struct NameEqual {
  using is_transparent = void;
  bool operator()(NameView a, NameView b) const { return a.equals(b); }
};

/// A lower-case copy in `arena`.
NameView lower(NameView name, Arena& arena);
/// `prefix` (labels with length octets, no root) in front of `zone`, in `arena`. Error: more than 255
/// octets.
Result<NameView> join(std::span<const uint8_t> prefix, NameView zone, Arena& arena);
/// A presentation-form name parsed into `arena` (no heap).
Result<NameView> parse_name(std::string_view text, Arena& arena);

}  // namespace portolan::dns
