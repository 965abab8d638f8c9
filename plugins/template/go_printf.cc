// Formats: verbs with their flags, widths and arguments.
#include "plugins/template/go_printf.h"

#include <algorithm>

#include "plugins/template/go_verb.h"

namespace portolan::templates {
namespace {

constexpr int kMaxWidth = 1000;
constexpr size_t kMaxText = 64 * 1024;

class Format {
 public:
  Format(TextBuffer& out, std::string_view format, std::span<const Value> arguments, const Data& data, Arena& arena)
      : out_(out), format_(format), arguments_(arguments), data_(data), arena_(arena), printer_(out, data, arena) {}

  void run() {
    while (at_ < format_.size() && out_.text().size() <= kMaxText) {
      if (format_[at_] == '%') {
        ++at_;
        one();
      } else {
        out_.append(format_[at_++]);
      }
    }
    if (!reordered_) extra();
  }

 private:
  void one() {
    Verb verb;
    bad_index_ = bad_width_ = bad_precision_ = false;
    flags(verb);
    index();
    verb.width = number(bad_width_);
    if (verb.width < -1) {
      verb.minus = true;
      verb.zero = false;
      verb.width = -verb.width;
    }
    if (peek() == '.') {
      ++at_;
      index();
      verb.precision = std::max(number(bad_precision_), 0);
    }
    index();
    if (at_ >= format_.size()) {
      out_.append("%!(NOVERB)");
      return;
    }
    size_t end = at_ + 1;
    while (end < format_.size() && (static_cast<uint8_t>(format_[end]) & 0xC0) == 0x80) ++end;
    verb.letter = format_.substr(at_, end - at_);
    at_ = end;
    if (bad_width_) out_.append("%!(BADWIDTH)");
    if (bad_precision_) out_.append("%!(BADPREC)");
    if (verb.letter == "%") {
      out_.append('%');
    } else if (bad_index_) {
      out_.append("%!").append(verb.letter).append("(BADINDEX)");
    } else if (next_ >= arguments_.size()) {
      out_.append("%!").append(verb.letter).append("(MISSING)");
    } else {
      printer_.print(verb, arguments_[next_++]);
    }
  }

  void flags(Verb& verb) {
    for (;; ++at_) {
      switch (peek()) {
        case '-':
          verb.minus = true;
          verb.zero = false;
          break;
        case '+':
          verb.plus = true;
          break;
        case '#':
          verb.sharp = true;
          break;
        case '0':
          verb.zero = !verb.minus;
          break;
        case ' ':
          verb.space = true;
          break;
        default:
          return;
      }
    }
  }

  // [n]: which argument comes next.
  void index() {
    if (peek() != '[') return;
    reordered_ = true;
    const size_t close = format_.find(']', at_);
    if (close == std::string_view::npos) {
      bad_index_ = true;
      ++at_;
      return;
    }
    size_t number = 0;
    bool good = close > at_ + 1;
    for (const char c : format_.substr(at_ + 1, close - at_ - 1)) {
      good = good && c >= '0' && c <= '9';
      if (good) number = std::min<size_t>(number * 10 + static_cast<size_t>(c - '0'), 1000);
    }
    at_ = close + 1;
    if (!good || number == 0 || number > arguments_.size()) {
      bad_index_ = true;
      return;
    }
    next_ = number - 1;
  }

  // Digits, or * for an argument; -1 when there is neither.
  int number(bool& bad) {
    if (peek() == '*') {
      ++at_;
      const bool fits = next_ < arguments_.size() && arguments_[next_].kind() == Kind::integer &&
                        arguments_[next_].integer() >= -kMaxWidth && arguments_[next_].integer() <= kMaxWidth;
      bad = !fits;
      const int value = fits ? static_cast<int>(arguments_[next_].integer()) : -1;
      if (next_ < arguments_.size()) ++next_;
      return value;
    }
    if (peek() < '0' || peek() > '9') return -1;
    int value = 0;
    for (; peek() >= '0' && peek() <= '9'; ++at_) value = std::min(kMaxWidth, value * 10 + (peek() - '0'));
    return value;
  }

  void extra() {
    if (next_ >= arguments_.size()) return;
    out_.append("%!(EXTRA ");
    for (size_t i = next_; i < arguments_.size(); ++i) {
      if (i > next_) out_.append(", ");
      out_.append(type_name(arguments_[i]));
      if (arguments_[i].is_nil()) continue;
      out_.append('=');
      go_print(out_, arguments_[i], data_, arena_);
    }
    out_.append(')');
  }

  char peek() const { return at_ < format_.size() ? format_[at_] : '\0'; }

  TextBuffer& out_;
  std::string_view format_;
  std::span<const Value> arguments_;
  const Data& data_;
  Arena& arena_;
  Printer printer_;
  size_t at_ = 0, next_ = 0;
  bool reordered_ = false, bad_index_ = false, bad_width_ = false, bad_precision_ = false;
};

}  // namespace

void go_printf(TextBuffer& out, std::string_view format, std::span<const Value> arguments, const Data& data,
               Arena& arena) {
  Format(out, format, arguments, data, arena).run();
}

void go_print(TextBuffer& out, const Value& value, const Data& data, Arena& arena) {
  Verb verb;
  verb.letter = "v";
  Printer(out, data, arena).print(verb, value);
}

}  // namespace portolan::templates
