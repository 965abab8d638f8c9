// The directive `dns64 [PREFIX] { ... }`.
#include "server/setup.h"

#include "plugins/dns64/dns64.h"
#include "server/process.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;
using corefile::OptionUse;

constexpr std::string_view kWellKnown = "64:ff9b::/96";  // RFC 6052 section 2.1

constexpr Arg kPrefixArgs[] = {{.name = "PREFIX", .kind = ArgKind::prefix}};
constexpr Option kOptions[] = {
    {.name = "", .args = kPrefixArgs, .fallback = kWellKnown, .help = "what stands in front of the IPv4 address"},
    {.name = "prefix", .args = kPrefixArgs, .required = 1, .fallback = kWellKnown, .help = "the same"},
    {.name = "translate_all", .help = "also names that have IPv6 addresses"},
    {.name = "allow_ipv4", .help = "also for clients that ask over IPv4"},
};

Result<IpPrefix> prefix_of(const OptionUse& use, server::Setup& setup) {
  const auto prefix = IpPrefix::parse(use.text());
  if (prefix.has_error()) return setup.error(use.at, prefix.error().message);
  const unsigned length = prefix->length;
  if (prefix->address.is_v4()) {
    return setup.error(use.at, "invalid netmask 32 IPv6 address: \"" + prefix->text() + "\", an IPv6 prefix is needed");
  }
  if (length % 8 != 0 || length < 32 || length > 96) {
    return setup.error(
        use.at, "invalid prefix length \"" + prefix->text() + "\", must be one of 32, 40, 48, 56, 64, 72, 80, 88, 96");
  }
  if (length > 64 && length < 96) {
    setup.warn(use.at, "a NAT64 takes prefixes of 32, 40, 48, 56, 64 and 96 bits only (RFC 6052), not \"" +
                           prefix->text() + "\"");
  }
  return *prefix;
}

Result<void> setup(server::Setup& setup) {
  dns64::Options options;  // of several directives the last prefix counts, and the rest adds up
  options.prefix = *IpPrefix::parse(kWellKnown);
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    for (const OptionUse& use : directive.uses) {
      if (use.is("translate_all")) {
        options.translate_all = true;
      } else if (use.is("allow_ipv4")) {
        options.allow_ipv4 = true;
      } else if (use.has(0)) {
        const auto prefix = prefix_of(use, setup);
        if (prefix.has_error()) return prefix.error();
        options.prefix = *prefix;
      }
    }
  }
  setup.add(std::make_unique<dns64::Dns64>(options, setup.process().workers()));
  return {};
}

}  // namespace

extern const server::Plugin dns64_plugin;
const server::Plugin dns64_plugin{.name = "dns64", .setup = setup, .options = kOptions};

}  // namespace portolan
