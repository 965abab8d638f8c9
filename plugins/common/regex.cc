// RE2, which takes Go's syntax, with Go's words for what is wrong.
#include "plugins/common/regex.h"

#include <re2/re2.h>

#include <algorithm>

namespace portolan {
namespace {

std::string_view go_words(RE2::ErrorCode code) {
  switch (code) {
    case RE2::ErrorBadEscape:
      return "invalid escape sequence";
    case RE2::ErrorBadCharClass:
      return "invalid character class";
    case RE2::ErrorBadCharRange:
      return "invalid character class range";
    case RE2::ErrorMissingBracket:
      return "missing closing ]";
    case RE2::ErrorMissingParen:
      return "missing closing )";
    case RE2::ErrorUnexpectedParen:
      return "unexpected )";
    case RE2::ErrorTrailingBackslash:
      return "trailing backslash at end of expression";
    case RE2::ErrorRepeatArgument:
      return "missing argument to repetition operator";
    case RE2::ErrorRepeatSize:
      return "invalid repeat count";
    case RE2::ErrorRepeatOp:
      return "invalid nested repetition operator";
    case RE2::ErrorBadPerlOp:
      return "invalid or unsupported Perl syntax";
    case RE2::ErrorBadUTF8:
      return "invalid UTF-8";
    case RE2::ErrorBadNamedCapture:
      return "invalid named capture";
    case RE2::ErrorPatternTooLarge:
      return "expression too large";
    default:
      return "internal error";
  }
}

}  // namespace

struct Regex::Compiled {
  explicit Compiled(const std::string& pattern, const RE2::Options& options) : expression(pattern, options) {}
  RE2 expression;
};

Regex::Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

Result<Regex> Regex::compile(const std::string& pattern, Case letters, size_t memory) {
  if (pattern.size() > kLongest) {
    return fail("regex pattern too long: " + std::to_string(pattern.size()) + " > " + std::to_string(kLongest));
  }
  RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(letters == Case::matters);
  options.set_max_mem(static_cast<int64_t>(memory));
  Regex out;
  out.source_ = pattern;
  out.compiled_ = std::make_unique<Compiled>(pattern, options);
  const RE2& expression = out.compiled_->expression;
  if (!expression.ok()) {
    return fail("error parsing regexp: " + std::string(go_words(expression.error_code())) + ": `" +
                (expression.error_arg().empty() ? pattern : expression.error_arg()) + "`");
  }
  out.group_names_.resize(static_cast<size_t>(expression.NumberOfCapturingGroups()) + 1);
  for (const auto& [number, name] : expression.CapturingGroupNames()) out.group_names_[number] = name;
  return {boost::system::in_place_value, std::move(out)};
}

bool Regex::matches(std::string_view text) const {
  return compiled_->expression.Match({text.data(), text.size()}, 0, text.size(), RE2::UNANCHORED, nullptr, 0);
}

bool Regex::match(std::string_view text, Arena& arena, std::span<const std::string_view>& matches,
                  size_t wanted) const {
  const size_t count = std::min(wanted, group_names_.size());
  const auto parts = arena.array<re2::StringPiece>(count);
  for (re2::StringPiece& part : parts) part = {};
  const re2::StringPiece input(text.data(), text.size());
  if (!compiled_->expression.Match(input, 0, text.size(), RE2::UNANCHORED, parts.data(), static_cast<int>(count))) {
    return false;
  }
  const auto out = arena.array<std::string_view>(count);
  for (size_t i = 0; i < count; ++i) {
    out[i] = parts[i].data() ? std::string_view(parts[i].data(), parts[i].size()) : std::string_view();
  }
  matches = out;
  return true;
}

}  // namespace portolan
