// The directive `chaos [VERSION] [AUTHORS...]`.
#include "server/setup.h"

#include <algorithm>

#include "plugins/chaos/chaos.h"
#include "plugins/common/host_name.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::Option;

constexpr Arg kArguments[] = {{.name = "VERSION"}, {.name = "AUTHORS", .many = true}};
// CoreDNS takes an empty block here, so the directive has one; what stands in it is refused below.
constexpr Option kOptions[] = {{.name = "",
                                .args = kArguments,
                                .fallback = "Portolan-" PORTOLAN_VERSION,
                                .help = "what version.bind and authors.bind answer",
                                .block = true}};

constexpr const char kAuthors[] = "The Portolan authors";

Result<void> setup(server::Setup& setup) {
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    for (const corefile::Directive& line : directive.uses.front().block) {
      return setup.error(line.name.at, "unknown property '" + line.name.text + "'");
    }
    if (&directive != &setup.directives().front()) {
      setup.warn(directive.at, "only the first chaos of a server block counts");
    }
  }
  std::vector<std::string> words = setup.directives().front().uses.front().texts();
  chaos::Options options;
  options.host = host_name();
  options.version = words.empty() ? "Portolan-" PORTOLAN_VERSION : words.front();
  if (!words.empty()) words.erase(words.begin());
  if (words.empty()) words.emplace_back(kAuthors);
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  options.authors = std::move(words);
  setup.add(std::make_unique<chaos::Chaos>(options));
  return {};
}

}  // namespace

extern const server::Plugin chaos_plugin;
const server::Plugin chaos_plugin{.name = "chaos", .setup = setup, .options = kOptions};

}  // namespace portolan
