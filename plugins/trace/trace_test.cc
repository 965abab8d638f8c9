// Spans as a collector gets them, in each of the three forms.
#include "plugins/trace/trace.h"

#include <doctest/doctest.h>
#include <httplib.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "base/log_capture.h"
#include "base/metrics.h"
#include "server/metadata.h"
#include "server/worker.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin trace_plugin;

namespace trace {
namespace {

using nlohmann::json;
using server::Outcome;
using server::Query;
using testing::Ask;
using testing::PluginFixture;

// Takes what is posted and keeps it.
class Collector {
 public:
  struct Request {
    std::string path, type, body;
    httplib::Headers headers;
  };
  explicit Collector(int status = 202) {
    server_.Post(".*", [this, status](const httplib::Request& request, httplib::Response& response) {
      const std::lock_guard lock(mutex_);
      requests_.push_back({request.path, request.get_header_value("Content-Type"), request.body, request.headers});
      response.status = status;
      changed_.notify_all();
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();  // stop() does not see a server that has not begun
  }
  ~Collector() {
    server_.stop();
    thread_.join();
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  /// Waits until `enough` of what has been posted.
  std::vector<Request> wait_for(const std::function<bool(const std::vector<Request>&)>& enough) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [&] { return enough(requests_); });
    return requests_;
  }
  Request first() {
    const auto requests = wait_for([](const auto& all) { return !all.empty(); });
    return requests.empty() ? Request() : requests.front();
  }
  /// Zipkin's spans of all requests, once there are `count`.
  std::vector<json> spans(size_t count) {
    std::vector<json> all;
    wait_for([&](const auto& requests) {
      all.clear();
      for (const Request& request : requests) {
        for (const json& span : json::parse(request.body)) all.push_back(span);
      }
      return all.size() >= count;
    });
    return all;
  }

 private:
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Request> requests_;
};

FakeClock* moving = nullptr;  // the server's

Task<Outcome> later(Query& query) {
  Task<void> pause = sleep_for(query.worker().loop(), std::chrono::milliseconds(1));
  co_await pause;
  moving->advance(std::chrono::milliseconds(7));
  co_return query.answer();
}

// Answers by the first label.
Task<Outcome> last(Query& query, server::Next) {
  const std::string_view what = query.question.lower.first_label();
  if (what == "broken") return query.fail(dns::Rcode::servfail, "it is broken");
  if (what == "slow") return later(query);
  if (what == "far") {
    server::UpstreamExchange exchange;
    exchange.upstream = "192.0.2.53:53";
    exchange.asked = moving->now();
    exchange.ended = exchange.asked + std::chrono::milliseconds(3);
    for (auto* tap : query.block->others<server::Tap>()) {
      if (tap->wants(query)) tap->exchanged(query, exchange);
    }
  }
  moving->advance(std::chrono::milliseconds(2));
  return query.answer(what == "none" ? dns::Rcode::nxdomain : dns::Rcode::noerror);
}

Task<Outcome> looking(Query& query, dns::NameView name) {
  Task<server::Lookup> asking = query.lookup(name, dns::RRType::a);
  co_await asking;
  co_return query.answer();
}
Task<Outcome> branching(Query& query, server::Next next) {
  const server::QueryPtr branch = query.branch(query.question);
  Task<Outcome> asking = next(*branch);
  co_await asking;
  co_return query.answer();
}
// What outlives its query is asked when that has been answered.
server::QueryPtr kept;
std::optional<server::Next> kept_next;
Task<Outcome> first(Query& query, server::Next next) {
  const std::string_view what = query.question.lower.first_label();
  if (what == "alias") return looking(query, *dns::parse_name("web.example.", query.arena()));
  if (what == "twice") return branching(query, next);
  if (what == "keep") {
    kept = query.branch(query.question);
    kept_next = next;
    return query.answer();
  }
  return next(query);
}

std::string trace_label;
constexpr server::Plugin kMetadata{.name = "metadata", .setup = [](server::Setup& setup) -> Result<void> {
                                     setup.block().metadata_zones_.emplace();
                                     return {};
                                   }};
Task<Outcome> note(Query& query, server::Next next) {
  trace_label = query.metadata ? query.metadata->value("trace/traceid").value_or("-") : "none";
  return next(query);
}

std::unique_ptr<PluginFixture> serve(const std::string& directive) {
  auto server =
      std::make_unique<PluginFixture>(". {\n metadata\n" + directive + "\n note\n first\n last\n}\n",
                                      std::vector{kMetadata, trace_plugin, testing::stand_in("note", note),
                                                  testing::stand_in("first", first), testing::stand_in("last", last)});
  INFO(server->error_text());
  REQUIRE(server->ok());
  moving = &server->process().fake_clock;
  return server;
}

std::string quick(const Collector& collector, const std::string& more = {}) {
  return "trace " + collector.address() + " {\n zipkin_max_batch_interval 1ms\n " + more + "\n }";
}

// By name; each name is to be there once.
std::map<std::string, json> by_name(const std::vector<json>& spans) {
  std::map<std::string, json> named;
  for (const json& span : spans) CHECK(named.emplace(span["name"], span).second);
  return named;
}

TEST_CASE("trace: a query is a span, and every plugin on its way is one below the plugin before") {
  Collector collector;
  const auto server = serve(quick(collector));
  Ask ask;
  ask.name = "Web.Example.";
  ask.type = dns::RRType::mx;
  ask.transport = server::Transport::tcp;
  ask.client = "2001:db8::7";
  server->ask(ask);
  auto spans = by_name(collector.spans(4));
  REQUIRE(spans.size() == 4);
  const json& top = spans["servedns"];
  CHECK(top["kind"] == "SERVER");
  CHECK_FALSE(top.contains("parentId"));
  CHECK(top["tags"] == json({{"coredns.io/name", "web.example."},
                             {"coredns.io/type", "MX"},
                             {"coredns.io/proto", "tcp"},
                             {"coredns.io/remote", "2001:db8::7"},
                             {"coredns.io/rcode", "NOERROR"}}));
  CHECK(top["timestamp"] == 1'700'000'000'000'000);
  CHECK(top["duration"] == 2000);
  CHECK(top["localEndpoint"] == json({{"serviceName", "coredns"}}));
  CHECK(top["traceId"].get<std::string>().size() == 16);
  CHECK(trace_label == top["traceId"]);
  std::string above = top["id"];
  for (const char* plugin : {"note", "first", "last"}) {
    const json& span = spans[plugin];
    CAPTURE(plugin);
    CHECK(span["traceId"] == top["traceId"]);
    CHECK(span["parentId"] == above);
    CHECK_FALSE(span.contains("kind"));
    above = span["id"];
  }
  const auto request = collector.first();
  CHECK(request.path == "/api/v2/spans");
  CHECK(request.type == "application/json");
  CHECK(request.headers.find("b3")->second == "0");
}

TEST_CASE("trace: a query that fails has the error in its span, and the code that the client gets") {
  Collector collector;
  const auto server = serve(quick(collector));
  server->ask("broken.example.");
  auto spans = by_name(collector.spans(4));
  const json& top = spans["servedns"];
  CHECK(top["tags"]["coredns.io/rcode"] == "SERVFAIL");
  CHECK(top["tags"]["error"] == "true");
  REQUIRE(top["annotations"].size() == 2);
  CHECK(top["annotations"][0]["value"] == "event:error");
  CHECK(top["annotations"][1]["value"] == "error.object:it is broken");
}

TEST_CASE("trace: waiting is part of the span, and of those above it") {
  Collector collector;
  const auto server = serve(quick(collector));
  server->ask("slow.example.");
  auto spans = by_name(collector.spans(4));
  for (const char* name : {"servedns", "note", "first", "last"}) CHECK(spans[name]["duration"] == 7000);
}

TEST_CASE("trace: a question to an upstream is a span of its own below the plugin that asks") {
  Collector collector;
  const auto server = serve(quick(collector));
  server->ask("far.example.");
  auto spans = by_name(collector.spans(5));
  const json& connect = spans["connect"];
  CHECK(connect["parentId"] == spans["last"]["id"]);
  CHECK(connect["tags"] == json({{"peer.address", "192.0.2.53:53"}}));
  CHECK(connect["timestamp"] == 1'700'000'000'000'000);
  CHECK(connect["duration"] == 3000);
}

TEST_CASE("trace: what a plugin asks anew is seen below it") {
  for (const auto& [name, below] : {std::pair{"alias.example.", 3}, {"twice.example.", 1}}) {
    CAPTURE(name);
    Collector collector;
    const auto server = serve(quick(collector));
    server->ask(name);
    const auto spans = collector.spans(static_cast<size_t>(3 + below));  // servedns, note, first
    REQUIRE(spans.size() == static_cast<size_t>(3 + below));
    std::set<std::string> traces;
    std::map<std::string, std::string> names;
    for (const json& span : spans) {
      traces.insert(span["traceId"]);
      names[span["id"]] = span["name"];
    }
    CHECK(traces.size() == 1);
    int children_of_first = 0;
    for (const json& span : spans) {
      if (span.contains("parentId")) children_of_first += names[span["parentId"]] == "first" && span["name"] != "last";
    }
    CHECK(children_of_first == (below == 3 ? 1 : 0));
  }
}

TEST_CASE("trace: a branch that outlives its query harms nothing") {
  Collector collector;
  const auto server = serve(quick(collector));
  server->ask("keep.example.");
  Task<Outcome> rest = (*kept_next)(*kept);
  CHECK(rest.take().verdict == server::Verdict::answered);
  kept = {};
  kept_next.reset();
  CHECK(collector.spans(3).size() == 3);
}

TEST_CASE("trace: one query of every so many is traced") {
  static constexpr struct {
    const char* every;
    size_t queries, traced;
  } kCases[] = {{"every 1", 6, 6}, {"every 3", 7, 2}, {"every 10", 9, 0}, {"every 0", 5, 0}};
  for (const auto& each : kCases) {
    CAPTURE(each.every);
    Collector collector;
    auto server = serve(quick(collector, each.every));
    size_t labels = 0;
    for (size_t i = 0; i < each.queries; ++i) {
      server->ask("web.example.");
      labels += trace_label != "-";
    }
    CHECK(labels == each.traced);
    server.reset();  // sends what is left
    CHECK(collector.spans(each.traced * 4).size() == each.traced * 4);
  }
}

TEST_CASE("trace: spans are sent when there is a batch of them, or at the end") {
  Collector collector;
  auto server = serve("trace " + collector.address() +
                      " {\n zipkin_max_batch_size 8\n zipkin_max_batch_interval 1h\n service pine\n }");
  server->ask("web.example.");
  server->ask("web.example.");
  const auto spans = collector.spans(8);
  REQUIRE(spans.size() == 8);
  CHECK(spans[0]["localEndpoint"]["serviceName"] == "pine");
  server->ask("web.example.");
  server.reset();
  CHECK(collector.spans(12).size() == 12);
}

TEST_CASE("trace: the address that `bind` names is said") {
  Collector collector;
  const server::Plugin bind{.name = "bind", .setup = [](server::Setup& setup) -> Result<void> {
                              setup.block().listen_.hosts = {"127.0.0.9"};
                              return {};
                            }};
  PluginFixture server(".:1053 {\n bind\n " + quick(collector) + "\n last\n}\n",
                       {bind, trace_plugin, testing::stand_in("last", last)});
  REQUIRE(server.ok());
  moving = &server.process().fake_clock;
  server.ask("web.example.");
  const auto spans = collector.spans(2);
  REQUIRE_FALSE(spans.empty());
  CHECK(spans[0]["localEndpoint"] == json({{"serviceName", "coredns"}, {"ipv4", "127.0.0.9"}, {"port", 1053}}));
}

TEST_CASE("trace: Datadog's agent gets one span a query, in MessagePack") {
  Collector collector;
  const auto server = serve("trace datadog " + collector.address() +
                            " {\n datadog_analytics_rate 0.5\n zipkin_max_batch_interval 1ms\n }");
  server->ask("broken.example.");
  const auto request = collector.first();
  CHECK(request.path == "/v0.4/traces");
  CHECK(request.type == "application/msgpack");
  CHECK(request.headers.find("X-Datadog-Trace-Count")->second == "1");
  const json body = json::from_msgpack(request.body);
  REQUIRE(body.size() == 1);
  REQUIRE(body[0].size() == 1);
  const json& span = body[0][0];
  CHECK(span["name"] == "servedns");
  CHECK(span["service"] == "coredns");
  CHECK(span["type"] == "dns");
  CHECK(span["error"] == 1);
  CHECK(span["parent_id"] == 0);
  CHECK(span["start"] == 1'700'000'000'000'000'000);
  CHECK(span["meta"]["coredns.io@name"] == "broken.example.");
  CHECK(span["meta"]["coredns.io@rcode"] == "SERVFAIL");
  CHECK(span["meta"]["error.message"] == "it is broken");
  CHECK(span["metrics"]["_dd1.sr.eausr"] == 0.5);
}

TEST_CASE("trace: OpenTelemetry's collectors get OTLP in JSON") {
  Collector collector;
  const auto server = serve("trace otlp " + collector.address() + " {\n zipkin_max_batch_interval 1ms\n }");
  server->ask("none.example.");
  const auto request = collector.first();
  CHECK(request.path == "/v1/traces");
  CHECK(request.type == "application/json");
  const json body = json::parse(request.body);
  REQUIRE(body["resourceSpans"].size() == 1);
  const json& resource = body["resourceSpans"][0];
  REQUIRE(resource["scopeSpans"].size() == 1);
  CHECK(resource["resource"]["attributes"][0] ==
        json({{"key", "service.name"}, {"value", {{"stringValue", "coredns"}}}}));
  for (const json& span : resource["scopeSpans"][0]["spans"]) {
    CHECK(span["traceId"].get<std::string>().size() == 32);
    CHECK(span["spanId"].get<std::string>().size() == 16);
    CHECK(span["traceId"] == trace_label);
    if (span["name"] != "servedns") {
      CHECK(span["kind"] == 1);
      continue;
    }
    CHECK(span["kind"] == 2);
    CHECK(span["startTimeUnixNano"] == "1700000000000000000");
    CHECK(span["endTimeUnixNano"] == "1700000000002000000");
    const json rcode = {{"key", "coredns.io/rcode"}, {"value", {{"stringValue", "NXDOMAIN"}}}};
    CHECK(std::count(span["attributes"].begin(), span["attributes"].end(), rcode) == 1);
  }
}

TEST_CASE("trace: a collector that is away or refuses costs spans, not answers") {
  const auto dropped = [] {
    const std::string text = metrics::exposition(), name = "\nportolan_trace_dropped_spans_total ";
    return std::stod(text.substr(text.find(name) + name.size()));
  };
  log::LogCapture log;
  Collector refusing(500);
  int closed_port = 0;
  {
    httplib::Server nobody;
    closed_port = nobody.bind_to_any_port("127.0.0.1");
  }
  for (const std::string& address : {"127.0.0.1:" + std::to_string(closed_port), refusing.address()}) {
    const double before = dropped();
    auto server = serve("trace " + address + " {\n zipkin_max_batch_interval 1ms\n }");
    CHECK(server->ask("web.example.").rcode == dns::Rcode::noerror);
    server.reset();
    CHECK(dropped() == before + 4);
    CHECK(log.take().find("[WARNING] plugin/trace: http://" + address + "/api/v2/spans: failed ") != std::string::npos);
  }
}

TEST_CASE("trace: beyond the backlog the oldest spans are given up") {
  Collector collector;
  log::LogCapture log;
  auto server =
      serve("trace " + collector.address() + " {\n zipkin_max_backlog_size 4\n zipkin_max_batch_interval 1h\n }");
  for (int i = 0; i < 5; ++i) server->ask("web.example.");
  server->ask("none.example.");
  server.reset();
  const auto spans = collector.spans(4);
  REQUIRE(spans.size() == 4);
  CHECK(by_name(spans)["servedns"]["tags"]["coredns.io/name"] == "none.example.");
}

}  // namespace
}  // namespace trace
}  // namespace portolan
