// The option table of `forward` and the way from a checked directive to Options.
#include "plugins/forward/options.h"

#include <algorithm>

#include "corefile/address.h"

namespace portolan::forward {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;
using corefile::OptionUse;
using corefile::Repeat;

constexpr int64_t kMost32 = std::numeric_limits<uint32_t>::max();
constexpr int64_t kMostCount = std::numeric_limits<int32_t>::max();

constexpr Arg kOwnArgs[] = {{.name = "FROM"}, {.name = "TO", .many = true}};
constexpr Arg kExceptArgs[] = {{.name = "IGNORED_NAMES", .many = true}};
constexpr Arg kDurationArgs[] = {{.name = "DURATION", .kind = ArgKind::duration, .min = 0}};
constexpr Arg kPositiveArgs[] = {{.name = "DURATION", .kind = ArgKind::duration, .min = 1}};
constexpr Arg kCount32Args[] = {{.name = "INTEGER", .kind = ArgKind::integer, .min = 0, .max = kMost32}};
constexpr Arg kCountArgs[] = {{.name = "INTEGER", .kind = ArgKind::integer, .min = 0, .max = kMostCount}};
constexpr Arg kConcurrentArgs[] = {{.name = "MAX", .kind = ArgKind::integer, .min = 0}};
constexpr Arg kMethodArgs[] = {{.name = "METHOD", .kind = ArgKind::choice, .choices = "GET|POST"}};
constexpr Arg kTlsArgs[] = {{.name = "CERT"}, {.name = "KEY"}, {.name = "CA"}};
constexpr Arg kNameArgs[] = {{.name = "NAME"}};
constexpr Arg kPolicyArgs[] = {{.name = "POLICY", .kind = ArgKind::choice, .choices = "random|round_robin|sequential"}};
constexpr Arg kHealthArgs[] = {{.name = "DURATION", .kind = ArgKind::duration, .min = 0},
                               {.name = "no_rec|domain FQDN", .many = true}};
constexpr Arg kRcodeArgs[] = {{.name = "RCODE", .many = true}};
constexpr Arg kAddressArgs[] = {{.name = "IP", .kind = ArgKind::address}};
constexpr Arg kResolverArgs[] = {{.name = "IP[:PORT]", .many = true}};

constexpr Option kTable[] = {
    {.name = "", .args = kOwnArgs, .required = 2, .help = "the zone that is forwarded and where to"},
    {.name = "except", .args = kExceptArgs, .required = 1, .repeat = Repeat::append, .help = "zones left alone"},
    {.name = "force_tcp", .help = "TCP even for questions that came over UDP"},
    {.name = "prefer_udp",
     .help = "UDP even for questions that came over TCP; a truncated answer is asked for over TCP"},
    {.name = "expire",
     .args = kDurationArgs,
     .required = 1,
     .fallback = "10s",
     .help = "idle sockets close after this"},
    {.name = "max_age", .args = kDurationArgs, .required = 1, .fallback = "0", .help = "sockets close at this age"},
    {.name = "max_idle_conns", .args = kCountArgs, .required = 1, .fallback = "0", .help = "idle sockets kept"},
    {.name = "read_timeout", .args = kPositiveArgs, .required = 1, .fallback = "2s", .help = "wait for one answer"},
    {.name = "max_fails", .args = kCount32Args, .required = 1, .fallback = "2", .help = "failed checks before down"},
    {.name = "max_connect_attempts",
     .args = kCount32Args,
     .required = 1,
     .fallback = "twice the upstreams",
     .help = "failed attempts for one question"},
    {.name = "doh_method",
     .args = kMethodArgs,
     .required = 1,
     .fallback = "POST",
     .help = "taken for https:// upstreams, which are refused"},
    {.name = "tls", .args = kTlsArgs, .help = "certificate, key and CA for tls:// upstreams"},
    {.name = "tls_servername", .args = kNameArgs, .required = 1, .help = "the name tls:// upstreams must prove"},
    {.name = "policy", .args = kPolicyArgs, .required = 1, .fallback = "random", .help = "order of the upstreams"},
    {.name = "health_check",
     .args = kHealthArgs,
     .required = 1,
     .fallback = "0.5s",
     .help = "how upstreams are probed"},
    {.name = "max_concurrent", .args = kConcurrentArgs, .required = 1, .fallback = "0", .help = "questions under way"},
    {.name = "next",
     .args = kRcodeArgs,
     .required = 1,
     .repeat = Repeat::append,
     .help = "answers after which the next forward is asked"},
    {.name = "next_on_nodata", .help = "the next forward is asked after an empty answer"},
    {.name = "failover",
     .args = kRcodeArgs,
     .required = 1,
     .repeat = Repeat::append,
     .help = "answers after which the next upstream is asked"},
    {.name = "failfast_all_unhealthy_upstreams", .help = "SERVFAIL at once when every upstream is down"},
    {.name = "source_address", .args = kAddressArgs, .required = 1, .help = "the address questions leave from"},
    {.name = "resolver", .args = kResolverArgs, .required = 1, .help = "who resolves host names among TO"},
};

class Reader {
 public:
  Reader(server::Setup& setup, const corefile::ParsedDirective& directive) : setup_(setup), directive_(directive) {}

