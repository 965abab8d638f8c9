// The directive `erratic { drop [AMOUNT] truncate [AMOUNT] delay [AMOUNT [DURATION]] large }`.
#include "server/setup.h"

#include <optional>

#include "plugins/erratic/erratic.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;

constexpr uint32_t kOneInTwo = 2;
constexpr int64_t kLargest = std::numeric_limits<int32_t>::max();

constexpr Arg kAmount{.name = "AMOUNT", .kind = ArgKind::integer, .min = 0, .max = kLargest};
constexpr Arg kAmountArgs[] = {kAmount};
constexpr Arg kDelayArgs[] = {kAmount, {.name = "DURATION", .kind = ArgKind::duration}};

constexpr Option kOptions[] = {
    {.name = "", .extra_args = true},
    {.name = "drop", .args = kAmountArgs, .fallback = "2", .help = "one in how many queries gets no answer"},
    {.name = "truncate", .args = kAmountArgs, .fallback = "2", .help = "which answers are marked as truncated"},
    {.name = "delay", .args = kDelayArgs, .fallback = "2 100ms", .help = "one in how many queries waits, how long"},
    {.name = "large", .help = "30 addresses for each A"},
};

uint32_t amount_of(const corefile::OptionUse& use) {
  return use.has(0) ? static_cast<uint32_t>(use.number(0)) : kOneInTwo;
}

Result<void> setup(server::Setup& setup) {
  erratic::Options options;
  std::optional<uint32_t> drop;
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    for (const corefile::OptionUse& use : std::span(directive.uses).subspan(1)) {
      if (use.is("drop")) drop = amount_of(use);
      if (use.is("truncate")) options.truncate = amount_of(use);
      if (use.is("large")) options.large = true;
      if (!use.is("delay")) continue;
      options.delay = amount_of(use);
      options.duration = use.has(1) ? use.duration(1) : erratic::Options().duration;
    }
  }
  // Whoever wants another fault and says nothing of drops wants none.
  const bool other_fault = options.delay > 0 || options.truncate > 0;
  options.drop = drop.value_or(other_fault ? 0 : kOneInTwo);
  setup.add(std::make_unique<erratic::Erratic>(options));
  return {};
}

}  // namespace

extern const server::Plugin erratic_plugin;
const server::Plugin erratic_plugin{.name = "erratic", .setup = setup, .options = kOptions};

}  // namespace portolan
