// The directive `header { query|response set|clear FLAGS... }`.
#include "server/setup.h"

#include "plugins/header/header.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;
using corefile::OptionUse;
using corefile::Repeat;

constexpr Arg kRuleArgs[] = {
    {.name = "set|clear", .kind = ArgKind::choice, .choices = "set|clear", .any_case = true},
    {.name = "FLAGS", .kind = ArgKind::choice, .choices = "aa|ra|rd", .many = true, .any_case = true}};

constexpr Option kOptions[] = {
    {.name = "query",
     .args = kRuleArgs,
     .required = 2,
     .repeat = Repeat::append,
     .help = "flags as the plugins behind see them",
     .any_case = true},
    {.name = "response",
     .args = kRuleArgs,
     .required = 2,
     .repeat = Repeat::append,
     .help = "flags as the client sees them",
     .any_case = true},
};

uint8_t flags_of(const OptionUse& use) {
  uint8_t flags = 0;
  for (const std::string& flag : use.texts(1)) {
    flags |= flag == "aa" ? header::kAa : flag == "ra" ? header::kRa : header::kRd;
  }
  return flags;
}

Result<void> setup(server::Setup& setup) {
  // The first block with a rule counts, as in CoreDNS; the others are told of.
  const corefile::ParsedDirective* counts = nullptr;
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    if (counts) {
      setup.warn(directive.at, "only the first header of a server block counts");
    } else if (directive.uses.size() > 1) {
      counts = &directive;
    }
  }
  if (!counts) {
    return setup.error(setup.directives().front().at, "no rules, expecting 'query|response set|clear FLAGS...'");
  }
  header::Change query, response;
  for (const OptionUse& use : std::span(counts->uses).subspan(1)) {
    (use.is("query") ? query : response).add(flags_of(use), use.text() == "set");
  }
  setup.add(std::make_unique<header::Header>(query, response));
  return {};
}

}  // namespace

extern const server::Plugin header_plugin;
const server::Plugin header_plugin{.name = "header", .setup = setup, .options = kOptions};

}  // namespace portolan
