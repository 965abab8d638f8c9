// The directive `template CLASS TYPE [ZONE...] { ... }`.
#include "server/setup.h"

#include <algorithm>
#include <charconv>

#include "plugins/template/template.h"
#include "server/process.h"
#include "zones/zone_file.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;
using corefile::OptionUse;
using corefile::Repeat;
using templates::Rule;

constexpr Arg kOwnArgs[] = {{.name = "CLASS"}, {.name = "TYPE"}, {.name = "ZONE", .many = true}};
constexpr Arg kMatchArgs[] = {{.name = "REGEX", .many = true}};
constexpr Arg kRecordArgs[] = {{.name = "RR", .many = true}};
constexpr Arg kRcodeArgs[] = {{.name = "CODE"}};
constexpr Arg kErrorArgs[] = {{.name = "CODE"}, {.name = "REASON"}};
constexpr Arg kVariableArgs[] = {{.name = "NAME"}, {.name = "EXPRESSION", .many = true}};
constexpr Arg kConditionArgs[] = {{.name = "EXPRESSION", .many = true}};
constexpr Arg kZoneArgs[] = {{.name = "ZONE", .many = true}};
constexpr Arg kIgnoredArgs[] = {{.name = "ADDRESS", .many = true}};

constexpr Option kOptions[] = {
    {.name = "", .args = kOwnArgs, .required = 2, .help = "class, type and zones of the questions"},
    {.name = "match",
     .args = kMatchArgs,
     .required = 1,
     .repeat = Repeat::append,
     .fallback = ".*",
     .help = "regular expressions on the question's name"},
    {.name = "var",
     .args = kVariableArgs,
     .required = 2,
     .repeat = Repeat::append,
     .help = "a variable for templates and expressions"},
    {.name = "expr",
     .args = kConditionArgs,
     .required = 1,
     .repeat = Repeat::append,
     .help = "must be true for a question to match"},
    {.name = "answer", .args = kRecordArgs, .required = 1, .repeat = Repeat::append, .help = "records of the answer"},
    {.name = "additional",
     .args = kRecordArgs,
     .required = 1,
     .repeat = Repeat::append,
     .help = "records of the additional section"},
    {.name = "authority",
     .args = kRecordArgs,
     .required = 1,
     .repeat = Repeat::append,
     .help = "records of the authority section"},
    {.name = "rcode", .args = kRcodeArgs, .required = 1, .fallback = "NOERROR", .help = "response code"},
    {.name = "ederror", .args = kErrorArgs, .required = 1, .help = "extended DNS error and its text"},
    {.name = "fallthrough", .args = kZoneArgs, .help = "go on when no expression matches"},
    {.name = "upstream", .args = kIgnoredArgs, .help = "without effect; accepted for old Corefiles"},
};

// CoreDNS's names are in upper case, and numbers are no names.
bool is_mnemonic(std::string_view text, std::string_view numbered) {
  const bool lower = std::any_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  return !lower && !(text.starts_with(numbered) && text.size() > numbered.size());
}

Result<void> read_class_and_type(const server::Setup& setup, const OptionUse& use, Rule& rule) {
  const auto cls = dns::parse_class(use.text(0));
  if (cls.has_error() || !is_mnemonic(use.text(0), "CLASS")) {
    return setup.error(use.tokens[0].at, "invalid query class " + use.text(0));
  }
  const auto type = dns::parse_type(use.text(1));
  if (type.has_error() || !is_mnemonic(use.text(1), "TYPE")) {
    return setup.error(use.tokens[1].at, "invalid RR class " + use.text(1));
  }
  rule.cls = *cls;
  rule.type = *type;
  return {};
}

Result<void> add_patterns(const server::Setup& setup, const OptionUse& use, Rule& rule) {
  for (const corefile::Token& token : use.tokens) {
    auto pattern = Regex::compile(token.text);
    if (token.text.size() > Regex::kLongest) return setup.error(token.at, pattern.error().message);
    if (pattern.has_error()) {
      return setup.error(token.at, "could not parse regex: " + token.text + ", " + pattern.error().message);
    }
    rule.patterns.push_back(std::move(*pattern));
  }
  return {};
}

Result<void> add_templates(const server::Setup& setup, const OptionUse& use,
                           std::vector<templates::RecordTemplate>& out) {
  for (const corefile::Token& token : use.tokens) {
    auto text = templates::TextTemplate::parse(token.text);
    if (text.has_error()) {
      return setup.error(token.at, "could not compile template: " + token.text + ", template: " + text.error().message);
    }
    templates::RecordTemplate made;
    made.text = std::move(*text);
    if (made.text.is_plain()) {
      // One that is no record fails for each query, as in CoreDNS; it may stand behind a rule that never matches.
      auto record = zones::read_record(token.text, dns::Name());
      if (!record.has_error() && *record) made.plain = std::move(**record);
    }
    out.push_back(std::move(made));
  }
  return {};
}

