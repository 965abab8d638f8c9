// What a `trace` directive says.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/address.h"
#include "base/result.h"

namespace portolan::trace {

/// Whom spans are for: Zipkin's JSON, Datadog's agent, or OpenTelemetry's OTLP in JSON; all over HTTP.
enum class Format : uint8_t { zipkin, datadog, otlp };

struct Options {
  Format format = Format::zipkin;
  std::string origin;  // "http://localhost:9411"
  std::string path;    // "/api/v2/spans"
  uint64_t every = 1;  // 0: none
  std::string service = "coredns";
  SocketAddress service_address;  // what `bind` names first; port 0: nothing
  double analytics_rate = 0;
  size_t backlog = 1000;
  size_t batch = 100;
  std::chrono::nanoseconds interval = std::chrono::seconds(1);
};

/// Sets format, origin and path from ENDPOINT-TYPE and ENDPOINT; an empty ENDPOINT is the type's default.
Result<void> set_endpoint(Options& options, const std::string& type, std::string endpoint);

}  // namespace portolan::trace
