// The directive `local { localhost_prefix on|off }`.
#include "server/setup.h"

#include "plugins/local/local.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;

constexpr Arg kPrefixArgs[] = {{.name = "on|off", .kind = ArgKind::choice, .choices = "on|off"}};
constexpr Option kOptions[] = {{.name = "localhost_prefix",
                                .args = kPrefixArgs,
                                .required = 1,
                                .fallback = "on",
                                .help = "whether localhost.DOMAIN means this machine"}};

// Of several lines, the last that says something counts.
Result<void> setup(server::Setup& setup) {
  bool prefix = true;
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    for (const corefile::OptionUse& use : std::span(directive.uses).subspan(1)) prefix = use.text() == "on";
  }
  setup.add(std::make_unique<local::Local>(prefix));
  return {};
}

}  // namespace

extern const server::Plugin local_plugin;
const server::Plugin local_plugin{.name = "local", .setup = setup, .options = kOptions};

}  // namespace portolan
