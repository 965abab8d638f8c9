// The directive `forward FROM TO... { ... }`: every occurrence in a block is a handler of its own.
#include "server/setup.h"

#include "plugins/forward/forward.h"
#include "plugins/forward/options.h"

namespace portolan {
namespace {

Result<void> setup(server::Setup& setup) {
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    auto options = forward::read_options(setup, directive);
    if (!options) return options.error();
    setup.add(std::make_unique<forward::Forward>(setup.process(), setup.block(), std::move(*options), directive.at));
  }
  return {};
}

}  // namespace

extern const server::Plugin forward_plugin;
const server::Plugin forward_plugin{.name = "forward", .setup = setup, .options = forward::option_table()};

}  // namespace portolan
