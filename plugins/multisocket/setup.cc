// The directive `multisocket`: how many sockets share each address of the block's listeners. It adds no handler.
#include "server/setup.h"

#include "server/process.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;

constexpr int64_t kMost = 1024;

constexpr Arg kNumber[] = {{.name = "NUM_SOCKETS", .kind = ArgKind::integer}};
constexpr Option kOptions[] = {
    {.name = "", .args = kNumber, .fallback = "as many as there are workers", .help = "sockets of each address"},
};

Result<void> setup(server::Setup& setup) {
  if (setup.directives().size() > 1) {
    return setup.error(setup.directives()[1].at, "this plugin can only be used once per Server Block");
  }
  const corefile::OptionUse& use = setup.directives().front().uses.front();
  const int64_t number = use.has(0) ? use.number() : setup.process().workers();
  const std::string found = std::to_string(number);
  if (number < 1) return setup.error(use.at, "num sockets can not be zero or negative: " + found);
  if (number > kMost) return setup.error(use.at, "num sockets exceeds maximum (1024): " + found);
  setup.block().listen_.sockets = static_cast<unsigned>(number);
  return {};
}

}  // namespace

extern const server::Plugin multisocket_plugin;
const server::Plugin multisocket_plugin{.name = "multisocket", .setup = setup, .options = kOptions};

}  // namespace portolan
