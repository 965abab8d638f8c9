// The syntax of rules: `[continue|stop] FIELD ...`, from tokens to a Rule.
#pragma once

#include <any>
#include <span>
#include <string>
#include <string_view>

#include "corefile/option.h"
#include "plugins/rewrite/rule.h"

namespace portolan::rewrite {

using Tokens = std::span<const corefile::Token>;

/// A corefile::Grammar for all tokens of one directive, those of its block included: gives a RulePtr.
Result<std::any> parse_rule(Tokens tokens);

/// What can hardly be meant by a rule that parse_rule() takes, for a warning; empty: nothing.
std::string doubt_about(Tokens tokens);

// The fields, each with the tokens behind it. grammar.cc has those that are not named below.
Result<RulePtr> parse_name_rule(Tokens tokens, bool stops);  // name_grammar.cc
Result<RulePtr> parse_edns_rule(Tokens tokens, bool stops);  // edns_grammar.cc

/// In quotes, for errors.
std::string quoted(std::string_view text);
/// In lower case.
std::string lowered(std::string_view text);
/// In lower case with a final dot, as CoreDNS takes the names of a rule, parts of names too: "pre-" is "pre-.".
std::string normalized(std::string_view text);
/// A regular expression as a pattern; refused beyond 10,000 octets.
Result<Pattern> parse_regex(std::string_view text, Regex::Case letters = Regex::Case::matters);
/// A pattern of any kind; other kinds than regex are taken as names.
Result<Pattern> parse_pattern(Kind kind, std::string_view text);
/// What goes wrong when `tokens` are not what a field takes: what was found, and the form.
Error wrong_form(std::string_view what, std::string_view form);

template <class R>
RulePtr finished(std::shared_ptr<R> rule, bool stops) {
  rule->stops = stops;
  return rule;
}

}  // namespace portolan::rewrite
