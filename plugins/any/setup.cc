// The directive `any`: no arguments, no options.
#include "server/setup.h"

#include "plugins/any/any.h"

namespace portolan {
namespace {

// A second line says nothing new.
Result<void> setup(server::Setup& setup) {
  setup.add(std::make_unique<any::Any>());
  return {};
}

}  // namespace

extern const server::Plugin any_plugin;
const server::Plugin any_plugin{.name = "any", .setup = setup};

}  // namespace portolan
