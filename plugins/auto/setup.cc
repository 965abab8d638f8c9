// The directive `auto [ZONES...] { directory DIR [REGEXP ORIGIN_TEMPLATE] ... }`.
#include "server/setup.h"

#include <filesystem>

#include "plugins/auto/auto.h"
#include "server/process.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;
using corefile::OptionUse;

constexpr Arg kZoneArgs[] = {{.name = "ZONES", .many = true}};
constexpr Arg kDirectoryArgs[] = {{.name = "DIR"}, {.name = "REGEXP"}, {.name = "ORIGIN_TEMPLATE"}};
constexpr Arg kReloadArgs[] = {{.name = "DURATION", .kind = ArgKind::duration, .min = 0}};
constexpr Arg kIgnoredArgs[] = {{.name = "ADDRESS", .many = true}};

constexpr Option kOptions[] = {
    {.name = "", .args = kZoneArgs, .help = "zones that may be asked"},
    {.name = "directory",
     .args = kDirectoryArgs,
     .required = 1,
     .help = "folder of the zone files, which of them, and the origin that a file's name gives"},
    {.name = "reload",
     .args = kReloadArgs,
     .required = 1,
     .fallback = "1m",
     .help = "how often the folder is looked through; 0: never",
     .extra_args = true},
    {.name = "zonemd", .help = "refuse files whose digest does not fit (RFC 8976)"},
    {.name = "upstream", .args = kIgnoredArgs, .help = "without effect; accepted for old Corefiles"},
};

Result<void> set_folder(server::Setup& setup, const OptionUse& use, auto_zones::Options& options) {
  options.folder = setup.block().file(use.text(0));
  std::error_code error;
  if (!setup.checking() && !std::filesystem::exists(options.folder, error)) {
    if (error) {
      return setup.error(use.at, "Unable to access root path '" + options.folder + "': " + error.message());
    }
    setup.warn(use.at, "Directory does not exist: " + options.folder);
  }
  if (use.size() == 1) return {};
  auto pattern = auto_zones::FilePattern::compile(use.text(1), use.size() > 2 ? use.text(2) : std::string());
  if (pattern.has_error()) return setup.error(use.at, pattern.error().message);
  if (use.size() == 2) {
    return setup.error(use.at, "Wrong argument count or unexpected line ending after '" + use.text(1) + "'");
  }
  options.pattern = std::move(*pattern);
  return {};
}

Result<void> setup(server::Setup& setup) {
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    auto_zones::Options options;
    for (const OptionUse& use : directive.uses) {
      if (use.is("directory")) {
        if (auto set = set_folder(setup, use, options); set.has_error()) return set;
      }
      if (use.is("zonemd")) options.zonemd = true;
      if (use.is("reload")) options.reload = use.duration();
      if (use.is("upstream")) setup.warn(use.at, "upstream has no effect");
    }
    if (options.folder.empty()) setup.warn(directive.at, "without 'directory' there are no zones to serve");
    auto zones = setup.zones(directive.uses.front());
    if (zones.has_error()) return zones.error();
    options.zones = std::move(*zones);
    setup.add(std::make_unique<auto_zones::AutoZones>(std::move(options), setup.block(), setup.process().background()));
  }
  return {};
}

}  // namespace

extern const server::Plugin auto_plugin;
const server::Plugin auto_plugin{.name = "auto", .setup = setup, .options = kOptions};

}  // namespace portolan
