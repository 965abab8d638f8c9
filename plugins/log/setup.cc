// The `log` directive: names, a format, classes.
#include "server/setup.h"

#include "plugins/log/log.h"
#include "server/process.h"

namespace portolan {
namespace query_log {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;
using corefile::Repeat;

constexpr Arg kArguments[] = {{.name = "NAMES_AND_FORMAT", .kind = ArgKind::text, .many = true}};
constexpr Arg kClasses[] = {{.name = "CLASSES", .kind = ArgKind::text, .many = true}};
constexpr Option kOptions[] = {
    {.name = "", .args = kArguments, .help = "names whose queries are logged, then the format of the lines"},
    {.name = "class",
     .args = kClasses,
     .required = 1,
     .repeat = Repeat::append,
     .fallback = "all",
     .help = "which answers are logged: success, denial, error, all"},
};

std::string with_shortcuts(std::string format) {
  std::string combined(kCommonFormat);
  combined += " \"{>opcode}\"";
  const std::pair<std::string_view, std::string_view> shortcuts[] = {{"{common}", kCommonFormat},
                                                                     {"{combined}", combined}};
  for (const auto& [shortcut, text] : shortcuts) {
    for (size_t at = 0; (at = format.find(shortcut, at)) != format.npos; at += text.size()) {
      format.replace(at, shortcut.size(), text);
    }
  }
  return format;
}

Result<uint8_t> class_of(std::string_view word) {
  if (word == "success") return kSuccess;
  if (word == "denial") return kDenial;
  if (word == "error") return kError;
  if (word == "all") return kAll;
  return fail("invalid Class: " + std::string(word) + ", expected success, denial, error or all");
}

Result<uint8_t> classes_of(server::Setup& setup, const corefile::ParsedDirective& directive) {
  uint8_t classes = 0;
  for (const corefile::OptionUse& use : directive.uses) {
    if (!use.is("class")) continue;
    for (const std::string& word : use.texts()) {
      auto one = class_of(word);
      if (one.has_error()) return setup.error(use.at, one.error().message);
      classes |= *one;
    }
  }
  return classes == 0 ? static_cast<uint8_t>(kAll) : classes;
}

// As in CoreDNS, the last of several words is the format if it has a `{`; a single word is a name.
Result<void> add_rules(server::Setup& setup, const corefile::ParsedDirective& directive, std::vector<Rule>& rules) {
  auto classes = classes_of(setup, directive);
  if (classes.has_error()) return classes.error();
  std::vector<std::string> words = directive.uses.front().texts();
  std::string format(kCommonFormat);
  if (words.size() > 1 && words.back().find('{') != std::string::npos) {
    format = with_shortcuts(words.back());
    words.pop_back();
  }
  if (words.empty()) words.emplace_back(".");
  const auto compiled = std::make_shared<const Replacer>(format);
  for (const std::string& word : words) {
    auto scope = dns::Name::parse(word);
    if (scope.has_error()) {
      return setup.error(directive.at, "\"" + word + "\" is not a domain name: " + scope.error().message);
    }
    rules.push_back({scope->lower(), compiled, *classes});
  }
  return {};
}

Result<void> setup_log(server::Setup& setup) {
  std::vector<Rule> rules;
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    if (auto added = add_rules(setup, directive, rules); added.has_error()) return added;
  }
  setup.add(std::make_unique<QueryLog>(std::move(rules), setup.process().clock()));
  return {};
}

}  // namespace
}  // namespace query_log

extern const server::Plugin log_plugin;
const server::Plugin log_plugin{.name = "log", .setup = query_log::setup_log, .options = query_log::kOptions};

}  // namespace portolan
