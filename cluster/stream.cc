// Finding the ends of JSON values without parsing them: a line's end, or a brace that closes outside strings.
#include "cluster/stream.h"

#include <cstring>

namespace portolan::cluster {

Result<bool> LineCutter::feed(std::string_view piece, const Each& each) {
  while (!piece.empty()) {
    const void* end = std::memchr(piece.data(), '\n', piece.size());
    if (end == nullptr) {
      if (rest_.size() + piece.size() > kLargestValue) return fail("a watch event is larger than 32 MiB");
      rest_.append(piece);
      return true;
    }
    const size_t length = static_cast<size_t>(static_cast<const char*>(end) - piece.data());
    std::string_view line = piece.substr(0, length);
    if (!rest_.empty()) {
      rest_.append(line);
      line = rest_;
    }
    const bool more = line.find_first_not_of(" \t\r") == std::string_view::npos || each(line);
    rest_.clear();
    if (!more) return false;
    piece.remove_prefix(length + 1);
  }
  return true;
}

Result<void> ListCutter::feed(std::string_view piece, const Receiver& receiver) {
  size_t from = 0;  // where the part of `piece` starts that belongs to the value being read
  for (size_t at = 0; at < piece.size(); ++at) {
    const char c = piece[at];
    if (in_string_) {
      if (escaped_)
        escaped_ = false;
      else if (c == '\\')
        escaped_ = true;
      else if (c == '"')
        in_string_ = false;
      if (in_string_ && depth_ == 1 && wanted_ == Wanted::nothing && key_.size() < 64) key_.push_back(c);
      continue;
    }
    if (c == '"') {
      in_string_ = true;
      if (depth_ == 1 && wanted_ == Wanted::nothing) key_.clear();
      continue;
    }
    if (c != '{' && c != '}' && c != '[' && c != ']') continue;
    const Wanted before = wanted_;
    if (c == '{' || c == '[') {
      open(c);
      if (before == Wanted::nothing && wanted_ != Wanted::nothing) from = at;
      continue;
    }
    if (--depth_ < 0) return fail("a list reply has a bracket too many");
    if (wanted_ != Wanted::nothing && depth_ == value_depth_) {
      value_.append(piece.substr(from, at + 1 - from));
      finish_value(receiver);
    }
    if (depth_ == 1) in_items_ = false;
    if (depth_ == 0) complete_ = true;
  }
  if (wanted_ != Wanted::nothing) {
    value_.append(piece.substr(from));
    if (value_.size() > kLargestValue) return fail("an item of a list is larger than 32 MiB");
  }
  return {};
}

void ListCutter::open(char bracket) {
  if (wanted_ == Wanted::nothing) {
    if (in_items_ && depth_ == 2 && bracket == '{')
      wanted_ = Wanted::item;
    else if (depth_ == 1 && bracket == '{' && key_ == "metadata")
      wanted_ = Wanted::metadata;
    else if (depth_ == 1 && bracket == '[' && key_ == "items")
      in_items_ = true;
    value_depth_ = depth_;
  }
  ++depth_;
}

void ListCutter::finish_value(const Receiver& receiver) {
  (wanted_ == Wanted::item ? receiver.item : receiver.metadata)(value_);
  value_.clear();
  wanted_ = Wanted::nothing;
}

}  // namespace portolan::cluster
