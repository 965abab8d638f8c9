// The option table: a plugin's grammar as data. It feeds parsing, `-check`, "did you mean", the README test, completion
// and the man page, so that no option can be read and forgotten.
#pragma once

#include <any>
#include <chrono>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "corefile/ast.h"

namespace portolan::corefile {

enum class ArgKind : uint8_t {
  text,      // any word
  integer,   // decimal, within [min, max]; a leading + and leading zeros are fine, as for Go's strconv.Atoi
  fraction,  // a decimal fraction, for ratios
  duration,  // Go's time.ParseDuration; min and max are nanoseconds
  zone,      // a domain name, made lower case and absolute; a scheme and port are taken off as CoreDNS does, and a CIDR
             // stands for its reverse zones: with `many` each becomes a value, else it may stand for one only
  address,   // an IP address
  prefix,    // an IP prefix in CIDR form
  choice,    // one of `choices`
  grammar,   // all remaining tokens, through `grammar`
};

/// Turns an argument list with a syntax of its own (a rewrite rule, a template) into a typed value.
using Grammar = Result<std::any> (*)(std::span<const Token>);

/// A grammar's results. std::any takes anything, an Error too, so a Result<std::any> must be told which of the two it
/// is.
template <class T>
Result<std::any> parsed(T value) {
  return {boost::system::in_place_value, std::move(value)};
}
inline Result<std::any> not_parsed(std::string message) {
  return {boost::system::in_place_error, Error{std::move(message)}};
}

struct Arg {
  std::string_view name;  // as the README's syntax names it: "DURATION"
  ArgKind kind = ArgKind::text;
  int64_t min = std::numeric_limits<int64_t>::min();
  int64_t max = std::numeric_limits<int64_t>::max();
  std::string_view choices = {};  // "a|b|c"
  bool many = false;              // takes all the remaining arguments, one at least if it is required
  Grammar grammar = nullptr;
  bool any_case = false;  // a choice is taken in any case; its value is the word of `choices`
};

/// What a second use of an option in one directive means.
enum class Repeat : uint8_t { last, append, refused };

struct Option {
  std::string_view name;           // empty: the directive's own arguments
  std::span<const Arg> args = {};  // in order
  uint8_t required = 0;            // how many of `args` must be given
  Repeat repeat = Repeat::last;
  std::string_view fallback = {};  // the default, as the README says it
  std::string_view help = {};
  bool block = false;  // has a block of its own, handed on as it is in OptionUse::block; on the option without a name:
                       // the lines of the directive's block that no option of the table names, in file order
  bool extra_args = false;  // CoreDNS ignores arguments behind these; so does the parser
  bool any_case = false;    // the name is taken in any case
};

using Value = std::variant<std::string, int64_t, double, std::chrono::nanoseconds, std::any>;

/// One use of an option, checked against the table. Accessors take the index of an argument that was given.
struct OptionUse {
  const Option* option = nullptr;
  Position at;
  std::vector<Token> tokens;  // the arguments as written
  std::vector<Value> values;  // the same, typed
  std::vector<Directive> block;

  bool is(std::string_view name) const { return option->name == name; }
  size_t size() const { return values.size(); }
  bool has(size_t index) const { return index < values.size(); }
  const std::string& text(size_t index = 0) const { return std::get<std::string>(values[index]); }
  int64_t number(size_t index = 0) const { return std::get<int64_t>(values[index]); }
  double fraction(size_t index = 0) const { return std::get<double>(values[index]); }
  std::chrono::nanoseconds duration(size_t index = 0) const {
    return std::get<std::chrono::nanoseconds>(values[index]);
  }
  template <class T>
  const T& as(size_t index = 0) const {
    return *std::any_cast<T>(&std::get<std::any>(values[index]));
  }
  /// The textual values from `first` on.
  std::vector<std::string> texts(size_t first = 0) const;
};

/// All uses of one occurrence of a directive, its own arguments first (as the option with an empty name; present also
/// when there are no arguments, so that required ones are checked).
struct ParsedDirective {
  Position at;
  std::vector<OptionUse> uses;
};

/// Checks `directive` against the plugin's table. On failure: every error of the directive, each in the form
/// `plugin/NAME: FILE:LINE - Error during parsing: ...`, with "did you mean" for unknown options.
boost::system::result<ParsedDirective, std::vector<Error>> parse_options(const Directive& directive,
                                                                         std::span<const Option> table);

/// A directive's error in CoreDNS's form: `plugin/NAME: FILE:LINE - Error during parsing: MESSAGE`.
Error error_at(std::string_view plugin, const Position& at, std::string_view message);

/// Go's time.ParseDuration ("1h30m", "1.5s", "300ms"; "0" alone has no unit).
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

}  // namespace portolan::corefile
