// The directive `hosts [FILE [ZONES...]] { ... }`.
#include "server/setup.h"

#include <sys/stat.h>

#include <cerrno>

#include "base/error_text.h"
#include "plugins/hosts/hosts.h"
#include "server/process.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;
using corefile::OptionUse;

constexpr Arg kFileArgs[] = {{.name = "FILE"}, {.name = "ZONES", .many = true}};
constexpr Arg kTtlArgs[] = {{.name = "SECONDS", .kind = ArgKind::integer, .min = 1, .max = 65535}};
constexpr Arg kReloadArgs[] = {{.name = "DURATION", .kind = ArgKind::duration, .min = 0}};
constexpr Arg kZoneArgs[] = {{.name = "ZONES", .many = true}};

constexpr Option kOptions[] = {
    {.name = "",
     .args = kFileArgs,
     .fallback = "/etc/hosts",
     .help = "file to read, and zones; in the block, hosts lines",
     .block = true},
    {.name = "ttl",
     .args = kTtlArgs,
     .required = 1,
     .fallback = "3600",
     .help = "TTL of all records",
     .extra_args = true},
    {.name = "reload", .args = kReloadArgs, .required = 1, .fallback = "5s", .help = "how often the file is looked at"},
    {.name = "no_reverse", .help = "make no PTR records"},
    {.name = "fallthrough", .args = kZoneArgs, .help = "pass on what is not found"},
    {.name = "fallthrough_unsupported", .help = "pass on types other than A, AAAA and PTR"},
};

Result<void> set_file(const OptionUse& use, server::Setup& setup, hosts::Options& options) {
  auto zones = setup.zones(use, 1);
  if (zones.has_error()) return zones.error();
  options.zones = std::move(*zones);
  if (!use.has(0)) return {};
  options.path = setup.block().file(use.text(0));
  // No line of a hosts file is a mistake: what cannot be read is left out.
  struct stat found{};
  if (stat(options.path.c_str(), &found) == 0) {
    if (S_ISDIR(found.st_mode)) setup.warn(use.at, "Hosts file \"" + options.path + "\" is a directory");
  } else if (setup.checking()) {
    return {};  // the file need not be on this machine
  } else if (errno == ENOENT) {
    setup.warn(use.at, "File does not exist: " + options.path);
  } else {
    return setup.error(use.at, "unable to access hosts file '" + options.path + "': " + error_text(errno));
  }
  return {};
}

// Lines of hosts data stand before `fallthrough`, so that a mistyped option behind it is found.
Result<void> add_inline(const corefile::ParsedDirective& directive, const server::Setup& setup,
                        hosts::Options& options) {
  const OptionUse* fallthrough = nullptr;
  for (const OptionUse& use : directive.uses) {
    if (use.is("fallthrough")) fallthrough = &use;
  }
  for (const corefile::Directive& line : directive.uses.front().block) {
    const bool behind =
        fallthrough && line.name.at.file == fallthrough->at.file && line.name.at.line >= fallthrough->at.line;
    if (behind) return setup.error(line.name.at, "unknown property '" + line.name.text + "'");
    options.inline_text += line.name.text;
    for (const corefile::Token& word : line.args) options.inline_text += " " + word.text;
    options.inline_text += "\n";
  }
  return {};
}

Result<void> setup(server::Setup& setup) {
  if (setup.directives().size() > 1) {
    return setup.error(setup.directives()[1].at, "this plugin can only be used once per Server Block");
  }
  const corefile::ParsedDirective& directive = setup.directives().front();
  hosts::Options options;
  for (const OptionUse& use : directive.uses) {
    if (use.is("")) {
      if (auto done = set_file(use, setup, options); done.has_error()) return done;
    } else if (use.is("ttl")) {
      options.ttl = static_cast<uint32_t>(use.number());
    } else if (use.is("reload")) {
      options.reload = use.duration();
    } else if (use.is("no_reverse")) {
      options.reverse = false;
    } else if (use.is("fallthrough")) {
      options.fallthrough = Fallthrough::parse(use);
    } else if (use.is("fallthrough_unsupported")) {
      options.fallthrough_unsupported = true;
    }
  }
  if (auto done = add_inline(directive, setup, options); done.has_error()) return done;
  if (options.fallthrough_unsupported && options.fallthrough.zones.empty()) {
    return setup.error(directive.at, "fallthrough_unsupported requires fallthrough");
  }
  setup.add(std::make_unique<hosts::Hosts>(std::move(options), setup.process().background()));
  return {};
}

}  // namespace

extern const server::Plugin hosts_plugin;
const server::Plugin hosts_plugin{.name = "hosts", .setup = setup, .options = kOptions};

}  // namespace portolan
