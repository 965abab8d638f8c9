// The `prometheus` directive.
#include "plugins/common/per_configuration.h"
#include "plugins/prometheus/prometheus.h"
#include "server/configuration.h"
#include "server/core_metrics.h"
#include "server/http/listen.h"
#include "server/process.h"

namespace portolan {
namespace prometheus {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;

constexpr Arg kArguments[] = {{.name = "ADDRESS", .kind = ArgKind::text}};
constexpr Option kOptions[] = {
    {.name = "", .args = kArguments, .fallback = "localhost:9153", .help = "where /metrics is served"},
    {.name = "runtime_metrics", .help = "also expose what the process uses of CPU and memory"},
};

Result<void> setup_prometheus(server::Setup& setup) {
  if (setup.directives().size() > 1) {
    return setup.error(setup.directives()[1].at, "this plugin can only be used once per Server Block");
  }
  Options options;
  for (const corefile::OptionUse& use : setup.directives().front().uses) {
    if (use.is("runtime_metrics")) {
      options.runtime_metrics = true;
    } else if (use.has(0)) {
      options.address = use.text();
      auto split = server::http::split_host_port(options.address);
      if (split.has_error()) return setup.error(use.at, split.error().message);
    }
  }
  // The core registers its counters when it is first asked for them.
  server::core_metrics();
  server::set_unrouted_hook(count_unrouted);
  auto together = per_configuration<Together>(setup.configuration());
  setup.add(std::make_unique<Prometheus>(std::move(options), setup.block(), setup.configuration(),
                                         setup.process().clock(), std::move(together), setup.process().workers()));
  return {};
}

}  // namespace
}  // namespace prometheus

extern const server::Plugin prometheus_plugin;
const server::Plugin prometheus_plugin{
    .name = "prometheus", .setup = prometheus::setup_prometheus, .options = prometheus::kOptions};

}  // namespace portolan
