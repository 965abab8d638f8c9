// Taking target words apart, as CoreDNS reads them.
#include "plugins/forward/target.h"

#include <net/if.h>

#include <algorithm>
#include <charconv>

#include "plugins/forward/resolv_conf.h"
#include "plugins/forward/resolve.h"

namespace portolan::forward {
namespace {

struct HostPort {
  std::string_view host, port;
  bool has_port = false;
};

// "host:port" and "[host]:port"; an IPv6 address without brackets has no port.
HostPort split_port(std::string_view text) {
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return {text, {}, false};
    const std::string_view rest = text.substr(end + 1);
    if (rest.starts_with(':')) return {text.substr(1, end - 1), rest.substr(1), true};
    return {text.substr(1, end - 1), {}, false};
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.find(':') != colon) return {text, {}, false};
  return {text.substr(0, colon), text.substr(colon + 1), true};
}

bool parse_port(std::string_view text, uint16_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  return text.front() != '.' && text.find("..") == std::string_view::npos;
}

uint32_t scope_of(const std::string& zone) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(zone.data(), zone.data() + zone.size(), number);
  if (error == std::errc() && end == zone.data() + zone.size()) return number;
  return if_nametoindex(zone.c_str());
}

Error unsupported(std::string_view scheme, std::string_view rest, std::string_view word) {
  if (scheme == "https" && rest.find('/') != std::string_view::npos) {
    return fail("paths are not allowed in HTTPS upstream addresses (the /dns-query path is used by default): " +
                std::string(word));
  }
  if (scheme == "https") {
    return fail("DNS over HTTPS to an upstream is not built, expecting dns:// or tls:// instead of '" +
                std::string(word) + "'");
  }
  return fail("'" + std::string(scheme) +
              "' is not supported as a destination protocol in forward: " + std::string(word));
}

}  // namespace

Result<TargetWord> parse_target(std::string_view word) {
  TargetWord target;
  target.word = word;
  std::string_view rest = word;
  if (const size_t at = word.find("://"); at != std::string_view::npos) {
    const std::string_view scheme = word.substr(0, at);
    rest = word.substr(at + 3);
    if (scheme == "tls") {
      target.scheme = Scheme::tls;
      target.port = 853;
    } else if (scheme != "dns") {
      return unsupported(scheme, rest, word);
    }
  }
  if (rest.empty()) return fail("invalid address: \"" + std::string(word) + "\"");
  if (rest.starts_with('/')) {  // a file name, colons and all
    target.host = rest;
    return target;
  }
  // `tls://9.9.9.9%dns.quad9.net:853`, `[fe80::1%eth0]:53`: what stands behind the last '%' up to a port.
  const HostPort parts = split_port(rest);
  std::string_view host = parts.host;
  std::string zone;
  if (const size_t percent = host.rfind('%'); percent != std::string_view::npos) {
    zone = host.substr(percent + 1);
    host = host.substr(0, percent);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  }
  target.host = host;
  if (parts.has_port && !parse_port(parts.port, target.port)) {
    return fail("invalid port \"" + std::string(parts.port) + "\" in \"" + std::string(word) + "\"");
  }
  const auto address = IpAddress::parse(host);
  target.is_address = address.has_value();
  if (!target.is_address && !is_host_name(host)) {
    return fail("not an IP address, file, or valid domain: \"" + std::string(word) + "\"");
  }
  if (target.scheme == Scheme::tls) {
    target.server_name = zone;
  } else if (!zone.empty() && target.is_address && address->is_v6()) {
    target.scope = scope_of(zone);
  }
  return target;
}

Result<SocketAddress> parse_resolver(std::string_view text) {
  const HostPort parts = split_port(text);
  const auto address = IpAddress::parse(parts.host);
  uint16_t port = 53;
  if (!address || (parts.has_port && !parse_port(parts.port, port))) {
    return fail("resolver must be an IP address or IP:port: \"" + std::string(text) + "\"");
  }
  return SocketAddress{*address, port, 0};
}

Result<std::vector<Target>> look_up(const std::vector<TargetWord>& words, const std::vector<SocketAddress>& resolvers) {
  std::vector<Target> targets;
  const auto add = [&](Target target) {
    const bool known = std::any_of(targets.begin(), targets.end(),
                                   [&](const Target& other) { return other.address == target.address; });
    if (!known) targets.push_back(std::move(target));
  };
  for (const TargetWord& word : words) {
    if (word.is_address) {
      add({word.scheme, {*IpAddress::parse(word.host), word.port, word.scope}, word.server_name});
      continue;
    }
    if (const auto servers = read_resolv_conf(word.host)) {
      for (const SocketAddress& server : *servers) add({Scheme::dns, server, {}});
      continue;
    }
    const auto found = resolve(word.host, resolvers);
    if (!found) return fail("failed to resolve \"" + word.host + "\": " + found.error().message);
    for (const IpAddress& address : *found) add({word.scheme, {address, word.port, 0}, word.server_name});
  }
  if (targets.empty()) return fail("no valid upstream addresses found");
  return targets;
}

}  // namespace portolan::forward
