// The directive `proxyproto`: whose PROXY protocol headers the block's listeners believe. It adds no handler; the
// headers are read in server/listen.
#include "server/setup.h"

#include <optional>
#include <string>

#include "server/listen/proxy_rules.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;
using corefile::OptionUse;
using corefile::Token;
using server::ProxyPolicy;

// Whatever the case it is written in, as CoreDNS takes it.
Result<std::any> policy(std::span<const Token> tokens) {
  static constexpr struct {
    std::string_view name;
    ProxyPolicy policy;
  } kPolicies[] = {{"use", ProxyPolicy::use},
                   {"ignore", ProxyPolicy::ignore},
                   {"reject", ProxyPolicy::reject},
                   {"skip", ProxyPolicy::skip}};
  if (tokens.size() == 1) {
    std::string name = tokens[0].text;
    for (char& letter : name) letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
    for (const auto& each : kPolicies) {
      if (name == each.name) return corefile::parsed(each.policy);
    }
  }
  return corefile::not_parsed("Wrong argument count or unexpected line ending after '" + tokens.back().text +
                              "', expecting use, ignore, reject or skip");
}

constexpr Arg kNetworks[] = {{.name = "CIDR", .kind = ArgKind::prefix, .many = true}};
constexpr Arg kPolicy[] = {{.name = "POLICY", .kind = ArgKind::grammar, .grammar = policy}};
constexpr Arg kTracking[] = {{.name = "DURATION", .kind = ArgKind::duration},
                             {.name = "MAX_SESSIONS", .kind = ArgKind::integer, .min = 1}};
constexpr Option kOptions[] = {
    {.name = "allow", .args = kNetworks, .repeat = corefile::Repeat::append, .help = "proxies whose headers are used"},
    {.name = "default",
     .args = kPolicy,
     .required = 1,
     .fallback = "ignore with allow, use without",
     .help = "what becomes of other headers: use, ignore, reject or skip"},
    {.name = "udp_session_tracking",
     .args = kTracking,
     .required = 1,
     .fallback = "0s 10240",
     .help = "for how long a header counts for later datagrams of the same port, and for how many ports"},
};

Result<void> setup(server::Setup& setup) {
  auto rules = std::make_shared<server::ProxyRules>();
  std::optional<ProxyPolicy> otherwise;
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    for (const OptionUse& use : directive.uses) {
      if (use.is("allow")) {
        for (const std::string& text : use.texts()) rules->allow.push_back(*IpPrefix::parse(text));
      } else if (use.is("default")) {
        otherwise = use.as<ProxyPolicy>();
      } else if (use.is("udp_session_tracking")) {
        rules->session_time = use.duration();
        if (use.has(1)) rules->most_sessions = static_cast<size_t>(use.number(1));
      }
    }
  }
  rules->otherwise = otherwise.value_or(rules->allow.empty() ? ProxyPolicy::use : ProxyPolicy::ignore);
  setup.block().listen_.proxy = std::move(rules);
  return {};
}

}  // namespace

extern const server::Plugin proxyproto_plugin;
const server::Plugin proxyproto_plugin{.name = "proxyproto", .setup = setup, .options = kOptions};

}  // namespace portolan
