// The directive `minimal`: no arguments, no options.
#include "server/setup.h"

#include "plugins/minimal/minimal.h"

namespace portolan {
namespace {

Result<void> setup(server::Setup& setup) {
  setup.add(std::make_unique<minimal::Minimal>());
  return {};
}

}  // namespace

extern const server::Plugin minimal_plugin;
const server::Plugin minimal_plugin{.name = "minimal", .setup = setup};

}  // namespace portolan
