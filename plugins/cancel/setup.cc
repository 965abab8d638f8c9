// The `cancel` directive.
#include "server/setup.h"

#include "plugins/cancel/cancel.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;

constexpr auto kTimeout = std::chrono::milliseconds(5001);  // a stub resolver gives up after 5 s

constexpr Arg kArguments[] = {{.name = "TIMEOUT", .kind = ArgKind::duration}};
constexpr Option kOptions[] = {
    {.name = "", .args = kArguments, .fallback = "5001ms", .help = "how long a query may take"},
};

Result<void> setup(server::Setup& setup) {
  std::chrono::nanoseconds timeout = kTimeout;
  for (const corefile::ParsedDirective& directive : setup.directives()) {  // the last one counts, as with CoreDNS
    const corefile::OptionUse& use = directive.uses.front();
    timeout = use.has(0) ? use.duration() : kTimeout;
    if (timeout.count() > 0) continue;
    return setup.error(use.at, "invalid duration: \"" + use.tokens[0].text + "\", expected more than 0");
  }
  setup.add(std::make_unique<cancel::Cancel>(timeout));
  return {};
}

}  // namespace

extern const server::Plugin cancel_plugin;
const server::Plugin cancel_plugin{.name = "cancel", .setup = setup, .options = kOptions};

}  // namespace portolan
