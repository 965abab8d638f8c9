// Splitting zone text into entries and words; TTLs.
#include "dns/zone_text.h"

namespace portolan::dns {

Result<bool> ZoneText::next(ZoneEntry& entry) {
  entry.words.clear();
  bool line_start = true;
  entry.leading_blank = false;
  while (at_ < text_.size() && !error_) {
    const char c = text_[at_];
    if (c == '\n') {
      ++at_;
      ++line_;
      if (depth_ > 0) continue;
      if (!entry.words.empty()) return true;
      line_start = true;
      entry.leading_blank = false;
      continue;
    }
    if (c == ';') {
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      ++at_;
      if (line_start && entry.words.empty()) entry.leading_blank = true;
    } else if (c == '(') {
      ++at_;
      ++depth_;
    } else if (c == ')') {
      ++at_;
      if (depth_ == 0) return fail("extra closing brace");
      --depth_;
    } else {
      if (entry.words.empty()) entry.line = line_;
      read_word(entry);
    }
    line_start = false;
  }
  if (error_) return fail(error_);
  if (depth_ > 0) return fail("unbalanced brace");
  return !entry.words.empty();
}

bool ZoneText::blank_or_end(char c) const {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ';' || c == '(' || c == ')';
}

// A word that starts with a quote ends with the closing one; a quote inside (alpn="h2,h3") belongs to its word.
void ZoneText::read_word(ZoneEntry& entry) {
  ZoneWord word;
  word.line = line_;
  const bool is_string = text_[at_] == '"';
  while (at_ < text_.size() && !blank_or_end(text_[at_])) {
    const char c = text_[at_];
    if (c == '"') {
      if (!quoted(word)) return;
      if (is_string) break;
    } else if (c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n') {
      word.text.append(text_.substr(at_, 2));
      at_ += 2;
    } else {
      word.text += c;
      ++at_;
    }
  }
  entry.words.push_back(std::move(word));
}

bool ZoneText::quoted(ZoneWord& word) {
  word.text += '"';
  for (++at_; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '"') {
      ++at_;
      word.text += '"';
      return true;
    }
    if (c == '\n') {
      ++line_;
      word.text += "\\010";
    } else if (c != '\\' || at_ + 1 == text_.size()) {
      word.text += c;
    } else if (text_[at_ + 1] != '\n') {  // an escaped line end is a line end
      word.text += c;
      word.text += text_[++at_];
    }
  }
  error_ = "unbalanced quote";
  return false;
}

std::optional<uint32_t> parse_ttl(std::string_view text) {
  constexpr unsigned kMaxDigits = 10;
  uint64_t sum = 0, part = 0;
  unsigned digits = 0;
  if (text.empty()) return std::nullopt;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      if (++digits > kMaxDigits) return std::nullopt;
      part = part * 10 + static_cast<uint64_t>(c - '0');
      continue;
    }
    uint64_t unit = 0;
    switch (c | 0x20) {
      case 's':
        unit = 1;
        break;
      case 'm':
        unit = 60;
        break;
      case 'h':
        unit = 60 * 60;
        break;
      case 'd':
        unit = 60 * 60 * 24;
        break;
      case 'w':
        unit = 60 * 60 * 24 * 7;
        break;
      default:
        return std::nullopt;
    }
    if (digits == 0) return std::nullopt;
    sum += part * unit;
    part = 0;
    digits = 0;
    if (sum > UINT32_MAX) return std::nullopt;
  }
  sum += part;
  if (sum > UINT32_MAX) return std::nullopt;
  return static_cast<uint32_t>(sum);
}

}  // namespace portolan::dns
