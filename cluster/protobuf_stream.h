// Cuts a protobuf reply that arrives in pieces of any size into whole messages: the frames of a watch, the items of a
// list. As in stream.h, memory is bounded by the largest object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace portolan::cluster {

/// The events of a watch: each behind its length, four octets, the highest first.
class FrameCutter {
 public:
  using Each = std::function<bool(std::string_view frame)>;  // false: no more
  /// Calls `each` for every frame that is complete. False: `each` said so. Fails when a frame is too long.
  Result<bool> feed(std::string_view piece, const Each& each);
  /// True when part of a frame has been read.
  bool inside() const { return !rest_.empty(); }

 private:
  std::string rest_;  // the length, then what has come of the frame
};

/// The items of a list reply ("k8s\0", runtime.Unknown, in it a list of any kind), and the list's metadata.
class MessageListCutter {
 public:
  struct Receiver {
    std::function<void(std::string_view)> item;      // each element of `items`, a bare message
    std::function<void(std::string_view)> metadata;  // the list's own ListMeta
  };
  Result<void> feed(std::string_view piece, const Receiver& receiver);
  /// True when the whole list has been read, and no field behind it only in part.
  bool complete() const { return list_read_ && between_fields(); }

 private:
  enum class Value : unsigned char { nothing, item, metadata };
  bool between_fields() const { return left_ == 0 && tag_ == 0 && varint_octets_ == 0; }
  Result<void> take_header_octet(unsigned char octet);
  Result<void> begin_field(uint64_t number, uint64_t length);
  Result<void> begin_value(uint64_t length);
  void take_value(std::string_view part, const Receiver& receiver);
  Result<void> count(size_t octets);

  size_t magic_read_ = 0;
  uint64_t varint_ = 0;  // the tag, length or number being read
  unsigned varint_octets_ = 0;
  uint64_t tag_ = 0;   // of the field whose length or number is being read; 0: none
  uint64_t left_ = 0;  // octets still to come of a field's value
  std::string value_;  // what has come of the item or metadata being read
  Value wanted_ = Value::nothing;
  bool in_list_ = false;
  bool list_read_ = false;
  uint64_t list_left_ = 0;  // octets still to come of the list
};

}  // namespace portolan::cluster
