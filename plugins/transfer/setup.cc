// The directive `transfer [ZONES...] { to ADDRESS... }`.
#include "server/setup.h"

#include "plugins/common/name_server_address.h"
#include "plugins/transfer/transfer.h"
#include "server/process.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;
using corefile::OptionUse;
using corefile::Repeat;

constexpr Arg kZoneArgs[] = {{.name = "ZONES", .many = true}};
constexpr Arg kToArgs[] = {{.name = "ADDRESS", .many = true}};
constexpr Arg kSourceArgs[] = {{.name = "ADDRESS", .kind = ArgKind::address}};

constexpr Option kOptions[] = {
    {.name = "", .args = kZoneArgs, .help = "zones that are handed out"},
    {.name = "to",
     .args = kToArgs,
     .required = 1,
     .repeat = Repeat::append,
     .help = "who may have them, and hears of changes; *: everybody, and nobody hears"},
    {.name = "source",
     .args = kSourceArgs,
     .required = 1,
     .repeat = Repeat::refused,
     .help = "the address that NOTIFY messages come from"},
};

Result<void> add_secondaries(const server::Setup& setup, const OptionUse& use, transfer::Rule& rule) {
  for (size_t i = 0; i < use.size(); ++i) {
    if (use.text(i) == "*") {
      rule.everyone = true;
      continue;
    }
    const auto secondary = parse_name_server(use.text(i));
    if (secondary.has_error()) return setup.error(use.tokens[i].at, secondary.error().message);
    rule.to.push_back(*secondary);
  }
  return {};
}

void warn_of_other_family(server::Setup& setup, const OptionUse& source, const transfer::Rule& rule) {
  for (const SocketAddress& each : rule.to) {
    if (each.ip.is_v4() == rule.source->is_v4()) continue;
    setup.warn(source.at, each.text() + " hears of no change: it cannot be sent to from " + rule.source->text());
  }
}

Result<void> setup(server::Setup& setup) {
  std::vector<transfer::Rule> rules;
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    transfer::Rule rule;
    const OptionUse* source = nullptr;
    for (const OptionUse& use : directive.uses) {
      if (use.is("to")) {
        if (auto added = add_secondaries(setup, use, rule); added.has_error()) return added;
      } else if (use.is("source")) {
        const auto address = IpAddress::parse(use.text());
        if (address.has_error()) return setup.error(use.at, address.error().message);
        rule.source = *address;
        source = &use;
      }
    }
    if (!rule.everyone && rule.to.empty()) return setup.error(directive.at, "'to' is required");
    if (source) warn_of_other_family(setup, *source, rule);
    auto zones = setup.zones(directive.uses.front());
    if (zones.has_error()) return zones.error();
    rule.zones = std::move(*zones);
    rules.push_back(std::move(rule));
  }
  setup.add(std::make_unique<transfer::Transfer>(std::move(rules), setup.block(), setup.process().background()));
  return {};
}

}  // namespace

extern const server::Plugin transfer_plugin;
const server::Plugin transfer_plugin{.name = "transfer", .setup = setup, .options = kOptions};

}  // namespace portolan
