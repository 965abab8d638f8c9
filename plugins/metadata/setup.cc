// The directive `metadata [ZONES...]`: tells the core that queries of the block get metadata, and whose.
#include "server/setup.h"

#include "plugins/metadata/metadata.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::Option;

constexpr Arg kZones[] = {{.name = "ZONES", .kind = corefile::ArgKind::zone, .many = true}};
constexpr Option kOptions[] = {{.name = "",
                                .args = kZones,
                                .fallback = "the zones of the server block",
                                .help = "zones whose queries get metadata",
                                .block = true}};  // an empty block is fine, as for CoreDNS

Result<void> setup(server::Setup& setup) {
  if (setup.directives().size() > 1) {
    return setup.error(setup.directives()[1].at, "this plugin can only be used once per Server Block");
  }
  const corefile::OptionUse& use = setup.directives().front().uses.front();
  if (!use.block.empty()) {
    const corefile::Token& name = use.block.front().name;
    return setup.error(name.at, "unexpected '" + name.text + "': metadata has no options");
  }
  auto zones = setup.zones(use);
  if (!zones) return zones.error();
  setup.block().metadata_zones_ = std::move(*zones);
  setup.add(std::make_unique<metadata::Metadata>());
  return {};
}

}  // namespace

extern const server::Plugin metadata_plugin;
const server::Plugin metadata_plugin{.name = "metadata", .setup = setup, .options = kOptions};

}  // namespace portolan
