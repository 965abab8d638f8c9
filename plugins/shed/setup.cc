// The directive `shed`: no arguments, no options.
#include "server/setup.h"

#include "plugins/shed/shed.h"

namespace portolan {
namespace {

Result<void> setup(server::Setup& setup) {
  if (setup.directives().size() > 1) {
    return setup.error(setup.directives()[1].at, "this plugin can only be used once per Server Block");
  }
  for (const server::Block::Key& key : setup.block().keys()) {
    if (key.scheme == "dns") continue;
    return setup.error(setup.directives().front().at, "only plain DNS server blocks are supported; \"" + key.text +
                                                          "\" uses transport \"" + key.scheme + "\"");
  }
  setup.block().listen_.shed = true;
  setup.add(std::make_unique<shed::Shed>());
  return {};
}

}  // namespace

extern const server::Plugin shed_plugin;
const server::Plugin shed_plugin{.name = "shed", .setup = setup};

}  // namespace portolan
