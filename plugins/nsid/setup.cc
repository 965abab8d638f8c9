// The directive `nsid [DATA...]`: the words are joined.
#include "server/setup.h"

#include "plugins/common/host_name.h"
#include "plugins/nsid/nsid.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::Option;

constexpr Arg kArguments[] = {{.name = "DATA", .many = true}};
constexpr Option kOptions[] = {
    {.name = "", .args = kArguments, .fallback = "the host's name", .help = "the identifier"}};

Result<void> setup(server::Setup& setup) {
  if (setup.directives().size() > 1) {
    return setup.error(setup.directives()[1].at, "this plugin can only be used once per Server Block");
  }
  const corefile::OptionUse& use = setup.directives().front().uses.front();
  std::string data;
  for (const std::string& word : use.texts()) data += (data.empty() ? "" : " ") + word;
  if (use.size() == 0) data = host_name();
  if (data.size() > nsid::kLongest) {
    return setup.error(use.at, "DATA has " + std::to_string(data.size()) + " octets, at most " +
                                   std::to_string(nsid::kLongest) + " fit into every answer");
  }
  setup.add(std::make_unique<nsid::Nsid>(std::move(data)));
  return {};
}

}  // namespace

extern const server::Plugin nsid_plugin;
const server::Plugin nsid_plugin{.name = "nsid", .setup = setup, .options = kOptions};

}  // namespace portolan
