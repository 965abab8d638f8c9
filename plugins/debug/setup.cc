// The directive `debug`: no arguments, no options, no handler.
#include "server/setup.h"

#include "plugins/debug/debug.h"

namespace portolan {
namespace {

Result<void> setup(server::Setup& setup) {
  setup.block().debug_ = true;
  setup.add_service(std::make_shared<debug::DebugLines>());
  return {};
}

}  // namespace

extern const server::Plugin debug_plugin;
const server::Plugin debug_plugin{.name = "debug", .setup = setup};

}  // namespace portolan