  Result<Options> run() {
    for (const OptionUse& use : directive_.uses) {
      if (auto done = option(use); !done) return done.error();
    }
    return finish();
  }

 private:
  Result<void> option(const OptionUse& use) {
    const std::string_view name = use.option->name;
    if (name.empty()) return own(use);
    if (name == "except") return except(use);
    if (name == "tls") return tls(use);
    if (name == "health_check") return health_check(use);
    if (name == "next") return rcodes(use, out_.next_rcodes);
    if (name == "failover") return failover(use);
    if (name == "resolver") return resolver(use);
    if (name == "policy") return policy(use);
    if (name == "doh_method") {
      setup_.warn(use.at, "doh_method has no effect: there is no https:// upstream");
    } else if (name == "force_tcp") {
      out_.force_tcp = true;
    } else if (name == "prefer_udp") {
      out_.prefer_udp = true;
    } else if (name == "next_on_nodata") {
      out_.next_on_nodata = true;
    } else if (name == "failfast_all_unhealthy_upstreams") {
      out_.failfast = true;
    } else if (name == "tls_servername") {
      out_.tls_servername = use.text();
    } else if (name == "source_address") {
      out_.source_address = *IpAddress::parse(use.text());
    } else {
      number(use, name);
    }
    return {};
  }

  void number(const OptionUse& use, std::string_view name) {
    if (name == "expire") {
      out_.expire = use.duration();
    } else if (name == "max_age") {
      out_.max_age = use.duration();
      max_age_ = &use;
    } else if (name == "read_timeout") {
      out_.read_timeout = use.duration();
    } else if (name == "max_idle_conns") {
      out_.max_idle_conns = static_cast<uint32_t>(use.number());
    } else if (name == "max_fails") {
      out_.max_fails = static_cast<uint32_t>(use.number());
    } else if (name == "max_connect_attempts") {
      out_.max_connect_attempts = static_cast<uint32_t>(use.number());
    } else if (name == "max_concurrent") {
      out_.max_concurrent = static_cast<uint64_t>(use.number());
    }
  }

  Result<void> own(const OptionUse& use) {
    const auto zones = corefile::zones_of_argument(use.text(0));
    if (!zones) return setup_.error(use.at, "unable to normalize '" + use.text(0) + "'");
    const auto zone = dns::Name::parse(zones->front());
    if (!zone) return setup_.error(use.at, "unable to normalize '" + use.text(0) + "'");
    out_.from = zone->lower();
    if (zones->size() > 1) {
      setup_.warn(use.at, "Unsupported CIDR notation: '" + use.text(0) + "' expands to multiple zones. Using only '" +
                              zones->front() + "'.");
    }
    const std::vector<std::string> words = use.texts(1);
    if (words.size() > kMostTargets) {
      return setup_.error(
          use.at, "more than " + std::to_string(kMostTargets) + " TOs configured: " + std::to_string(words.size()));
    }
    for (const std::string& word : words) {
      auto target = parse_target(word);
      if (!target) return setup_.error(use.at, target.error().message);
      out_.to.push_back(std::move(*target));
    }
    return {};
  }

