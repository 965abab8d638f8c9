// The directive `etcd [ZONES...] { ... }`.
#include "server/setup.h"

#include <algorithm>
#include <cerrno>
#include <fstream>

#include "base/error_text.h"
#include "cluster/tls.h"
#include "plugins/etcd/etcd.h"
#include "plugins/etcd/key_path.h"
#include "server/process.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::Option;
using corefile::OptionUse;

constexpr Arg kZoneArgs[] = {{.name = "ZONES", .many = true}};
constexpr Arg kPathArgs[] = {{.name = "PATH"}};
constexpr Arg kEndpointArgs[] = {{.name = "ENDPOINT", .many = true}};
constexpr Arg kCredentialArgs[] = {{.name = "USERNAME"}, {.name = "PASSWORD", .many = true}};
constexpr Arg kTlsArgs[] = {{.name = "CERT"}, {.name = "KEY"}, {.name = "CACERT"}};
constexpr Arg kTtlArgs[] = {{.name = "TTL"}};
constexpr Arg kIgnoredArgs[] = {{.name = "ADDRESS", .many = true}};

constexpr Option kOptions[] = {
    {.name = "", .args = kZoneArgs, .fallback = "those of the server block", .help = "zones to answer for"},
    {.name = "fallthrough", .args = kZoneArgs, .help = "pass on what is not found"},
    {.name = "path", .args = kPathArgs, .required = 1, .fallback = "/skydns", .help = "where the keys begin"},
    {.name = "endpoint",
     .args = kEndpointArgs,
     .required = 1,
     .fallback = "http://localhost:2379",
     .help = "members of the etcd cluster; the first that answers is read"},
    {.name = "credentials", .args = kCredentialArgs, .required = 1, .help = "user name and password"},
    {.name = "tls", .args = kTlsArgs, .help = "client certificate, its key and the authority, as far as needed"},
    {.name = "min-lease-ttl",
     .args = kTtlArgs,
     .required = 1,
     .fallback = "30s",
     .help = "least TTL that comes from a lease"},
    {.name = "max-lease-ttl",
     .args = kTtlArgs,
     .required = 1,
     .fallback = "24h",
     .help = "largest TTL that comes from a lease"},
    {.name = "upstream", .args = kIgnoredArgs, .help = "of older versions, without effect"},
    {.name = "stubzones", .help = "of older versions, without effect"},
    {.name = "debug", .help = "of older versions, without effect"},
};

/// A duration, or a number of seconds; empty is 0, which stands for the default.
Result<uint32_t> parse_ttl(std::string text) {
  const auto is_space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && is_space(text.back())) text.pop_back();
  text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), is_space));
  if (text.empty()) return 0u;
  if (text.find_first_not_of("0123456789") == std::string::npos) text += "s";
  const auto duration = corefile::parse_duration(text);
  if (!duration) return fail("invalid TTL format, use format like '30', '30s', '5m', '1h', or '2h30m'");
  if (duration->count() < 0) return fail("TTL must be non-negative");
  const int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(*duration).count();
  if (*duration > std::chrono::seconds(std::numeric_limits<uint32_t>::max())) {
    return fail("TTL too large, maximum is 4294967295 seconds");
  }
  return static_cast<uint32_t>(seconds);
}

Result<void> set_ttl(server::Setup& setup, const OptionUse& use, uint32_t& out) {
  const uint32_t otherwise = out;
  const auto ttl = parse_ttl(use.text());
  if (!ttl) {
    return setup.error(use.at, "invalid " + std::string(use.option->name) + " value: " + ttl.error().message);
  }
  out = *ttl == 0 ? otherwise : *ttl;
  return {};
}

/// What all endpoints have in common.
Result<void> set_tls(server::Setup& setup, const OptionUse& use, cluster::ApiServer& server) {
  std::vector<std::string> files = use.texts();
  for (std::string& file : files) file = setup.block().file(file);
  server.ca_file = files.size() == 1 || files.size() == 3 ? files.back() : "";
  server.certificate_file = files.size() > 1 ? files[0] : "";
  server.key_file = files.size() > 1 ? files[1] : "";
  if (setup.checking()) return {};
  for (const std::string& file : files) {
    if (!std::ifstream(file))
      return setup.error(use.at, "error reading " + file + ": open " + file + ": " + error_text(errno));
  }
  if (auto checked = cluster::check_tls(server); !checked) return setup.error(use.at, checked.error().message);
  return {};
}

Result<void> set_endpoints(server::Setup& setup, const OptionUse* endpoint, const OptionUse* tls,
                           const cluster::ApiServer& common, etcd::SourceOptions& source) {
  const std::vector<std::string> urls =
      endpoint ? endpoint->texts() : std::vector<std::string>{"http://localhost:2379"};
  bool any_tls = false;
  for (const std::string& url : urls) {
    cluster::ApiServer server = common;
    server.url = url.find("://") != std::string::npos ? url : (tls ? "https://" : "http://") + url;
    const auto address = cluster::parse_url(server);
    if (!address) return setup.error(endpoint->at, "endpoint " + address.error().message);
    any_tls |= address->tls;
    source.endpoints.push_back(std::move(server));
  }
  if (tls && !any_tls) setup.warn(tls->at, "tls is of no use: no endpoint begins with https://");
  return {};
}

Result<void> setup(server::Setup& setup) {
  if (setup.directives().size() > 1) {
    return setup.error(setup.directives()[1].at, "this plugin can only be used once per Server Block");
  }
  etcd::Options options;
  cluster::ApiServer common;
  const OptionUse *endpoint = nullptr, *tls = nullptr;
  for (const OptionUse& use : setup.directives().front().uses) {
    Result<void> taken;
    if (use.is("")) {
      auto zones = setup.zones(use);
      if (!zones) return zones.error();
      options.zones = std::move(*zones);
    } else if (use.is("fallthrough")) {
      options.fallthrough = Fallthrough::parse(use);
    } else if (use.is("path")) {
      options.prefix = etcd::clean_prefix(use.text());
    } else if (use.is("endpoint")) {
      endpoint = &use;
    } else if (use.is("credentials")) {
      if (use.size() != 2) return setup.error(use.at, "credentials requires 2 arguments, username and password");
      // As CoreDNS: with one of them empty there are none.
      const bool both = !use.text(0).empty() && !use.text(1).empty();
      options.source.user = both ? use.text(0) : "";
      options.source.password = both ? use.text(1) : "";
    } else if (use.is("tls")) {
      tls = &use;
      taken = set_tls(setup, use, common);
    } else if (use.is("min-lease-ttl")) {
      taken = set_ttl(setup, use, options.source.bounds.least);
    } else if (use.is("max-lease-ttl")) {
      taken = set_ttl(setup, use, options.source.bounds.most);
    } else {
      setup.warn(use.at, "\"" + std::string(use.option->name) + "\" has no effect");
    }
    if (!taken) return taken;
  }
  if (auto set = set_endpoints(setup, endpoint, tls, common, options.source); !set) return set;
  options.source.ranges = etcd::ranges_of(options.zones, options.prefix);
  setup.add(std::make_unique<etcd::Etcd>(std::move(options), setup.process().clock()));
  return {};
}

}  // namespace

extern const server::Plugin etcd_plugin;
const server::Plugin etcd_plugin{.name = "etcd", .setup = setup, .options = kOptions};

}  // namespace portolan
