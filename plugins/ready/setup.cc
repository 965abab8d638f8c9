// The `ready` directive.
#include "plugins/common/per_configuration.h"
#include "plugins/ready/ready.h"
#include "server/http/listen.h"

namespace portolan {
namespace ready {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;

constexpr Arg kArguments[] = {{.name = "ADDRESS", .kind = ArgKind::text}};
constexpr Arg kMonitor[] = {{.name = "HOW", .kind = ArgKind::text}};
constexpr Option kOptions[] = {
    {.name = "", .args = kArguments, .fallback = ":8181", .help = "where the endpoint listens"},
    {.name = "monitor",
     .args = kMonitor,
     .required = 1,
     .fallback = "until-ready",
     .help = "until-ready: ask a plugin until it is ready once; continuously: each time"},
};

Result<void> setup_ready(server::Setup& setup) {
  if (setup.directives().size() > 1) {
    return setup.error(setup.directives()[1].at, "this plugin can only be used once per Server Block");
  }
  Options options;
  for (const corefile::OptionUse& use : setup.directives().front().uses) {
    if (use.is("monitor")) {
      if (use.text() != "until-ready" && use.text() != "continuously") {
        return setup.error(use.at,
                           "monitor type '" + use.text() + "' not supported, expected until-ready or continuously");
      }
      options.continuously = use.text() == "continuously";
    } else if (use.has(0)) {
      options.address = use.text();
      auto split = server::http::split_host_port(options.address);
      if (split.has_error()) return setup.error(use.at, split.error().message);
    }
  }
  auto plugins = per_configuration<Plugins>(setup.configuration());
  setup.add_service(std::make_shared<Ready>(std::move(options), setup.block(), std::move(plugins)));
  return {};
}

}  // namespace
}  // namespace ready

extern const server::Plugin ready_plugin;
const server::Plugin ready_plugin{.name = "ready", .setup = ready::setup_ready, .options = ready::kOptions};

}  // namespace portolan
