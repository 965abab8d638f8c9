// The `errors` directive.
#include "server/setup.h"

#include "plugins/errors/errors.h"
#include "server/process.h"

namespace portolan {
namespace errors {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;
using corefile::Repeat;

constexpr Arg kArguments[] = {{.name = "OUTPUT", .kind = ArgKind::text}};
constexpr Arg kConsolidate[] = {{.name = "DURATION", .kind = ArgKind::duration},
                                {.name = "REGEXP", .kind = ArgKind::text},
                                {.name = "LEVEL", .kind = ArgKind::text},
                                {.name = "show_first", .kind = ArgKind::text}};
constexpr Option kOptions[] = {
    {.name = "", .args = kArguments, .fallback = "stdout", .help = "where errors go: stdout is the only place"},
    {.name = "stacktrace", .help = "log where the server was when an exception escaped a plugin"},
    {.name = "ede", .help = "tell clients that send EDNS why (RFC 8914)"},
    {.name = "consolidate",
     .args = kConsolidate,
     .required = 2,
     .repeat = Repeat::append,
     .help = "put errors that match together and log their number once a period"},
};

std::optional<log::Level> level_of(std::string_view word) {
  if (word == "warning") return log::Level::warning;
  if (word == "error") return log::Level::error;
  if (word == "info") return log::Level::info;
  if (word == "debug") return log::Level::debug;
  return std::nullopt;
}

// What stands behind the pattern: a level, then `show_first`, either of them left out.
Result<void> read_rest(const corefile::OptionUse& use, Consolidation& into) {
  bool level_given = false;
  for (size_t i = 2; i < use.size(); ++i) {
    const std::string& word = use.text(i);
    const auto level = level_of(word);
    if (level && level_given) return fail("multiple log levels specified in consolidate");
    if (level && into.show_first) return fail("log level must come before show_first in consolidate");
    if (!level && word != "show_first") return fail("unknown option in consolidate: " + word);
    if (level) {
      into.level = *level;
      level_given = true;
    } else {
      into.show_first = true;
    }
  }
  return {};
}

Result<Consolidation> consolidation_of(const corefile::OptionUse& use) {
  auto pattern = Regex::compile(use.text(1));
  if (pattern.has_error()) return pattern.error();
  Consolidation made{use.duration(0), std::move(*pattern)};
  if (auto rest = read_rest(use, made); rest.has_error()) return rest.error();
  return made;
}

Result<void> setup_errors(server::Setup& setup) {
  if (setup.directives().size() > 1) {
    return setup.error(setup.directives()[1].at, "this plugin can only be used once per Server Block");
  }
  Options options;
  for (const corefile::OptionUse& use : setup.directives().front().uses) {
    if (use.is("stacktrace")) {
      options.stacktrace = true;
    } else if (use.is("ede")) {
      options.ede = true;
    } else if (use.is("consolidate")) {
      auto made = consolidation_of(use);
      if (made.has_error()) return setup.error(use.at, made.error().message);
      options.consolidations.push_back(std::move(*made));
    } else if (use.has(0) && use.text() != "stdout") {
      return setup.error(use.at, "invalid log file: " + use.text() + ", expected stdout");
    }
  }
  setup.add(std::make_unique<Errors>(std::move(options), setup.process().background()));
  return {};
}

}  // namespace
}  // namespace errors

extern const server::Plugin errors_plugin;
const server::Plugin errors_plugin{.name = "errors", .setup = errors::setup_errors, .options = errors::kOptions};

}  // namespace portolan
