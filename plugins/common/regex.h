// Regular expressions in Go's syntax, as Corefiles have them; RE2 stays in the .cc file.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/result.h"

namespace portolan {

/// A compiled expression, unanchored. Time is linear in the text, memory is bounded. For all workers at once: RE2 keeps
/// what it has learned behind a reader lock, and takes memory from the heap where groups are wanted of an expression
/// that can match in more than one way.
class Regex {
 public:
  enum class Case : uint8_t { matters, ignored };
  static constexpr size_t kLongest = 10'000;      // octets of an expression, as CoreDNS has it
  static constexpr size_t kMostMemory = 8 << 20;  // of what it compiles to

  /// Error: too long, or in Go's words where they are known.
  static Result<Regex> compile(const std::string& pattern, Case letters = Case::matters, size_t memory = kMostMemory);
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  /// Whether `text` matches; cheaper than match().
  bool matches(std::string_view text) const;
  /// The whole match and all groups, or the first `wanted` of them, in `arena`; false when `text` does not match.
  bool match(std::string_view text, Arena& arena, std::span<const std::string_view>& matches,
             size_t wanted = SIZE_MAX) const;
  const std::string& source() const { return source_; }
  std::span<const std::string> group_names() const { return group_names_; }
  /// Groups in parentheses, without the whole match.
  size_t groups() const { return group_names_.size() - 1; }

 private:
  struct Compiled;
  Regex();
  std::string source_;
  std::vector<std::string> group_names_;  // by number
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace portolan
