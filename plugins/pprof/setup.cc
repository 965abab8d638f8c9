// The directive `pprof [ADDRESS] { block [RATE] }`.
#include "server/setup.h"

#include "plugins/pprof/pprof.h"
#include "server/http/listen.h"

namespace portolan {
namespace pprof {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;

constexpr Arg kAddress[] = {{.name = "ADDRESS"}};
constexpr Arg kRate[] = {{.name = "RATE", .kind = ArgKind::integer, .min = 1}};
constexpr Option kOptions[] = {
    {.name = "", .args = kAddress, .fallback = "localhost:6053", .help = "where the endpoint listens"},
    {.name = "block", .args = kRate, .fallback = "1", .help = "Go's profile of blocking, which is not here"},
};

Result<void> setup_pprof(server::Setup& setup) {
  if (setup.directives().size() > 1) {
    return setup.error(setup.directives()[1].at, "this plugin can only be used once per Server Block");
  }
  std::string address = "localhost:6053";
  for (const corefile::OptionUse& use : setup.directives().front().uses) {
    if (use.is("block")) {
      setup.warn(use.at, "block: there is no Go runtime here that counts blocking: /debug/pprof/block answers 501");
    } else if (use.has(0)) {
      address = use.text();
      if (auto split = server::http::split_host_port(address); !split) {
        return setup.error(use.at, split.error().message);
      }
    }
  }
  setup.add_service(std::make_shared<Pprof>(std::move(address)));
  return {};
}

}  // namespace
}  // namespace pprof

extern const server::Plugin pprof_plugin;
const server::Plugin pprof_plugin{.name = "pprof", .setup = pprof::setup_pprof, .options = pprof::kOptions};

}  // namespace portolan
