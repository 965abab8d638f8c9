// The directive `timeouts`: how long the block's TCP connections may take, and how many queries one may ask. It adds no
// handler.
#include "server/setup.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;
using corefile::OptionUse;
using corefile::Token;
using std::chrono::nanoseconds;

constexpr nanoseconds kLeast = std::chrono::seconds(1), kMost = std::chrono::hours(24);

// A duration; a bare number is seconds.
Result<std::any> limit(std::span<const Token> tokens) {
  if (tokens.size() > 1) {
    return corefile::not_parsed("Wrong argument count or unexpected line ending after '" + tokens[1].text + "'");
  }
  const std::string& text = tokens[0].text;
  auto duration = corefile::parse_duration(text);
  if (duration.has_error()) duration = corefile::parse_duration(text + "s");
  if (duration.has_error()) return corefile::not_parsed("failed to parse duration '" + text + "'");
  if (*duration < kLeast || *duration > kMost) {
    return corefile::not_parsed("timeout provided '" + text + "' needs to be between 1 second and 24 hours");
  }
  return corefile::parsed(*duration);
}

constexpr Arg kDuration[] = {{.name = "DURATION", .kind = ArgKind::grammar, .grammar = limit}};
constexpr Arg kMaximum[] = {{.name = "MAXIMUM", .kind = ArgKind::integer}};
constexpr Option kOptions[] = {
    {.name = "read",
     .args = kDuration,
     .required = 1,
     .fallback = "3s",
     .help = "for the first query of a connection to come whole, and for the rest of any"},
    {.name = "write", .args = kDuration, .required = 1, .fallback = "5s", .help = "for a client that takes no answers"},
    {.name = "idle", .args = kDuration, .required = 1, .fallback = "10s", .help = "between two queries"},
    {.name = "maxtcpqueries",
     .args = kMaximum,
     .required = 1,
     .fallback = "-1",
     .help = "queries of one connection; -1: any number"},
};

Result<void> setup(server::Setup& setup) {
  server::ListenOptions& listen = setup.block().listen_;
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    bool any = false;
    for (const OptionUse& use : directive.uses) {
      if (use.is("")) continue;
      any = true;
      if (use.is("read")) listen.read_timeout = use.as<nanoseconds>();
      if (use.is("write")) listen.write_timeout = use.as<nanoseconds>();
      if (use.is("idle")) listen.idle_timeout = use.as<nanoseconds>();
      if (!use.is("maxtcpqueries")) continue;
      const int64_t most = use.number();
      if (most == 0 || most < -1) {
        return setup.error(use.at, "maxtcpqueries provided '" + std::to_string(most) +
                                       "' needs to be -1 (unlimited) or a positive integer");
      }
      listen.most_tcp_queries = most < 0 ? 0 : static_cast<uint64_t>(most);
    }
    if (!any) return setup.error(directive.at, "timeouts block with no timeouts specified");
  }
  return {};
}

}  // namespace

extern const server::Plugin timeouts_plugin;
const server::Plugin timeouts_plugin{.name = "timeouts", .setup = setup, .options = kOptions};

}  // namespace portolan
