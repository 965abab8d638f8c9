// The directive `k8s_external [ZONE...] { ... }`.
#include "server/setup.h"

#include "plugins/k8s_external/k8s_external.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;
using corefile::OptionUse;

constexpr Arg kZones[] = {{.name = "ZONE", .kind = ArgKind::zone, .many = true}};
constexpr Arg kApex[] = {{.name = "APEX"}};
constexpr Arg kTtl[] = {{.name = "TTL", .kind = ArgKind::integer, .min = 0, .max = 3600}};
constexpr Arg kFallthrough[] = {{.name = "ZONE", .many = true}};

constexpr Option kOptions[] = {
    {.name = "", .args = kZones, .fallback = "the zones of the server block", .help = "zones to answer for"},
    {.name = "apex",
     .args = kApex,
     .required = 1,
     .fallback = "dns",
     .help = "label of the zone's own names",
     .extra_args = true},
    {.name = "ttl",
     .args = kTtl,
     .required = 1,
     .fallback = "5",
     .help = "TTL of answers in seconds",
     .extra_args = true},
    {.name = "headless", .help = "headless services answer with their endpoints"},
    {.name = "fallthrough", .args = kFallthrough, .fallback = "off", .help = "pass names that do not exist on"},
};

// Labels in front of a zone.
Result<dns::Name> under(std::string_view labels, const dns::Name& zone) {
  return dns::Name::parse(std::string(labels) + "." + (zone.view().is_root() ? "" : zone.text()));
}

Result<k8s_external::Zone> make_zone(const dns::Name& name, const std::string& apex) {
  auto above = under(apex, name), server = under("ns1." + apex, name), mailbox = under("hostmaster." + apex, name);
  for (const auto* made : {&above, &server, &mailbox}) {
    if (!*made) return fail("'" + apex + "' is no label in front of " + name.text() + ": " + made->error().message);
  }
  return k8s_external::Zone{name, above->lower(), std::move(*server), std::move(*mailbox)};
}

Result<void> setup(server::Setup& setup) {
  const auto directives = setup.directives();
  if (!setup.block_uses("kubernetes")) {
    return setup.error(directives.front().at, "kubernetes plugin not loaded");
  }
  k8s_external::Options options;
  std::string apex = "dns";
  corefile::Position apex_at = directives.back().at;
  std::vector<dns::Name> zones;
  for (const corefile::ParsedDirective& directive : directives) {
    for (const OptionUse& use : directive.uses) {
      if (use.is("")) {
        auto named = setup.zones(use);
        if (!named) return named.error();
        zones = std::move(*named);
      } else if (use.is("apex")) {
        apex = use.text();
        apex_at = use.at;
      } else if (use.is("ttl")) {
        options.ttl = static_cast<uint32_t>(use.number());
      } else if (use.is("headless")) {
        options.headless = true;
      } else if (use.is("fallthrough")) {
        options.fallthrough = Fallthrough::parse(use);
      }
    }
  }
  if (directives.size() > 1) {
    setup.warn(directives.back().at, "only the zones of the last k8s_external of a server block are served");
  }
  for (const dns::Name& name : zones) {
    auto zone = make_zone(name, apex);
    if (!zone) return setup.error(apex_at, "apex: " + zone.error().message);
    options.zones.push_back(std::move(*zone));
  }
  setup.add(std::make_unique<k8s_external::K8sExternal>(std::move(options), setup.block()));
  return {};
}

}  // namespace

extern const server::Plugin k8s_external_plugin;
const server::Plugin k8s_external_plugin{.name = "k8s_external", .setup = setup, .options = kOptions};

}  // namespace portolan
