// The directive `loop`: no arguments, no options.
#include "server/setup.h"

#include "plugins/loop/loop_detector.h"

namespace portolan {
namespace {

Result<void> setup(server::Setup& setup) {
  if (setup.directives().size() > 1) {
    return setup.error(setup.directives()[1].at, "this plugin can only be used once per Server Block");
  }
  setup.add(std::make_unique<loop::LoopDetector>(setup.block(), setup.process()));
  return {};
}

}  // namespace

extern const server::Plugin loop_plugin;
const server::Plugin loop_plugin{.name = "loop", .setup = setup};

}  // namespace portolan
