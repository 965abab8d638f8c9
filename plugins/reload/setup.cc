// The `reload` directive.
#include "server/setup.h"

#include "plugins/common/per_configuration.h"
#include "plugins/reload/reload.h"

namespace portolan {
namespace reload {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;

constexpr auto kLeastInterval = std::chrono::seconds(2);
constexpr auto kLeastJitter = std::chrono::seconds(1);

constexpr Arg kArguments[] = {{.name = "INTERVAL", .kind = ArgKind::duration},
                              {.name = "JITTER", .kind = ArgKind::duration}};
constexpr Option kOptions[] = {
    {.name = "",
     .args = kArguments,
     .fallback = "30s 15s",
     .help = "how often the Corefile is looked at, and how far that is spread"},
};

Result<void> setup_reload(server::Setup& setup) {
  if (setup.directives().size() > 1) {
    return setup.error(setup.directives()[1].at, "this plugin can only be used once per Server Block");
  }
  const corefile::OptionUse& use = setup.directives().front().uses.front();
  Options options;
  if (use.has(0)) options.interval = use.duration(0);
  if (use.has(1)) options.jitter = use.duration(1);
  if (options.interval < kLeastInterval) {
    return setup.error(use.at, "interval value must be greater or equal to 2s");
  }
  if (options.jitter.count() != 0 && options.jitter < kLeastJitter) {
    return setup.error(use.at, "jitter value must be 0 or greater or equal to 1s");
  }
  auto watch = per_configuration<Watch>(setup.configuration());
  watch->options = options;
  if (watch->process == nullptr) {
    watch->process = &setup.process();
    setup.add_service(watch);
  }
  return {};
}

}  // namespace
}  // namespace reload

extern const server::Plugin reload_plugin;
const server::Plugin reload_plugin{.name = "reload", .setup = reload::setup_reload, .options = reload::kOptions};

}  // namespace portolan
