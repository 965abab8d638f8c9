// The directive `loadbalance [round_robin | weighted WEIGHTFILE] { ... }`.
#include "server/setup.h"

#include "plugins/loadbalance/loadbalance.h"
#include "server/process.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;
using corefile::OptionUse;

constexpr Arg kPolicyArgs[] = {
    {.name = "round_robin|weighted", .kind = ArgKind::choice, .choices = "round_robin|weighted"},
    {.name = "WEIGHTFILE"}};
constexpr Arg kReloadArgs[] = {{.name = "DURATION", .kind = ArgKind::duration, .min = 0}};
constexpr Arg kPreferArgs[] = {{.name = "CIDR", .kind = ArgKind::prefix, .many = true}};

constexpr Option kOptions[] = {
    {.name = "", .args = kPolicyArgs, .fallback = "round_robin", .help = "how the order is found"},
    {.name = "reload",
     .args = kReloadArgs,
     .required = 1,
     .fallback = "30s",
     .help = "how often the weight file is looked at"},
    {.name = "prefer",
     .args = kPreferArgs,
     .repeat = corefile::Repeat::append,
     .help = "subnets whose addresses come first"},
};

Result<void> one_line(const corefile::ParsedDirective& directive, server::Setup& setup, loadbalance::Options& options) {
  const OptionUse& own = directive.uses.front();
  const bool weighted = own.has(0) && own.text(0) == "weighted";
  if (weighted && !own.has(1)) return setup.error(own.at, "missing weight file argument");
  if (!weighted && own.has(1)) return setup.error(own.at, "unknown property for round_robin");
  options.at = own.at;
  options.weight_file = weighted ? setup.block().file(own.text(1)) : "";
  for (const OptionUse& use : directive.uses) {
    if (use.is("reload")) {
      if (!weighted) return setup.error(use.at, "'reload' goes with the policy weighted only");
      options.reload = use.duration();
    } else if (use.is("prefer")) {
      if (weighted) return setup.error(use.at, "'prefer' goes with the policy round_robin only");
      for (const std::string& text : use.texts()) {
        const auto subnet = IpPrefix::parse(text);
        if (subnet.has_error()) return setup.error(use.at, "invalid CIDR \"" + text + "\": " + subnet.error().message);
        options.preferred.push_back(*subnet);
      }
    }
  }
  return {};
}

Result<void> setup(server::Setup& setup) {
  loadbalance::Options options;  // of several lines, the last policy counts and the subnets add up
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    if (auto done = one_line(directive, setup, options); done.has_error()) return done;
  }
  setup.add(std::make_unique<loadbalance::LoadBalance>(std::move(options), setup.process().background()));
  return {};
}

}  // namespace

extern const server::Plugin loadbalance_plugin;
const server::Plugin loadbalance_plugin{.name = "loadbalance", .setup = setup, .options = kOptions};

}  // namespace portolan
