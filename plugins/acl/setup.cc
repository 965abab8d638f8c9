// The directive `acl [ZONES...] { ACTION [type QTYPE...] [net SOURCE...] }`.
#include "server/setup.h"

#include "plugins/acl/acl.h"

namespace portolan {
namespace {

using acl::Action;
using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;
using corefile::OptionUse;
using corefile::Repeat;

constexpr Arg kZoneArgs[] = {{.name = "ZONES", .kind = ArgKind::zone, .many = true}};
constexpr Arg kMatchArgs[] = {
    {.name = "type QTYPE... net SOURCE...", .kind = ArgKind::grammar, .grammar = acl::parse_match}};

constexpr Option action(std::string_view name, std::string_view help) {
  return {.name = name, .args = kMatchArgs, .repeat = Repeat::append, .help = help, .any_case = true};
}

constexpr Option kOptions[] = {
    {.name = "", .args = kZoneArgs, .fallback = "the zones of the server block", .help = "names that this is about"},
    action("allow", "lets queries pass, whatever follows"),
    action("block", "answers REFUSED"),
    action("filter", "answers NOERROR without records"),
    action("drop", "answers nothing"),
};

Action action_of(const OptionUse& use) {
  if (use.is("allow")) return Action::allow;
  if (use.is("block")) return Action::block;
  return use.is("filter") ? Action::filter : Action::drop;
}

Result<void> setup(server::Setup& setup) {
  std::vector<acl::Rule> rules;
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    auto zones = setup.zones(directive.uses.front());
    if (zones.has_error()) return zones.error();
    acl::Rule& rule = rules.emplace_back();
    rule.zones = std::move(*zones);
    for (const OptionUse& use : std::span(directive.uses).subspan(1)) {
      rule.policies.push_back({action_of(use), use.has(0) ? use.as<acl::Match>() : acl::Match()});
    }
    acl::merge_neighbours(rule.policies);
  }
  setup.add(std::make_unique<acl::Acl>(std::move(rules), setup.block(), setup.configuration()));
  return {};
}

}  // namespace

extern const server::Plugin acl_plugin;
const server::Plugin acl_plugin{.name = "acl", .setup = setup, .options = kOptions};

}  // namespace portolan
