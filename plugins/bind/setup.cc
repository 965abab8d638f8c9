// The directive `bind ADDRESS|IFACE...`: which addresses the block's listeners take. It adds no handler.
#include "server/setup.h"

#include "plugins/bind/addresses.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::Option;
using corefile::OptionUse;

constexpr Arg kPlaces[] = {{.name = "ADDRESS|IFACE", .many = true}};
constexpr Option kOptions[] = {
    {.name = "", .args = kPlaces, .required = 1, .fallback = "every address", .help = "where to listen"},
    {.name = "except", .args = kPlaces, .required = 1, .help = "addresses and interfaces to leave out"},
};

// What one line of `bind` comes to.
Result<std::vector<std::string>> hosts_of(const corefile::ParsedDirective& directive, server::Setup& setup,
                                          std::span<const bind::Interface> machine) {
  std::vector<std::string> hosts, except;
  for (const OptionUse& use : directive.uses) {
    auto addresses = bind::addresses_of(use.texts(), machine);
    if (addresses.has_error()) {
      // `-check` may run on another machine than the server will.
      if (!setup.checking()) return setup.error(use.at, addresses.error().message);
      setup.warn(use.at, addresses.error().message);
      continue;
    }
    (use.is("except") ? except : hosts) = std::move(*addresses);
  }
  hosts = bind::without(hosts, except);
  if (hosts.empty() && !setup.checking()) return setup.error(directive.at, "no address is left to listen on");
  return hosts;
}

Result<void> setup(server::Setup& setup) {
  auto machine = bind::interfaces();
  if (machine.has_error()) {
    setup.warn(setup.directives().front().at, machine.error().message);
    machine = std::vector<bind::Interface>();
  }
  std::vector<std::string>& hosts = setup.block().listen_.hosts;
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    auto added = hosts_of(directive, setup, *machine);
    if (added.has_error()) return added.error();
    hosts.insert(hosts.end(), added->begin(), added->end());
  }
  return {};
}

}  // namespace

extern const server::Plugin bind_plugin;
const server::Plugin bind_plugin{.name = "bind", .setup = setup, .options = kOptions};

}  // namespace portolan
