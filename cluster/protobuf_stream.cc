// Only tags and lengths are looked at here. A message that lies in one piece is handed on where it lies; what a length
// promises is believed up to a limit, and memory grows with what has come, not with what was promised.
#include "cluster/protobuf_stream.h"

#include <algorithm>
#include <utility>

#include "cluster/protobuf.h"
#include "cluster/stream.h"

namespace portolan::cluster {
namespace {

constexpr size_t kFrameLength = 4;
constexpr unsigned kLongestVarint = 10;
constexpr uint64_t kLargestTag = UINT32_MAX;

size_t frame_length(std::string_view head) {
  size_t length = 0;
  for (size_t i = 0; i < kFrameLength; ++i) length = length << 8 | static_cast<unsigned char>(head[i]);
  return length;
}

}  // namespace

Result<bool> FrameCutter::feed(std::string_view piece, const Each& each) {
  while (!piece.empty()) {
    if (rest_.size() < kFrameLength && (!rest_.empty() || piece.size() < kFrameLength)) {
      const size_t part = std::min(kFrameLength - rest_.size(), piece.size());
      rest_.append(piece.substr(0, part));
      piece.remove_prefix(part);
      if (rest_.size() < kFrameLength) return true;
    }
    const bool whole = rest_.empty();  // the frame begins in this piece
    const size_t length = frame_length(whole ? piece : std::string_view(rest_));
    if (length > kLargestValue) return fail("a watch event is larger than 32 MiB");
    const size_t wanted = kFrameLength + length - rest_.size();
    if (piece.size() < wanted) {
      rest_.append(piece);
      return true;
    }
    bool more = true;
    if (whole) {
      more = each(piece.substr(kFrameLength, length));
    } else {
      rest_.append(piece.substr(0, wanted));
      more = each(std::string_view(rest_).substr(kFrameLength));
      rest_.clear();
    }
    if (!more) return false;
    piece.remove_prefix(wanted);
  }
  return true;
}

Result<void> MessageListCutter::feed(std::string_view piece, const Receiver& receiver) {
  while (!piece.empty()) {
    if (magic_read_ < protobuf::kMagic.size()) {
      if (piece.front() != protobuf::kMagic[magic_read_]) return fail("a list reply does not begin as protobuf does");
      ++magic_read_;
      piece.remove_prefix(1);
      continue;
    }
    size_t part = 1;
    if (left_ > 0) {
      part = static_cast<size_t>(std::min<uint64_t>(left_, piece.size()));
      left_ -= part;
      take_value(piece.substr(0, part), receiver);
    } else if (auto taken = take_header_octet(static_cast<unsigned char>(piece.front())); !taken) {
      return taken;
    } else if (left_ == 0) {
      take_value({}, receiver);
    }
    if (auto counted = count(part); !counted) return counted;
    piece.remove_prefix(part);
  }
  return {};
}

/// One octet of a field's tag, or of the length or number behind it.
Result<void> MessageListCutter::take_header_octet(unsigned char octet) {
  varint_ |= uint64_t{octet & 0x7fu} << (7 * varint_octets_);
  ++varint_octets_;
  if (octet & 0x80)
    return varint_octets_ < kLongestVarint ? Result<void>{} : fail("a list reply has an endless number");
  const uint64_t number = std::exchange(varint_, 0);
  varint_octets_ = 0;
  if (tag_ != 0) {
    const uint64_t tag = std::exchange(tag_, 0);
    return (tag & 7) == 2 ? begin_field(tag >> 3, number) : Result<void>{};
  }
  if (number < 8 || number > kLargestTag) return fail("a list reply has a field without a number");
  switch (number & 7) {
    case 0:
    case 2:
      tag_ = number;
      return {};
    case 1:
      return begin_value(8);
    case 5:
      return begin_value(4);
    default:
      return fail("a list reply has a field of an unknown form");
  }
}

Result<void> MessageListCutter::begin_field(uint64_t number, uint64_t length) {
  if (in_list_) {
    wanted_ = number == 1 ? Value::metadata : number == 2 ? Value::item : Value::nothing;
    if (wanted_ != Value::nothing && length > kLargestValue) return fail("an item of a list is larger than 32 MiB");
    return begin_value(length);
  }
  if (number == 3 && length > 0) return fail("a list reply is compressed inside its protobuf");
  if (number != 2) return begin_value(length);
  if (list_read_) return fail("a list reply has two lists");
  in_list_ = true;
  list_left_ = length + 1;  // with the octet that is being read
  return {};
}

Result<void> MessageListCutter::begin_value(uint64_t length) {
  // The octet that is being read still counts as left of the list.
  if (in_list_ && length >= list_left_) return fail("a list reply has a field that is longer than the list");
  left_ = length;
  return {};
}

/// A part of the value of the present field; the last one when nothing is left of it.
void MessageListCutter::take_value(std::string_view part, const Receiver& receiver) {
  if (wanted_ == Value::nothing) return;
  if (left_ > 0) {
    value_.append(part);
    return;
  }
  if (!value_.empty()) {
    value_.append(part);
    part = value_;
  }
  (wanted_ == Value::item ? receiver.item : receiver.metadata)(part);
  value_.clear();
  wanted_ = Value::nothing;
}

/// Octets were taken: the list ends where its length says, and between two fields.
Result<void> MessageListCutter::count(size_t octets) {
  if (!in_list_) return {};
  list_left_ -= octets;  // begin_value() has seen to it that there are so many
  if (list_left_ > 0) return {};
  if (!between_fields()) return fail("a list reply ends inside a field");
  in_list_ = false;
  list_read_ = true;
  return {};
}

}  // namespace portolan::cluster
