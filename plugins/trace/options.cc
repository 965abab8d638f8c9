// Endpoints: CoreDNS's rules for what may be left out.
#include "plugins/trace/options.h"

#include <array>
#include <string_view>

namespace portolan::trace {
namespace {

struct Type {
  std::string_view name;
  Format format;
  std::string_view endpoint, path;  // when none is given
};
constexpr std::array kTypes = {
    Type{"zipkin", Format::zipkin, "localhost:9411", "/api/v2/spans"},
    Type{"datadog", Format::datadog, "localhost:8126", "/v0.4/traces"},
    Type{"otlp", Format::otlp, "localhost:4318", "/v1/traces"},
};

}  // namespace

Result<void> set_endpoint(Options& options, const std::string& type, std::string endpoint) {
  const Type* known = nullptr;
  for (const Type& each : kTypes) {
    if (each.name == type) known = &each;
  }
  if (!known) return fail("tracing endpoint type '" + type + "' is not supported");
  if (endpoint.empty()) endpoint = known->endpoint;
  // As CoreDNS: a whole URL is taken as it is, anything else is a host and a port.
  if (endpoint.find("http") == endpoint.npos || known->format == Format::datadog) {
    if (endpoint.find("://") == endpoint.npos) endpoint = "http://" + endpoint + std::string(known->path);
  }
  const size_t scheme = endpoint.find("://");
  const std::string_view name = std::string_view(endpoint).substr(0, scheme == endpoint.npos ? 0 : scheme);
  const size_t host = scheme == endpoint.npos ? endpoint.size() : scheme + 3;
  const size_t slash = endpoint.find('/', host);
  if ((name != "http" && name != "https") || host >= endpoint.size() || slash == host) {
    return fail("'" + endpoint + "' is no URL of a collector, expected HOST:PORT or http://HOST:PORT/PATH");
  }
  options.format = known->format;
  options.origin = endpoint.substr(0, slash);
  options.path = slash == endpoint.npos ? "/" : endpoint.substr(slash);
  return {};
}

}  // namespace portolan::trace
