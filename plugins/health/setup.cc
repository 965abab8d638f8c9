// The `health` directive.
#include "server/setup.h"

#include "plugins/health/health.h"
#include "server/http/listen.h"
#include "server/process.h"

namespace portolan {
namespace health {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;

constexpr Arg kArguments[] = {{.name = "ADDRESS", .kind = ArgKind::text}};
constexpr Arg kLameduck[] = {{.name = "DURATION", .kind = ArgKind::duration}};
constexpr Option kOptions[] = {
    {.name = "", .args = kArguments, .fallback = ":8080", .help = "where the endpoint listens"},
    {.name = "lameduck",
     .args = kLameduck,
     .required = 1,
     .fallback = "0s",
     .help = "how long the server goes on answering after SIGTERM"},
};

// Used twice in a block, the last use counts, as in CoreDNS.
Result<void> setup_health(server::Setup& setup) {
  Options options;
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    for (const corefile::OptionUse& use : directive.uses) {
      if (use.is("lameduck")) {
        options.lameduck = use.duration();
      } else if (use.has(0)) {
        options.address = use.text();
        auto split = server::http::split_host_port(options.address);
        if (split.has_error()) return setup.error(use.at, split.error().message);
      }
    }
  }
  setup.process().set_lameduck(options.lameduck);
  setup.add_service(std::make_shared<Health>(std::move(options)));
  return {};
}

}  // namespace
}  // namespace health

extern const server::Plugin health_plugin;
const server::Plugin health_plugin{.name = "health", .setup = health::setup_health, .options = health::kOptions};

}  // namespace portolan
