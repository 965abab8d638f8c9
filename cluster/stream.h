// Cuts what arrives from a socket, in pieces of any size, into whole JSON values: the lines of a watch, the items of a
// list. So memory is bounded by the largest object, not by the list.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace portolan::cluster {

/// An object of etcd is at most 1.5 MiB; its JSON is a few times that.
constexpr size_t kLargestValue = 32u << 20;

/// The events of a watch: one JSON value a line.
class LineCutter {
 public:
  using Each = std::function<bool(std::string_view line)>;  // false: no more
  /// Calls `each` for every line that is complete. False: `each` said so. Fails when a line is too long.
  Result<bool> feed(std::string_view piece, const Each& each);
  /// True when part of a line has been read.
  bool inside() const { return !rest_.empty(); }

 private:
  std::string rest_;
};

/// The items of a list reply, and its metadata, wherever that stands.
class ListCutter {
 public:
  struct Receiver {
    std::function<void(std::string_view)> item;      // each element of "items"
    std::function<void(std::string_view)> metadata;  // the list's own "metadata" object
  };
  Result<void> feed(std::string_view piece, const Receiver& receiver);
  /// True once the list's closing brace has been read.
  bool complete() const { return complete_; }

 private:
  enum class Wanted : unsigned char { nothing, item, metadata };
  void open(char bracket);
  void finish_value(const Receiver& receiver);

  std::string value_;  // the item or metadata being read
  std::string key_;    // the last string at depth 1
  Wanted wanted_ = Wanted::nothing;
  int depth_ = 0;
  int value_depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  bool in_items_ = false;
  bool complete_ = false;
};

}  // namespace portolan::cluster
