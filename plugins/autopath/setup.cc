// The directive `autopath [ZONE...] RESOLV-CONF`: the last argument is a file or, behind @, a plugin.
#include "server/setup.h"

#include "plugins/autopath/autopath.h"
#include "plugins/common/search_domains.h"
#include "server/process.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::Option;

constexpr Arg kArguments[] = {{.name = "ZONE_AND_RESOLV_CONF", .kind = corefile::ArgKind::text, .many = true}};
constexpr Option kOptions[] = {{.name = "",
                                .args = kArguments,
                                .fallback = "the zones of the server block",
                                .help = "zones, then a resolv.conf file or @PLUGIN"}};

Result<void> setup(server::Setup& setup) {
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    if (directive.uses.front().size() == 0) return setup.error(directive.at, "no resolv-conf specified");
    if (&directive == &setup.directives().back()) continue;
    setup.warn(directive.at, "only the last autopath of a server block counts");
  }
  const corefile::ParsedDirective& directive = setup.directives().back();
  corefile::OptionUse use = directive.uses.front();
  autopath::Options options;
  options.at = directive.at;
  const std::string source = use.texts().back();
  if (source.starts_with('@')) {
    options.provider = source.substr(1);
  } else if (!setup.checking()) {  // the file need not be on this machine
    auto domains = read_search_domains(source);
    if (!domains) return setup.error(use.at, "failed to parse \"" + source + "\": " + domains.error().message);
    options.search = std::move(*domains);
  }
  use.tokens.pop_back();
  auto zones = setup.zones(use);
  if (!zones) return zones.error();
  options.zones = std::move(*zones);
  setup.add(std::make_unique<autopath::Autopath>(std::move(options), setup.block(), setup.process().workers()));
  return {};
}

}  // namespace

extern const server::Plugin autopath_plugin;
const server::Plugin autopath_plugin{.name = "autopath", .setup = setup, .options = kOptions};

}  // namespace portolan
