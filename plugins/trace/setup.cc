// The directive `trace [ENDPOINT-TYPE] [ENDPOINT] { ... }`.
#include "server/setup.h"

#include <algorithm>
#include <charconv>

#include "plugins/trace/trace.h"

namespace portolan {
namespace trace {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;

constexpr std::string_view kBooleans = "1|t|T|TRUE|true|True|0|f|F|FALSE|false|False";
constexpr int64_t kMostSpans = 1'000'000;

constexpr Arg kEndpoint[] = {{.name = "ENDPOINT-TYPE"}, {.name = "ENDPOINT"}};
constexpr Arg kAmount[] = {{.name = "AMOUNT", .kind = ArgKind::integer, .min = 0}};
constexpr Arg kName[] = {{.name = "NAME"}};
constexpr Arg kBoolean[] = {{.name = "BOOLEAN", .kind = ArgKind::choice, .choices = kBooleans}};
constexpr Arg kRate[] = {{.name = "RATE", .kind = ArgKind::fraction}};
constexpr Arg kSize[] = {{.name = "SIZE", .kind = ArgKind::integer, .min = 0, .max = kMostSpans}};
constexpr Arg kDuration[] = {{.name = "DURATION", .kind = ArgKind::duration, .min = 0}};
constexpr Option kOptions[] = {
    {.name = "", .args = kEndpoint, .fallback = "zipkin localhost:9411", .help = "who gets the spans, in what form"},
    {.name = "every", .args = kAmount, .required = 1, .fallback = "1", .help = "one query of so many is traced"},
    {.name = "service", .args = kName, .required = 1, .fallback = "coredns", .help = "the name that spans are under"},
    {.name = "client_server", .args = kBoolean, .fallback = "false", .help = "share a span with the client"},
    {.name = "datadog_analytics_rate", .args = kRate, .fallback = "0", .help = "how many traces are analyzed"},
    {.name = "zipkin_max_backlog_size", .args = kSize, .required = 1, .fallback = "1000", .help = "spans kept"},
    {.name = "zipkin_max_batch_size", .args = kSize, .required = 1, .fallback = "100", .help = "spans sent at once"},
    {.name = "zipkin_max_batch_interval", .args = kDuration, .required = 1, .fallback = "1s", .help = "time kept"},
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

Result<void> read_option(server::Setup& setup, const corefile::OptionUse& use, Options& options) {
  if (use.is("")) {
    const std::string type = use.size() == 2 ? lower(use.text(0)) : "zipkin";
    const std::string endpoint = use.size() == 0 ? "" : use.text(use.size() - 1);
    if (auto set = set_endpoint(options, type, endpoint); !set) return setup.error(use.at, set.error().message);
  } else if (use.is("every")) {
    options.every = static_cast<uint64_t>(use.number());
  } else if (use.is("service")) {
    options.service = use.text();
  } else if (use.is("datadog_analytics_rate")) {
    options.analytics_rate = use.has(0) ? use.fraction() : 0;
    if (!(options.analytics_rate >= 0 && options.analytics_rate <= 1)) {
      return setup.error(
          use.at, "datadog analytics rate must be between 0 and 1, '" + use.tokens[0].text + "' is not supported");
    }
  } else if (use.is("zipkin_max_backlog_size")) {
    if (use.number() > 0) options.backlog = static_cast<size_t>(use.number());
  } else if (use.is("zipkin_max_batch_size")) {
    if (use.number() > 0) options.batch = static_cast<size_t>(use.number());
  } else if (use.is("zipkin_max_batch_interval")) {
    if (use.duration().count() > 0) options.interval = use.duration();
  }
  // client_server: a client's span comes in the headers of DNS over HTTPS; a plain query has none that could be shared.
  return {};
}

SocketAddress service_address(const server::Block& block) {
  SocketAddress address;
  if (block.listen().hosts.empty()) return address;
  const auto ip = IpAddress::parse(block.listen().hosts.front());
  if (!ip) return address;
  address.ip = *ip;
  const std::string& port = block.keys().front().port;
  std::from_chars(port.data(), port.data() + port.size(), address.port);
  return address;
}

Result<void> setup_trace(server::Setup& setup) {
  Options options;
  const corefile::OptionUse* rate = nullptr;
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    for (const corefile::OptionUse& use : directive.uses) {
      if (auto read = read_option(setup, use, options); !read) return read;
      if (use.is("datadog_analytics_rate")) rate = &use;
    }
  }
  if (rate && options.format != Format::datadog) {
    setup.warn(rate->at, "datadog_analytics_rate means something for the endpoint type datadog only");
  }
  options.service_address = service_address(setup.block());
  setup.add(std::make_unique<Trace>(std::move(options), setup.block(), setup.process()));
  return {};
}

}  // namespace
}  // namespace trace

extern const server::Plugin trace_plugin;
const server::Plugin trace_plugin{.name = "trace", .setup = trace::setup_trace, .options = trace::kOptions};

}  // namespace portolan
