// The directive `rewrite RULE`, or `rewrite [MODE] { RULE }`: each is one rule.
#include "server/setup.h"

#include "plugins/rewrite/grammar.h"
#include "plugins/rewrite/rewrite.h"
#include "server/finish.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;
using corefile::OptionUse;
using corefile::Token;
using rewrite::RulePtr;

// A mode alone may be continued in a block; what is on the line otherwise is a whole rule.
Result<std::any> parse_line(std::span<const Token> tokens) {
  return tokens.size() > 1 ? rewrite::parse_rule(tokens) : corefile::parsed(RulePtr());
}

constexpr Arg kRule[] = {{.name = "RULE", .kind = ArgKind::grammar, .grammar = parse_line}};
constexpr Option kOptions[] = {
    {.name = "", .args = kRule, .help = "mode, field and what the field takes; in the block, the same", .block = true},
};

// In a block the rule may be broken into lines anywhere: its tokens are those of all lines, the mode in front.
std::vector<Token> tokens_of(const OptionUse& use) {
  std::vector<Token> tokens = use.tokens;
  for (const corefile::Directive& line : use.block) {
    tokens.push_back(line.name);
    tokens.insert(tokens.end(), line.args.begin(), line.args.end());
  }
  return tokens;
}

Result<RulePtr> rule_of(const OptionUse& use, const server::Setup& setup) {
  const RulePtr on_line = use.has(0) ? use.as<RulePtr>() : RulePtr();
  if (on_line && use.block.empty()) return on_line;
  if (on_line) {
    return setup.error(use.at, "unexpected block behind \"" + use.tokens.back().text +
                                   "\", expected the whole rule on the line or in the block");
  }
  for (const corefile::Directive& line : use.block) {
    if (line.block) return setup.error(line.name.at, "unexpected block behind \"" + line.name.text + "\" in a rule");
  }
  const auto rule = rewrite::parse_rule(tokens_of(use));
  if (rule.has_error()) return setup.error(use.at, rule.error().message);
  return std::any_cast<RulePtr>(*rule);
}

Result<void> setup(server::Setup& setup) {
  std::vector<RulePtr> rules;
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    const OptionUse& use = directive.uses.front();
    auto rule = rule_of(use, setup);
    if (rule.has_error()) return rule.error();
    if (const std::string doubt = rewrite::doubt_about(tokens_of(use)); !doubt.empty()) setup.warn(use.at, doubt);
    if (const auto code = (*rule)->echoed()) server::echo_option(*code);
    rules.push_back(std::move(*rule));
  }
  setup.add(std::make_unique<rewrite::Rewrite>(std::move(rules)));
  return {};
}

}  // namespace

extern const server::Plugin rewrite_plugin;
const server::Plugin rewrite_plugin{.name = "rewrite", .setup = setup, .options = kOptions};

}  // namespace portolan
