// The directive `geoip DBFILE { edns-subnet }`.
#include "server/setup.h"

#include "plugins/geoip/geoip.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::Option;

constexpr Arg kFileArgs[] = {{.name = "DBFILE"}};
constexpr Option kOptions[] = {
    {.name = "", .args = kFileArgs, .required = 1, .help = "MaxMind database (.mmdb) with places or networks"},
    {.name = "edns-subnet", .help = "the client subnet of the question counts, where there is one"},
};

Result<void> setup(server::Setup& setup) {
  if (setup.directives().size() > 1) {
    return setup.error(setup.directives()[1].at, "configuring multiple databases is not supported");
  }
  const corefile::ParsedDirective& directive = setup.directives().front();
  bool client_subnet = false;
  for (const corefile::OptionUse& use : directive.uses) client_subnet |= use.is("edns-subnet");
  if (!setup.block_uses("metadata")) {
    setup.warn(directive.at, "geoip does nothing without the directive 'metadata' in its server block");
  }
  if (setup.checking()) return {};  // the file need not be on this machine
  auto database = geoip::Database::open(directive.uses.front().text());
  if (database.has_error()) return setup.error(directive.at, database.error().message);
  setup.add(std::make_unique<geoip::GeoIp>(std::move(*database), client_subnet));
  return {};
}

}  // namespace

extern const server::Plugin geoip_plugin;
const server::Plugin geoip_plugin{.name = "geoip", .setup = setup, .options = kOptions};

}  // namespace portolan
