// The directive `whoami`: no arguments, no options.
#include "server/setup.h"

#include "plugins/whoami/whoami.h"

namespace portolan {
namespace {

Result<void> setup(server::Setup& setup) {
  setup.add(std::make_unique<whoami::Whoami>());
  return {};
}

}  // namespace

extern const server::Plugin whoami_plugin;
const server::Plugin whoami_plugin{.name = "whoami", .setup = setup};

}  // namespace portolan
