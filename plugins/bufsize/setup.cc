// The directive `bufsize [SIZE]`.
#include "server/setup.h"

#include "plugins/bufsize/bufsize.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;

constexpr Arg kSizeArgs[] = {
    {.name = "SIZE", .kind = ArgKind::integer, .min = bufsize::kMinSize, .max = bufsize::kMaxSize}};
constexpr Option kOptions[] = {
    {.name = "", .args = kSizeArgs, .fallback = "1232", .help = "largest UDP payload that is taken from a client"}};

Result<void> setup(server::Setup& setup) {
  // The first line counts, as in CoreDNS.
  const corefile::OptionUse& use = setup.directives().front().uses.front();
  const int64_t size = use.has(0) ? use.number(0) : int64_t{bufsize::kDefaultSize};
  setup.add(std::make_unique<bufsize::Bufsize>(static_cast<uint16_t>(size)));
  return {};
}

}  // namespace

extern const server::Plugin bufsize_plugin;
const server::Plugin bufsize_plugin{.name = "bufsize", .setup = setup, .options = kOptions};

}  // namespace portolan
