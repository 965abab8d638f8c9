// Reading endpoints.
#include "plugins/dnstap/endpoint.h"

#include "server/http/listen.h"

namespace portolan::dnstap {

std::string Endpoint::text() const {
  switch (kind) {
    case Kind::unix_socket:
      return "unix://" + path;
    case Kind::tcp:
      return dialled().replace(0, 4, "tcp://");
    case Kind::tls:
      return dialled().replace(0, 4, "tls://");
  }
  return {};
}

std::string Endpoint::dialled() const {
  if (kind == Kind::unix_socket) return "unix " + path;
  return "tcp " + (host.find(':') == host.npos ? host : "[" + host + "]") + ":" + port;
}

Result<Endpoint> parse_endpoint(const std::string& text) {
  Endpoint endpoint;
  for (const auto& [scheme, kind] : {std::pair{"tcp://", Endpoint::Kind::tcp}, {"tls://", Endpoint::Kind::tls}}) {
    if (!text.starts_with(scheme)) continue;
    std::string address = text.substr(6);
    if (const size_t slash = address.find('/'); slash != address.npos) {
      if (slash + 1 != address.size()) return fail("'" + text + "': a path makes no sense behind " + scheme);
      address.pop_back();
    }
    auto split = server::http::split_host_port(address);
    if (!split) return fail("'" + text + "': " + split.error().message);
    if (split->port.empty()) return fail("'" + text + "': missing port in address");
    endpoint.kind = kind;
    endpoint.host = std::move(split->host);
    endpoint.port = std::move(split->port);
    return endpoint;
  }
  endpoint.path = text.starts_with("unix://") ? text.substr(7) : text;
  if (endpoint.path.empty()) return fail("'" + text + "': the path of a socket was expected");
  return endpoint;
}

}  // namespace portolan::dnstap
