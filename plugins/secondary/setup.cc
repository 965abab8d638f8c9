// The directive `secondary [ZONES...] { transfer from ADDRESS... [key NAME] }`.
#include "server/setup.h"

#include <algorithm>
#include <optional>

#include "plugins/common/name_server_address.h"
#include "plugins/common/per_configuration.h"
#include "plugins/common/tsig_keys.h"
#include "plugins/secondary/secondary.h"
#include "server/process.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;
using corefile::OptionUse;
using corefile::Repeat;
using secondary::SecondaryZone;

constexpr Arg kZoneArgs[] = {{.name = "ZONES", .many = true}};
constexpr Arg kTransferArgs[] = {{.name = "from"}, {.name = "ADDRESS", .many = true}};
constexpr Arg kMemberArgs[] = {{.name = "MEMBER-ZONES", .many = true}};
constexpr Arg kStoreArgs[] = {{.name = "DIR"}};

constexpr Option kOptions[] = {
    {.name = "", .args = kZoneArgs, .help = "zones that are transferred"},
    {.name = "transfer",
     .args = kTransferArgs,
     .required = 1,
     .repeat = Repeat::append,
     .help = "the primaries, in the order they are asked; signed with the key of tsig behind 'key', if one is"},
    {.name = "fallthrough", .args = kZoneArgs, .help = "pass on names that are not there"},
    {.name = "catalog",
     .args = kMemberArgs,
     .repeat = Repeat::append,
     .help = "the zones are catalogs (RFC 9432); which of their members are taken"},
    {.name = "store", .args = kStoreArgs, .required = 1, .help = "folder of copies, for a start without the primaries"},
    {.name = "zonemd", .help = "refuse versions whose digest does not fit (RFC 8976)"},
};

constexpr size_t kTransfersAtOnce = 10;

Result<void> add_primaries(server::Setup& setup, const OptionUse& use, SecondaryZone::Source& source) {
  if (use.text(0) != "from") return setup.error(use.at, "unknown property " + use.text(0));
  const auto keyed = read_keyed_addresses(setup, use, 1);
  if (keyed.has_error()) return keyed.error();
  if (keyed->addresses.empty()) {
    return setup.error(use.at, "Wrong argument count or unexpected line ending after 'from'");
  }
  for (const corefile::Token& each : keyed->addresses) {
    if (each.text == "*") return setup.error(each.at, "can't use '*' in transfer from");
    const auto address = parse_name_server(each.text);
    if (address.has_error()) return setup.error(each.at, address.error().message);
    source.primaries.emplace_back(*address, keyed->key);
  }
  return {};
}

// A use without zones stands for every member, whatever others say.
Result<void> add_members(const server::Setup& setup, const OptionUse& use,
                         std::optional<std::vector<dns::Name>>& catalog) {
  const bool everything = use.size() == 0 || (catalog && catalog->empty());
  if (!catalog) catalog.emplace();
  for (size_t i = 0; i < use.size(); ++i) {
    const auto zone = dns::Name::parse(use.text(i));
    if (zone.has_error()) {
      return setup.error(use.tokens[i].at,
                         "invalid catalog member zone \"" + use.text(i) + "\": " + zone.error().message);
    }
    catalog->push_back(zone->lower());
  }
  if (everything) catalog->clear();
  return {};
}

// Each zone once; of several directives for one the last counts, as in CoreDNS.
void add_zone(server::Setup& setup, const corefile::Position& at, secondary::Options::Zone zone,
              secondary::Options& options) {
  const auto same = [&](const secondary::Options::Zone& each) { return each.origin == zone.origin; };
  const auto known = std::find_if(options.zones.begin(), options.zones.end(), same);
  if (known == options.zones.end()) return options.zones.push_back(std::move(zone));
  setup.warn(at, "takes the place of the first 'secondary' for " + zone.origin.text());
  *known = std::move(zone);
}

Result<void> setup(server::Setup& setup) {
  secondary::Options options;
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    SecondaryZone::Source source;
    std::optional<std::vector<dns::Name>> catalog;
    for (const OptionUse& use : directive.uses) {
      if (use.is("transfer")) {
        if (auto added = add_primaries(setup, use, source); added.has_error()) return added;
      }
      if (use.is("fallthrough")) options.fallthrough = Fallthrough::parse(use);
      if (use.is("catalog")) {
        if (auto added = add_members(setup, use, catalog); added.has_error()) return added;
      }
      if (use.is("zonemd")) source.zonemd = true;
      if (use.is("store")) source.store = setup.block().file(use.text());
    }
    if (source.primaries.empty()) {
      return setup.error(directive.at, "secondary zones require a transfer from property");
    }
    auto zones = setup.zones(directive.uses.front());
    if (zones.has_error()) return zones.error();
    for (dns::Name& zone : *zones) {
      std::erase_if(options.catalogs, [&](const auto& each) { return each.origin == zone; });
      if (catalog) options.catalogs.push_back({zone, *catalog});
      add_zone(setup, directive.at, {std::move(zone), source}, options);
    }
  }
  options.kept = per_configuration<secondary::KeptFiles>(setup.configuration());
  for (const secondary::Options::Zone& zone : options.zones) {
    if (zone.source.store.empty()) continue;
    if (!options.kept->insert(secondary::ZoneStore(zone.source.store).path(zone.origin)).second) {
      return setup.error(setup.directives().front().at, "another server block keeps " + zone.origin.text() + " in " +
                                                            zone.source.store + ": each needs a folder of its own");
    }
  }
  server::Process& process = setup.process();
  const SecondaryZone::Surroundings surroundings{
      process.background(), process.clock(), std::make_shared<secondary::Slots>(process.background(), kTransfersAtOnce),
      secondary::Times{}};
  setup.add(std::make_unique<secondary::Secondary>(options, setup.block(), surroundings));
  return {};
}

}  // namespace

extern const server::Plugin secondary_plugin;
const server::Plugin secondary_plugin{.name = "secondary", .setup = setup, .options = kOptions};

}  // namespace portolan
