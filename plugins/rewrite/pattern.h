// What a rule compares names with, and what it puts in their place. Both work on presentation form with the final dot,
// since a rule may name a part of a label.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/result.h"
#include "dns/name.h"
#include "plugins/common/regex.h"

namespace portolan::rewrite {

enum class Kind : uint8_t { exact, prefix, suffix, substring, regex };

/// The kind called `word`, in any case.
std::optional<Kind> parse_kind(std::string_view word);

/// Text in which "{1}" stands for the first group of an expression, "{0}" for the whole match.
class Replacement {
 public:
  /// Text as it is.
  explicit Replacement(std::string text);
  /// Groups up to `groups` are put in; what names a higher one stays text, as with CoreDNS.
  Replacement(std::string_view text, size_t groups);

  /// The text with its groups, in `arena`; `groups[0]` is the whole match.
  std::string_view filled(std::span<const std::string_view> groups, Arena& arena) const;
  /// How many groups filled() looks at, the whole match included.
  size_t wanted() const { return wanted_; }
  /// The literal text; of a replacement without groups all of it.
  const std::string& text() const { return parts_.front().text; }

 private:
  struct Part {
    std::string text;
    std::optional<size_t> group;  // behind the text
  };
  std::vector<Part> parts_;  // one at least
  size_t wanted_ = 0;
};

/// How many different groups "{0}" to "{100}" `text` names: what CoreDNS holds against the groups of the expression.
size_t groups_used(std::string_view text);

/// Unchanging; for all workers.
class Pattern {
 public:
  /// Error: `from` is no regular expression.
  static Result<Pattern> make(Kind kind, std::string from, Regex::Case letters = Regex::Case::matters);

  bool matches(std::string_view text) const;
  /// Whether it stands for one whole name, for which equals() asks without the name's text.
  bool is_exact() const { return kind_ == Kind::exact; }
  /// What matches() says of the text of `name`, for an exact pattern. Case counts.
  bool equals(dns::NameView name) const { return name_ && name_->view().identical(name); }
  /// `text` as the rule wants it, in `arena`; nothing when it does not match. An expression replaces the whole text,
  /// whatever part of it matches.
  std::optional<std::string_view> replaced(std::string_view text, const Replacement& to, Arena& arena) const;
  /// Groups of the expression; 0 for other kinds.
  size_t groups() const { return regex_ ? regex_->groups() : 0; }

 private:
  Pattern(Kind kind, std::string from) : kind_(kind), from_(std::move(from)) {}
  Kind kind_;
  std::string from_;
  std::optional<Regex> regex_;
  std::optional<dns::Name> name_;  // of an exact pattern whose text is that of a name
};

}  // namespace portolan::rewrite
