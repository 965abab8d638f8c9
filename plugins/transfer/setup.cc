// The directive `transfer [ZONES...] { to ADDRESS... [key NAME] }`.
#include "server/setup.h"

#include <algorithm>

#include "plugins/common/name_server_address.h"
#include "plugins/common/per_configuration.h"
#include "plugins/common/tsig_keys.h"
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
constexpr Arg kJournalArgs[] = {{.name = "FOLDER"}};
constexpr Arg kSourceArgs[] = {{.name = "ADDRESS", .kind = ArgKind::address}};

constexpr Option kOptions[] = {
    {.name = "", .args = kZoneArgs, .help = "zones that are handed out"},
    {.name = "to",
     .args = kToArgs,
     .required = 1,
     .repeat = Repeat::append,
     .help = "who may have them, with the key of tsig behind 'key' if one is, and hears of changes; *: everybody, and "
             "nobody hears"},
    {.name = "source",
     .args = kSourceArgs,
     .required = 1,
     .repeat = Repeat::refused,
     .help = "the address that NOTIFY messages come from"},
    {.name = "journal",
     .args = kJournalArgs,
     .repeat = Repeat::refused,
     .help = "keep what changes, for IXFR; in a folder too, so that it outlives a restart"},
};

Result<void> add_recipients(server::Setup& setup, const OptionUse& use, transfer::Rule& rule) {
  const auto keyed = read_keyed_addresses(setup, use);
  if (keyed.has_error()) return keyed.error();
  for (const corefile::Token& each : keyed->addresses) {
    transfer::Recipient recipient{std::nullopt, keyed->key};
    if (each.text != "*") {
      const auto address = parse_name_server(each.text);
      if (address.has_error()) return setup.error(each.at, address.error().message);
      recipient.address = *address;
    }
    rule.to.push_back(std::move(recipient));
  }
  return {};
}

// A zone whose signatures `tsig` passes over would be refused to everybody.
void warn_of_unchecked_zones(server::Setup& setup, const corefile::Position& at, const transfer::Rule& rule) {
  const auto* keys = dynamic_cast<const TsigKeys*>(setup.block().other("tsig"));
  const bool has_key =
      std::any_of(rule.to.begin(), rule.to.end(), [](const transfer::Recipient& each) { return each.key != nullptr; });
  if (!has_key) return;
  for (const dns::Name& zone : rule.zones) {
    if (keys->concerns(zone)) continue;
    setup.warn(at, "nobody who needs a key may have " + zone.text() + ": tsig does not look at its queries");
  }
}

void warn_of_other_family(server::Setup& setup, const OptionUse& source, const transfer::Rule& rule) {
  for (const transfer::Recipient& each : rule.to) {
    if (!each.address || each.address->ip.is_v4() == rule.source->is_v4()) continue;
    setup.warn(source.at,
               each.address->text() + " hears of no change: it cannot be sent to from " + rule.source->text());
  }
}

Result<void> setup(server::Setup& setup) {
  std::vector<transfer::Rule> rules;
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    transfer::Rule rule;
    const OptionUse* source = nullptr;
    for (const OptionUse& use : directive.uses) {
      if (use.is("to")) {
        if (auto added = add_recipients(setup, use, rule); added.has_error()) return added;
      } else if (use.is("source")) {
        const auto address = IpAddress::parse(use.text());
        if (address.has_error()) return setup.error(use.at, address.error().message);
        rule.source = *address;
        source = &use;
      } else if (use.is("journal")) {
        rule.journal = true;
        if (use.has(0)) rule.journal_folder = setup.block().file(use.text());
      }
    }
    if (rule.to.empty()) return setup.error(directive.at, "'to' is required");
    if (source) warn_of_other_family(setup, *source, rule);
    auto zones = setup.zones(directive.uses.front());
    if (zones.has_error()) return zones.error();
    rule.zones = std::move(*zones);
    warn_of_unchecked_zones(setup, directive.at, rule);
    rules.push_back(std::move(rule));
  }
  setup.add(std::make_unique<transfer::Transfer>(std::move(rules), setup.block(), setup.process().background(),
                                                 setup.process().clock(),
                                                 per_configuration<transfer::JournalFiles>(setup.configuration())));
  return {};
}

}  // namespace

extern const server::Plugin transfer_plugin;
const server::Plugin transfer_plugin{.name = "transfer", .setup = setup, .options = kOptions};

}  // namespace portolan
