// The directive `file DBFILE [ZONES...] { ... }`.
#include "server/setup.h"

#include "plugins/file/file.h"
#include "server/process.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;
using corefile::OptionUse;

constexpr Arg kFileArgs[] = {{.name = "DBFILE"}, {.name = "ZONES", .many = true}};
constexpr Arg kReloadArgs[] = {{.name = "DURATION", .kind = ArgKind::duration, .min = 0}};
constexpr Arg kZoneArgs[] = {{.name = "ZONES", .many = true}};
constexpr Arg kIgnoredArgs[] = {{.name = "ADDRESS", .many = true}};

constexpr Option kOptions[] = {
    {.name = "", .args = kFileArgs, .required = 1, .help = "zone file, and the zones it holds"},
    {.name = "reload",
     .args = kReloadArgs,
     .required = 1,
     .fallback = "1m",
     .help = "how often the file is looked at; 0: never",
     .extra_args = true},
    {.name = "reload_by_mtime", .help = "read again when the file's time has changed, not the serial"},
    {.name = "fallthrough", .args = kZoneArgs, .help = "pass on names that are not there"},
    {.name = "zonemd", .help = "refuse a file whose digest does not fit (RFC 8976)"},
    {.name = "upstream", .args = kIgnoredArgs, .help = "without effect; accepted for old Corefiles"},
};

using Zone = zone_file::Options::Zone;

// Reads one file for each of its zones; one that cannot be opened is waited for, unless it is never looked at again.
// When only the Corefile is checked, the files that are on this machine are read and nothing is served.
Result<void> read_zones(const server::Setup& setup, const corefile::ParsedDirective& directive,
                        std::vector<Zone>& zones) {
  for (Zone& each : zones) {
    const auto done = setup.checking() ? each.zone->check() : each.zone->load();
    if (!done.has_error()) continue;
    if (setup.checking() || !each.zone->open_failed() || each.reload.count() == 0)
      return setup.error(directive.at, done.error().message);
    each.open_error = done.error().message;
  }
  return {};
}

Result<void> setup(server::Setup& setup) {
  zone_file::Options options;
  // What one directive says holds for the next ones too, as in CoreDNS.
  std::chrono::nanoseconds reload = std::chrono::minutes(1);
  bool by_mtime = false;
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    const OptionUse& own = directive.uses.front();
    bool zonemd = false;
    for (const OptionUse& use : directive.uses) {
      if (use.is("reload")) reload = use.duration();
      if (use.is("reload_by_mtime")) by_mtime = true;
      if (use.is("zonemd")) zonemd = true;
      if (use.is("fallthrough")) options.fallthrough = Fallthrough::parse(use);
      if (use.is("upstream")) setup.warn(use.at, "upstream has no effect");
    }
    auto names = setup.zones(own, 1);
    if (names.has_error()) return names.error();
    std::vector<Zone> zones;
    for (const dns::Name& name : *names) {
      Zone zone;
      zone.zone = std::make_unique<FileZone>("file", name, setup.block().file(own.text(0)));
      if (zonemd) zone.zone->check_digests();
      zone.reload = reload;
      zone.by_mtime = by_mtime;
      zones.push_back(std::move(zone));
    }
    if (auto done = read_zones(setup, directive, zones); done.has_error()) return done;
    std::move(zones.begin(), zones.end(), std::back_inserter(options.zones));
  }
  setup.add(std::make_unique<zone_file::File>(std::move(options), setup.block(), setup.process().background()));
  return {};
}

}  // namespace

extern const server::Plugin file_plugin;
const server::Plugin file_plugin{.name = "file", .setup = setup, .options = kOptions};

}  // namespace portolan
