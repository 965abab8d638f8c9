// The directive `dnssec [ZONES...] { ... }`.
#include "server/setup.h"

#include <algorithm>

#include "plugins/dnssec/dnssec.h"
#include "server/process.h"
#include "zones/dnssec/key_file.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;
using corefile::OptionUse;

constexpr Arg kOwnArgs[] = {{.name = "ZONES", .many = true}};
constexpr Arg kKeyArgs[] = {
    {.name = "file|aws_secretsmanager", .kind = ArgKind::choice, .choices = "file|aws_secretsmanager"},
    {.name = "KEY", .many = true}};
constexpr Arg kCapacityArgs[] = {{.name = "CAPACITY", .kind = ArgKind::integer, .max = 100'000'000}};

constexpr Option kOptions[] = {
    {.name = "", .args = kOwnArgs, .help = "zones whose answers are signed; without any, the server block's"},
    {.name = "key",
     .args = kKeyArgs,
     .required = 2,
     .repeat = corefile::Repeat::append,
     .help = "key files, with or without their endings"},
    {.name = "cache_capacity",
     .args = kCapacityArgs,
     .required = 1,
     .fallback = "10000",
     .help = "rrsets whose signatures are kept",
     .extra_args = true},
    {.name = "compact_denial", .help = "names that do not exist say so in their NSEC record (RFC 9824)"},
};

Result<void> read_keys(server::Setup& setup, const OptionUse& use, std::vector<zones::SigningKey>& keys) {
  if (use.text(0) != "file") {
    return setup.error(use.at,
                       "key aws_secretsmanager is not offered: this server does not ask AWS; write the secret's "
                       "two parts into files and name them with \"key file\"");
  }
  if (setup.checking()) return {};
  for (size_t i = 1; i < use.size(); ++i) {
    auto key = zones::read_key(setup.block().file(use.text(i)));
    if (key.has_error()) return setup.error(use.at, key.error().message);
    const auto same = [&](const zones::SigningKey& other) { return std::ranges::equal(other.dnskey(), key->dnskey()); };
    if (std::any_of(keys.begin(), keys.end(), same)) {
      setup.warn(use.at, "key " + use.text(i) + " has been named already");
    } else {
      keys.push_back(std::move(*key));
    }
  }
  return {};
}

// A key signs its own zone and those below.
Result<void> check_owners(const server::Setup& setup, const corefile::ParsedDirective& directive,
                          const std::vector<dns::Name>& zones, const std::vector<zones::SigningKey>& keys) {
  for (const zones::SigningKey& key : keys) {
    const dns::Name& owner = key.record().owner;
    const auto signs = [&](const dns::Name& zone) { return zone.view().is_under(owner); };
    if (std::any_of(zones.begin(), zones.end(), signs)) continue;
    return setup.error(directive.at, "key " + owner.text() + " (keyid: " + std::to_string(key.tag()) +
                                         ") can not sign any of the zones");
  }
  return {};
}

Result<void> setup(server::Setup& setup) {
  if (setup.directives().size() > 1) {
    return setup.error(setup.directives()[1].at, "this plugin can only be used once per Server Block");
  }
  const corefile::ParsedDirective& directive = setup.directives().front();
  dnssec::Options options;
  std::vector<zones::SigningKey> keys;
  for (const OptionUse& use : directive.uses) {
    if (use.is("key")) {
      if (auto done = read_keys(setup, use, keys); done.has_error()) return done;
    }
    if (use.is("cache_capacity")) options.capacity = use.number();
    if (use.is("compact_denial")) options.compact_denial = true;
  }
  auto zones = setup.zones(directive.uses.front());
  if (zones.has_error()) return zones.error();
  options.zones = std::move(*zones);
  if (auto done = check_owners(setup, directive, options.zones, keys); done.has_error()) return done;
  if (keys.empty() && !setup.checking()) setup.warn(directive.at, "without a key nothing is signed");
  options.keys = zones::KeySet(std::move(keys));
  if (!options.keys.complete()) setup.warn(directive.at, std::string(zones::KeySet::kIncomplete));
  setup.add(std::make_unique<dnssec::Dnssec>(std::move(options), setup.process().workers(), setup.process().clock()));
  return {};
}

}  // namespace

extern const server::Plugin dnssec_plugin;
const server::Plugin dnssec_plugin{.name = "dnssec", .setup = setup, .options = kOptions};

}  // namespace portolan