  Result<void> except(const OptionUse& use) {
    for (const std::string& word : use.texts()) {
      const auto zones = corefile::zones_of_argument(word);
      if (!zones) {  // accepted by CoreDNS, which leaves it out
        setup_.warn(use.at, "except: no zone, left out: '" + word + "'");
        continue;
      }
      for (const std::string& zone : *zones) {
        if (const auto name = dns::Name::parse(zone)) out_.except.push_back(name->lower());
      }
    }
    return {};
  }

  Result<void> tls(const OptionUse& use) {
    out_.tls_files.clear();
    for (const std::string& file : use.texts()) out_.tls_files.push_back(setup_.block().file(file));
    return {};
  }

  Result<void> health_check(const OptionUse& use) {
    out_.health_interval = use.duration();
    out_.health_domain = {};
    for (size_t i = 1; i < use.size(); ++i) {
      if (use.text(i) == "no_rec") {
        out_.health_recursion = false;
      } else if (use.text(i) == "domain" && use.has(i + 1)) {
        const auto name = dns::Name::parse(use.text(++i));
        if (!name) return setup_.error(use.at, "health_check: invalid domain name " + use.text(i));
        out_.health_domain = name->lower();
      } else if (use.text(i) == "domain") {
        return setup_.error(use.at, "Wrong argument count or unexpected line ending after 'domain'");
      } else {
        return setup_.error(use.at, "health_check: unknown option " + use.text(i));
      }
    }
    return {};
  }

  Result<void> rcodes(const OptionUse& use, std::vector<dns::Rcode>& into) {
    for (const std::string& word : use.texts()) {
      const auto rcode = dns::parse_rcode(word);
      const bool is_number = !word.empty() && word[0] >= '0' && word[0] <= '9';
      if (!rcode || is_number) return setup_.error(use.at, word + " is not a valid rcode");
      into.push_back(*rcode);
    }
    return {};
  }

  Result<void> failover(const OptionUse& use) {
    if (auto done = rcodes(use, out_.failover_rcodes); !done) return done;
    if (std::find(out_.failover_rcodes.begin(), out_.failover_rcodes.end(), dns::Rcode::noerror) !=
        out_.failover_rcodes.end()) {
      return setup_.error(use.at, "NoError cannot be used in failover");
    }
    return {};
  }

  Result<void> resolver(const OptionUse& use) {
    out_.resolvers.clear();
    for (const std::string& word : use.texts()) {
      const auto address = parse_resolver(word);
      if (!address) return setup_.error(use.at, address.error().message);
      out_.resolvers.push_back(*address);
    }
    return {};
  }

  Result<void> policy(const OptionUse& use) {
    if (use.text() == "round_robin") {
      out_.policy = PolicyKind::round_robin;
    } else {
      out_.policy = use.text() == "sequential" ? PolicyKind::sequential : PolicyKind::random;
    }
    return {};
  }

  // What only all options together show.
  Result<Options> finish() {
    if (out_.max_age.count() > 0 && out_.max_age < out_.expire) {
      const auto seconds = std::chrono::duration<double>(out_.expire).count();
      return setup_.error(max_age_->at, "max_age (" + max_age_->tokens[0].text + ") must not be less than expire (" +
                                            std::to_string(seconds) + "s)");
    }
    for (TargetWord& target : out_.to) {
      if (target.scheme != Scheme::tls) continue;
      if (!out_.tls_servername.empty() && !target.server_name.empty()) {
        return setup_.error(directive_.at, "both forward ('" + out_.tls_servername + "') and proxy level ('" +
                                               target.server_name + "') TLS servernames are set for upstream proxy '" +
                                               target.word + "'");
      }
      if (target.server_name.empty()) target.server_name = out_.tls_servername;
    }
    return std::move(out_);
  }

  server::Setup& setup_;
  const corefile::ParsedDirective& directive_;
  const OptionUse* max_age_ = nullptr;
  Options out_;
};

}  // namespace

std::span<const Option> option_table() { return kTable; }

Result<Options> read_options(server::Setup& setup, const corefile::ParsedDirective& directive) {
  return Reader(setup, directive).run();
}

}  // namespace portolan::forward
