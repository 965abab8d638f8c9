// Zipkin's v2 JSON, OTLP's JSON, and the MessagePack of Datadog's agent (v0.4).
#include "plugins/trace/format.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace portolan::trace {
namespace {

using nlohmann::json;

// Names of tags; Datadog's have another character in the middle, as with CoreDNS.
std::string tag(std::string_view name, char between = '/') {
  return std::string("coredns.io") + between + std::string(name);
}

// What is said of a span beside its times, as pairs of texts.
json tags_of(const Span& span, char between = '/') {
  json tags = json::object();
  if (span.head.kind == Kind::query) {
    tags[tag("name", between)] = span.subject;
    tags[tag("type", between)] = std::string(dns::text(span.head.type));
    tags[tag("proto", between)] = std::string(server::text(span.head.transport));
    tags[tag("remote", between)] = span.head.client.unmapped().text();
    tags[tag("rcode", between)] = std::string(dns::text(span.head.rcode));
  } else if (span.head.kind == Kind::connect) {
    tags["peer.address"] = span.subject;
  }
  return tags;
}

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

json zipkin_endpoint(const Options& options) {
  json endpoint = {{"serviceName", options.service}};
  if (const SocketAddress& address = options.service_address; address.port != 0) {
    endpoint[address.ip.is_v4() ? "ipv4" : "ipv6"] = address.ip.text();
    endpoint["port"] = address.port;
  }
  return endpoint;
}

// https://zipkin.io/zipkin-api, Span; times are microseconds, and a duration is at least one.
json zipkin(const Span& span, const json& endpoint) {
  const int64_t start = span.head.start / 1000;
  json object = {{"traceId", trace_id(span.head.context)},
                 {"id", span_id(span.head.context.span)},
                 {"name", span.title},
                 {"timestamp", start},
                 {"duration", std::max<int64_t>(span.head.duration / 1000, 1)},
                 {"localEndpoint", endpoint}};
  if (span.head.parent != 0) object["parentId"] = span_id(span.head.parent);
  if (span.head.kind == Kind::query) object["kind"] = "SERVER";
  json tags = tags_of(span);
  if (!span.error.empty()) {
    const int64_t end = start + span.head.duration / 1000;
    tags["error"] = "true";
    object["annotations"] = {{{"timestamp", end}, {"value", "event:error"}},
                             {{"timestamp", end}, {"value", "error.object:" + span.error}}};
  }
  if (!tags.empty()) object["tags"] = std::move(tags);
  return object;
}

Body zipkin_body(std::span<const Span> spans, const Options& options) {
  const json endpoint = zipkin_endpoint(options);
  json all = json::array();
  for (const Span& span : spans) all.push_back(zipkin(span, endpoint));
  return {dump(all), "application/json", 0};
}

// OTLP's numbers for kinds of spans: 1 internal, 2 server, 3 client.
int otlp_kind(Kind kind) { return kind == Kind::query ? 2 : kind == Kind::plugin ? 1 : 3; }

json otlp_attribute(const std::string& key, const std::string& value) {
  return {{"key", key}, {"value", {{"stringValue", value}}}};
}

// opentelemetry-proto, trace.proto, in its JSON form: ids in hexadecimal, 64-bit numbers as texts.
json otlp(const Span& span) {
  json object = {{"traceId", trace_id(span.head.context)},
                 {"spanId", span_id(span.head.context.span)},
                 {"name", span.title},
                 {"kind", otlp_kind(span.head.kind)},
                 {"startTimeUnixNano", std::to_string(span.head.start)},
                 {"endTimeUnixNano", std::to_string(span.head.start + span.head.duration)}};
  if (span.head.parent != 0) object["parentSpanId"] = span_id(span.head.parent);
  json attributes = json::array();
  const json tags = tags_of(span);
  for (const auto& [key, value] : tags.items()) attributes.push_back(otlp_attribute(key, value));
  object["attributes"] = std::move(attributes);
  if (!span.error.empty()) object["status"] = {{"code", 2}, {"message", span.error}};
  return object;
}

Body otlp_body(std::span<const Span> spans, const Options& options) {
  json all = json::array();
  for (const Span& span : spans) all.push_back(otlp(span));
  const json scope = {{"scope", {{"name", "portolan"}, {"version", PORTOLAN_VERSION}}}, {"spans", std::move(all)}};
  const json resource = {{"resource", {{"attributes", json::array({otlp_attribute("service.name", options.service)})}}},
                         {"scopeSpans", json::array({scope})}};
  json body = json::object();
  body["resourceSpans"] = json::array({resource});
  return {dump(body), "application/json", 0};
}

// The agent's API: a list of traces, each a list of spans. A query is one span, as with CoreDNS.
json datadog(const Span& span, const Options& options) {
  json meta = tags_of(span, '@');
  meta["dns"] = "true";
  json metrics = {{"_sampling_priority_v1", 1.0}};
  if (options.analytics_rate > 0) metrics["_dd1.sr.eausr"] = options.analytics_rate;
  if (!span.error.empty()) {
    meta["error.message"] = span.error;
    meta["error.type"] = "dns_error";
  }
  return {{"trace_id", span.head.context.trace},
          {"span_id", span.head.context.span},
          {"parent_id", uint64_t{0}},
          {"name", span.title},
          {"resource", span.title},
          {"service", options.service},
          {"type", "dns"},
          {"start", span.head.start},
          {"duration", std::max<int64_t>(span.head.duration, 1)},
          {"error", span.error.empty() ? 0 : 1},
          {"meta", std::move(meta)},
          {"metrics", std::move(metrics)}};
}

Body datadog_body(std::span<const Span> spans, const Options& options) {
  json all = json::array();
  for (const Span& span : spans) all.push_back(json::array({datadog(span, options)}));
  Body body{{}, "application/msgpack", spans.size()};
  json::to_msgpack(all, body.octets);
  return body;
}

}  // namespace

Body format_spans(std::span<const Span> spans, const Options& options) {
  switch (options.format) {
    case Format::datadog:
      return datadog_body(spans, options);
    case Format::otlp:
      return otlp_body(spans, options);
    case Format::zipkin:
      break;
  }
  return zipkin_body(spans, options);
}

}  // namespace portolan::trace