// The words of an option from `first` on, as one expression of the rule.
Result<expression::Program> read_expression(const server::Setup& setup, const OptionUse& use, size_t first,
                                            const Rule& rule) {
  std::string source;
  for (size_t i = first; i < use.tokens.size(); ++i) source.append(i > first ? " " : "").append(use.tokens[i].text);
  std::vector<expression::Variable> known;
  for (const Rule::Variable& each : rule.variables) {
    expression::Type type = each.program.type();
    if (type.is(expression::TypeKind::nil)) type = {};
    known.push_back({each.name, type});
  }
  auto program = expression::Program::compile(source, {known, true});
  if (!program.has_error()) return program;
  const std::string whose = first > 0 ? use.text(0) + ", " : "";
  return setup.error(use.tokens[first].at, "could not compile expression: " + whose + program.error().message);
}

Result<void> add_variable(const server::Setup& setup, const OptionUse& use, Rule& rule) {
  const std::string& name = use.text(0);
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto fits = [&](char c) { return letter(c) || (c >= '0' && c <= '9'); };
  if (name.empty() || !letter(name[0]) || !std::all_of(name.begin(), name.end(), fits)) {
    return setup.error(use.tokens[0].at, "invalid variable name \"" + name + "\"");
  }
  const bool taken = std::any_of(rule.variables.begin(), rule.variables.end(),
                                 [&](const Rule::Variable& each) { return each.name == name; });
  if (taken || !expression::is_free_name(name)) {
    return setup.error(use.tokens[0].at, "variable name \"" + name + "\" is reserved");
  }
  auto program = read_expression(setup, use, 1, rule);
  if (program.has_error()) return program.error();
  rule.variables.push_back({name, std::move(*program)});
  return {};
}

Result<void> add_condition(const server::Setup& setup, const OptionUse& use, Rule& rule) {
  auto program = read_expression(setup, use, 0, rule);
  if (program.has_error()) return program.error();
  rule.conditions.push_back(std::move(*program));
  return {};
}

Result<void> read_extended_error(const server::Setup& setup, const OptionUse& use, Rule& rule) {
  uint16_t code = 0;
  const std::string& text = use.text(0);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
  if (error != std::errc() || end != text.data() + text.size()) {
    return setup.error(use.tokens[0].at,
                       "error parsing extended DNS error code " + text + ", " +
                           (error == std::errc::result_out_of_range ? "value out of range" : "invalid syntax"));
  }
  rule.extended_error = code;
  rule.extended_text = use.has(1) ? use.text(1) : "";
  return {};
}

Result<void> read_option(server::Setup& setup, const OptionUse& use, Rule& rule) {
  if (use.is("match")) return add_patterns(setup, use, rule);
  if (use.is("var")) return add_variable(setup, use, rule);
  if (use.is("expr")) return add_condition(setup, use, rule);
  if (use.is("answer")) return add_templates(setup, use, rule.answer);
  if (use.is("additional")) return add_templates(setup, use, rule.additional);
  if (use.is("authority")) return add_templates(setup, use, rule.authority);
  if (use.is("ederror")) return read_extended_error(setup, use, rule);
  if (use.is("fallthrough")) rule.fallthrough = Fallthrough::parse(use);
  if (use.is("upstream")) setup.warn(use.at, "upstream has no effect");
  if (use.is("rcode")) {
    const auto rcode = dns::parse_rcode(use.text());
    if (rcode.has_error() || !is_mnemonic(use.text(), "RCODE")) {
      return setup.error(use.at, "unknown rcode " + use.text());
    }
    rule.rcode = *rcode;
  }
  return {};
}

Result<Rule> read_rule(server::Setup& setup, const corefile::ParsedDirective& directive) {
  Rule rule;
  const OptionUse& own = directive.uses.front();
  if (auto done = read_class_and_type(setup, own, rule); done.has_error()) return done.error();
  // An empty word is a zone that no name lies in, as in CoreDNS.
  OptionUse named = own;
  std::erase_if(named.tokens, [](const corefile::Token& token) { return token.text.empty(); });
  const bool none = named.tokens.size() < own.tokens.size() && named.tokens.size() == 2;
  const auto zones = none ? Result<std::vector<dns::Name>>(std::vector<dns::Name>()) : setup.zones(named, 2);
  if (zones.has_error()) return zones.error();
  for (const dns::Name& zone : *zones) rule.zones.push_back({zone, zone.text()});
  for (const OptionUse& use : directive.uses) {
    if (auto done = read_option(setup, use, rule); done.has_error()) return done.error();
  }
  if (rule.patterns.empty()) {
    auto everything = Regex::compile(".*");
    if (everything.has_error()) return everything.error();
    rule.patterns.push_back(std::move(*everything));
  }
  return {boost::system::in_place_value, std::move(rule)};
}

Result<void> setup(server::Setup& setup) {
  std::vector<Rule> rules;
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    auto rule = read_rule(setup, directive);
    if (rule.has_error()) return rule.error();
    rules.push_back(std::move(*rule));
  }
  setup.add(std::make_unique<templates::Template>(std::move(rules), setup.process().workers()));
  return {};
}

}  // namespace

extern const server::Plugin template_plugin;
const server::Plugin template_plugin{.name = "template", .setup = setup, .options = kOptions};

}  // namespace portolan
