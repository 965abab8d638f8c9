// A stack of token lists; the uppermost is being read.
#include "corefile/token_source.h"

#include <algorithm>
#include <utility>

namespace portolan::corefile {

void TokenSource::push(LexemeList list, std::string label) {
  has_front_ = false;  // peek() shows without taking, so what was in front comes again behind the new list
  frames_.push_back({std::move(list), std::move(label)});
}

const Lexeme* TokenSource::peek() {
  if (has_front_) return &front_;
  // A list read to its end stays open until a word behind its import is taken: what its last word imports is inside it.
  reading_ = frames_.size();
  while (reading_ > 0 && frames_[reading_ - 1].next == frames_[reading_ - 1].list->size()) --reading_;
  if (reading_ == 0) return nullptr;
  const Frame& frame = frames_[reading_ - 1];
  front_ = (*frame.list)[frame.next];
  if (frame.next == 0) front_.starts_line = true;  // a snippet's first word may stand on the line of its brace
  has_front_ = true;
  return &front_;
}

Lexeme TokenSource::take() {
  peek();
  frames_.resize(reading_);
  ++frames_.back().next;
  ++taken_;
  has_front_ = false;
  last_ = std::move(front_);
  return last_;
}

bool TokenSource::is_open(const std::string& label) const {
  return std::any_of(frames_.begin(), frames_.end(),
                     [&](const Frame& frame) { return frame.next > 0 && frame.label == label; });
}

std::string TokenSource::path_from(const std::string& label) const {
  std::string path;
  for (const Frame& frame : frames_) {
    if (frame.next == 0 || (path.empty() && frame.label != label)) continue;
    path += (path.empty() ? "" : " -> ") + frame.label;
  }
  return path;
}

}  // namespace portolan::corefile
