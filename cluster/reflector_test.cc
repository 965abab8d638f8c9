// The loop of list and watch against a server that fails in every way that API servers do.
#include "cluster/reflector.h"

#include <doctest/doctest.h>

#include <optional>
#include <thread>

#include "cluster/fake_api_server.h"
#include "cluster/protobuf_message.h"
#include "cluster/recording_sink.h"

namespace portolan::cluster {
namespace {

using Lines = std::vector<std::string>;

std::string event(const std::string& type, const std::string& name, int version, const std::string& ip = "10.0.0.1") {
  return R"({"type":")" + type + R"(","object":{"metadata":{"name":")" + name +
         R"(","namespace":"prod","resourceVersion":")" + std::to_string(version) + R"("},"spec":{"clusterIP":")" + ip +
         "\"}}}\n";
}
std::string bookmark(int version, bool initial_end = false) {
  return R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":")" + std::to_string(version) + "\"" +
         (initial_end ? R"(,"annotations":{"k8s.io/initial-events-end":"true"})" : "") + "}}}\n";
}
std::string page(int version, const std::string& token, const std::string& items) {
  return R"({"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":")" + std::to_string(version) +
         R"(","continue":")" + token + R"("},"items":[)" + items + "]}";
}
std::string item(const std::string& name) {
  return R"({"metadata":{"name":")" + name + R"(","namespace":"prod"},"spec":{"clusterIP":"10.0.0.1"}})";
}

constexpr const char* kProtobuf = "application/vnd.kubernetes.protobuf";
constexpr const char* kProtobufStream = "application/vnd.kubernetes.protobuf;stream=watch";
constexpr const char* kBoth = "application/vnd.kubernetes.protobuf, application/json";

std::string protobuf_event(const std::string& type, const std::string& name, int version,
                           const std::string& ip = "10.0.0.1") {
  return frame(watch_event(type, standing("Service", small_service(name, version, ip))));
}
std::string protobuf_bookmark(int version, bool initial_end = false) {
  const std::string end = initial_end ? entry(12, "k8s.io/initial-events-end", "true") : std::string();
  return frame(watch_event("BOOKMARK", standing("Service", bytes(1, bytes(6, std::to_string(version)) + end))));
}

constexpr const char* kRefused = R"({"kind":"Status","code":422,"reason":"Invalid",
  "message":"sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch without the feature gate"})";
constexpr const char* kStream =
    "/api/v1/"
    "services?watch=true&allowWatchBookmarks=true&timeoutSeconds=400&sendInitialEvents=true&resourceVersionMatch="
    "NotOlderThan";

std::string resumed(int version) {
  return "/api/v1/services?watch=true&allowWatchBookmarks=true&timeoutSeconds=6&resourceVersion=" +
         std::to_string(version);
}

/// A reflector of services on a thread, with short pauses.
struct Running {
  explicit Running(const std::string& url, const Resource& wanted = resource(Kind::service, {})) {
    ApiServer api;
    api.url = url;
    api.qps = 1000;
    api.burst = 1000;
    api.token = "secret";
    using std::chrono::milliseconds;
    const Pace pace{milliseconds(1), milliseconds(5), [] { return uint64_t{301 * 3 + 100}; }, milliseconds(1),
                    milliseconds(5)};
    reflector.emplace(wanted, api, gate, sink, pace);
    thread = std::thread([this] { reflector->run(); });
  }
  ~Running() { stop(); }
  void stop() {
    gate.stop();
    reflector->stop();
    if (thread.joinable()) thread.join();
  }
  Gate gate{1000, 1000, 0, system_clock()};
  RecordingSink sink;
  std::optional<Reflector> reflector;
  std::thread thread;
};

}  // namespace

TEST_CASE("reflector: a streaming list becomes a snapshot and goes on as a watch") {
  FakeApiServer server;
  const auto stream = server.stream();
  Running running(server.url());
  CHECK(server.request() == kStream);
  CHECK(server.authorization() == "Bearer secret");
  stream->send(event("ADDED", "a", 5) + event("ADDED", "b", 7));
  CHECK(running.sink.saw("apply service prod/b 10.0.0.1"));
  stream->send(bookmark(9, true));
  CHECK(running.sink.saw("end service"));
  stream->send(event("MODIFIED", "a", 10, "10.0.0.2") + event("DELETED", "b", 11));
  CHECK(running.sink.saw("remove service prod/b"));
  CHECK(running.sink.take() == Lines{"begin service", "apply service prod/a 10.0.0.1", "apply service prod/b 10.0.0.1",
                                     "end service", "apply service prod/a 10.0.0.2", "remove service prod/b"});
  CHECK(running.sink.saw_connection("up service"));
}

TEST_CASE("reflector: requests are counted by their outcome, with the time until the reply began") {
  FakeApiServer server;
  const std::string host = server.url().substr(std::string_view("http://").size());
  {
    server.answer(403, R"({"message":"no rights"})");
    const auto stream = server.stream();
    Running running(server.url());
    CHECK(server.request() == kStream);
    CHECK(server.request() == kStream);
    stream->send(event("ADDED", "a", 5));
    CHECK(running.sink.saw("apply service prod/a 10.0.0.1"));
  }  // stopped, which is no failure
  // Those that the reflector has made.
  const metrics::CounterFamily requests("coredns_kubernetes_rest_client_requests_total", "",
                                        {"code", "method", "host"});
  const metrics::HistogramFamily latency("coredns_kubernetes_rest_client_request_duration_seconds", "",
                                         {"verb", "host"}, {});
  const metrics::HistogramFamily waits("coredns_kubernetes_rest_client_rate_limiter_duration_seconds", "",
                                       {"verb", "host"}, {});
  CHECK(requests.with({"403", "GET", host}).value() == 1);
  CHECK(requests.with({"200", "GET", host}).value() == 1);
  CHECK(requests.with({"<error>", "GET", host}).value() == 0);
  CHECK(latency.with({"GET", host}).count() == 2);
  CHECK(waits.with({"GET", host}).count() == 2);

  Running away("http://127.0.0.1:1/prefix");
  const metrics::Counter failed = requests.with({"<error>", "GET", "127.0.0.1:1"});
  CHECK(away.sink.saw_connection("down service"));
  away.stop();
  CHECK(failed.value() >= 1);
  CHECK(latency.with({"GET", "127.0.0.1:1"}).count() == 0);
}

TEST_CASE("reflector: a watch that was cut resumes at the last version seen, bookmarks included") {
  FakeApiServer server;
  auto stream = server.stream();
  Running running(server.url());
  server.request();
  stream->send(event("ADDED", "a", 5) + bookmark(9, true) + event("MODIFIED", "a", 12) + bookmark(20));
  stream->cut();
  stream = server.stream();
  CHECK(server.request() == resumed(20));
  CHECK(running.sink.saw_connection("down service watch: the connection was lost"));
  stream->send(event("ADDED", "c", 21));
  CHECK(running.sink.saw("apply service prod/c 10.0.0.1"));
  stream->finish();  // the end that a server sets to a watch is no failure
  stream = server.stream();
  CHECK(server.request() == resumed(21));
  for (const std::string& line : running.sink.take())
    CHECK(line.find("begin") == (line == "begin service" ? 0 : line.npos));
}

TEST_CASE("reflector: after 410 Gone everything is listed again in a new snapshot") {
  for (const bool as_event : {true, false}) {
    CAPTURE(as_event);
    FakeApiServer server;
    auto stream = server.stream();
    Running running(server.url());
    server.request();
    stream->send(event("ADDED", "a", 5) + bookmark(9, true));
    CHECK(running.sink.saw("end service"));
    running.sink.take();
    stream->cut();
    const std::string gone =
        R"j({"kind":"Status","code":410,"reason":"Expired","message":"too old resource version: 9 (50)"})j";
    if (as_event) {
      server.stream()->send(R"({"type":"ERROR","object":)" + gone + "}\n");
    } else {
      server.answer(410, gone);
    }
    CHECK(server.request() == resumed(9));
    stream = server.stream();
    CHECK(server.request() == kStream);
    stream->send(event("ADDED", "b", 50) + bookmark(51, true));
    CHECK(running.sink.saw("end service"));
    CHECK(running.sink.take() == Lines{"begin service", "apply service prod/b 10.0.0.1", "end service"});
  }
}

TEST_CASE("reflector: a server without streaming lists is asked for pages, then watched") {
  FakeApiServer server;
  server.answer(422, kRefused);
  server.answer(200, page(30, "next page/", item("a") + "," + item("b")));
  server.answer(200, page(30, "", item("c")));
  const auto stream = server.stream();
  Running running(server.url());
  CHECK(server.request() == kStream);
  CHECK(server.request() == "/api/v1/services?limit=500");
  CHECK(server.request() == "/api/v1/services?limit=500&continue=next%20page%2F");
  CHECK(server.request() == resumed(30));
  CHECK(running.sink.saw("end service"));
  CHECK(running.sink.take() == Lines{"begin service", "apply service prod/a 10.0.0.1", "apply service prod/b 10.0.0.1",
                                     "apply service prod/c 10.0.0.1", "end service"});
  stream->send(event("DELETED", "c", 31));
  CHECK(running.sink.saw("remove service prod/c"));
}

TEST_CASE("reflector: pages whose version has expired are asked for again in one piece") {
  FakeApiServer server;
  server.answer(422, kRefused);
  server.answer(200, page(30, "t", item("a")));
  server.answer(
      410, R"({"kind":"Status","code":410,"reason":"Expired","message":"The provided continue parameter is too old"})");
  server.answer(200, page(40, "", item("b")));
  Running running(server.url());
  for (int i = 0; i < 3; ++i) server.request();
  CHECK(server.request() == "/api/v1/services?limit=0");
  CHECK(running.sink.saw("end service"));
  CHECK(running.sink.take() == Lines{"begin service", "apply service prod/a 10.0.0.1", "begin service",
                                     "apply service prod/b 10.0.0.1", "end service"});
  CHECK(server.request() == resumed(40));
}

TEST_CASE("reflector: a snapshot that is cut is begun again, and a list reply cut short counts for nothing") {
  FakeApiServer server;
  auto stream = server.stream();
  Running running(server.url());
  server.request();
  stream->send(event("ADDED", "a", 5));
  CHECK(running.sink.saw("apply service prod/a 10.0.0.1"));
  stream->cut();
  server.answer(422, kRefused);
  CHECK(server.request() == kStream);
  server.answer(200, page(30, "", item("b")).substr(0, 100));
  CHECK(server.request() == "/api/v1/services?limit=500");
  CHECK(running.sink.saw_connection("down service list:"));
  CHECK(server.request() == kStream);
  for (const std::string& line : running.sink.take()) CHECK(line != "end service");
}

TEST_CASE("reflector: refusals are reported with the server's words and tried again") {
  struct Case {
    int status;
    const char* body;
    const char* said;
  };
  for (const Case& each : {
           Case{401, R"({"kind":"Status","reason":"Unauthorized","message":"Unauthorized"})",
                "down service watch: 401 Unauthorized: Unauthorized"},
           Case{403, R"({"kind":"Status","reason":"Forbidden","message":"services is forbidden"})",
                "down service watch: 403 Forbidden: services is forbidden"},
           Case{429, "", "down service watch: 429"},
           Case{500, "<html>", "down service watch: 500"},
       }) {
    CAPTURE(each.status);
    FakeApiServer server;
    server.answer(each.status, each.body);
    Running running(server.url());
    CHECK(server.request() == kStream);
    const auto stream = server.stream();
    CHECK(server.request() == kStream);
    stream->send(event("ADDED", "a", 5) + bookmark(9, true));
    CHECK(running.sink.saw("end service"));
    CHECK(running.sink.saw_connection(each.said));
  }
}

TEST_CASE("reflector: Retry-After is waited for, and stop() ends the wait at once") {
  FakeApiServer server;
  server.answer(429, "", "60");
  Running running(server.url());
  CHECK(server.request() == kStream);
  CHECK(running.sink.saw_connection("down service"));
  const auto before = std::chrono::steady_clock::now();
  running.stop();
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(10));
}

TEST_CASE("reflector: an object that makes no sense is passed over, the watch goes on") {
  FakeApiServer server;
  const auto stream = server.stream();
  Running running(server.url());
  server.request();
  stream->send(
      R"({"type":"ADDED","object":{"metadata":{"name":"bad","namespace":"prod"},"spec":{"ports":[{"port":-1}]}}})"
      "\n" +
      event("ADDED", "a", 5) + bookmark(9, true));
  CHECK(running.sink.saw("end service"));
  CHECK(running.sink.take() == Lines{"begin service", "apply service prod/a 10.0.0.1", "end service"});
}

TEST_CASE("reflector: a cluster without the definition of ServiceImport has none, until it has") {
  FakeApiServer server;
  server.answer(404, "404 page not found");
  server.answer(404, "404 page not found");
  const auto stream = server.stream();
  Running running(server.url(), resource(Kind::service_import, {}));
  CHECK(running.sink.saw("end import"));
  CHECK(server.request().starts_with("/apis/multicluster.x-k8s.io/v1alpha1/serviceimports?watch=true"));
  server.request();
  stream->send(R"({"type":"ADDED","object":{"metadata":{"name":"mc","namespace":"prod","resourceVersion":"5"}}})"
               "\n" +
               bookmark(9, true));
  CHECK(running.sink.saw("end import", 2));
  CHECK(running.sink.take() ==
        Lines{"begin import", "end import", "begin import", "apply import prod/mc", "end import"});
  // A server that has just been started may not know its definitions yet.
  server.answer(404, "404 page not found");
  stream->cut();
  CHECK(running.sink.saw_connection("down import watch: 404"));
  CHECK(running.sink.take().empty());
}

TEST_CASE("reflector: what every cluster has is not taken as missing") {
  FakeApiServer server;
  server.answer(404, "404 page not found");
  Running running(server.url());
  CHECK(running.sink.saw_connection("down service watch: 404"));
  CHECK(running.sink.take().empty());
}

TEST_CASE("reflector: stop() ends a read that waits") {
  FakeApiServer server;
  const auto stream = server.stream();
  Running running(server.url());
  server.request();
  stream->send(bookmark(9, true));
  CHECK(running.sink.saw("end service"));
  const auto before = std::chrono::steady_clock::now();
  running.stop();
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(10));
}

TEST_CASE("reflector: a server that has protobuf is read in protobuf: streaming list, changes, 410, errors") {
  FakeApiServer server;
  auto stream = server.stream(kProtobufStream);
  Running running(server.url());
  CHECK(server.request() == kStream);
  CHECK(server.accept() == kBoth);
  stream->send(protobuf_event("ADDED", "a", 5) + protobuf_event("ADDED", "b", 7).substr(0, 20));
  CHECK(running.sink.saw("apply service prod/a 10.0.0.1"));
  stream->send(protobuf_event("ADDED", "b", 7).substr(20) + protobuf_bookmark(9, true) +
               protobuf_event("MODIFIED", "a", 10, "10.0.0.2") + protobuf_event("DELETED", "b", 11));
  CHECK(running.sink.saw("remove service prod/b"));
  CHECK(running.sink.take() == Lines{"begin service", "apply service prod/a 10.0.0.1", "apply service prod/b 10.0.0.1",
                                     "end service", "apply service prod/a 10.0.0.2", "remove service prod/b"});
  stream->send(protobuf_bookmark(20));
  stream->finish();
  server.answer(403, standing("Status", status(403, "Forbidden", "services is forbidden")), "", kProtobuf);
  CHECK(server.request() == resumed(20));
  stream = server.stream(kProtobufStream);
  CHECK(server.request() == resumed(20));
  CHECK(running.sink.saw_connection("down service watch: 403 Forbidden: services is forbidden"));
  stream->send(
      frame(watch_event("ERROR", standing("Status", status(410, "Expired", "too old resource version: 20 (50)")))));
  stream = server.stream(kProtobufStream);
  CHECK(server.request() == kStream);
  CHECK(server.accept() == kBoth);
  stream->send(protobuf_event("ADDED", "c", 50) + protobuf_bookmark(51, true));
  CHECK(running.sink.saw("end service"));
  CHECK(running.sink.take() == Lines{"begin service", "apply service prod/c 10.0.0.1", "end service"});
}

TEST_CASE("reflector: pages come in protobuf too, and an odd object among them is passed over") {
  FakeApiServer server;
  const auto refused = standing("Status", status(422, "Invalid", "sendInitialEvents is forbidden"));
  server.answer(422, refused, "", kProtobuf);
  const auto page_of = [](const std::string& meta, const std::string& items) {
    return standing("ServiceList", bytes(1, bytes(2, "30") + meta) + items);
  };
  server.answer(200, page_of(bytes(3, "next page/"), bytes(2, small_service("a", 3, "10.0.0.1"))), "", kProtobuf);
  server.answer(200, page_of("", bytes(2, bytes(1, "")) + bytes(2, small_service("b", 4, "10.0.0.1"))), "", kProtobuf);
  const auto stream = server.stream(kProtobufStream);
  Running running(server.url());
  for (const std::string& wanted : {std::string(kStream), std::string("/api/v1/services?limit=500"),
                                    std::string("/api/v1/services?limit=500&continue=next%20page%2F"), resumed(30)}) {
    CHECK(server.request() == wanted);
    CHECK(server.accept() == kBoth);
  }
  CHECK(running.sink.saw("end service"));
  CHECK(running.sink.take() ==
        Lines{"begin service", "apply service prod/a 10.0.0.1", "apply service prod/b 10.0.0.1", "end service"});
}

TEST_CASE("reflector: protobuf that cannot be read is asked for in JSON from then on") {
  for (const bool listed : {false, true}) {
    CAPTURE(listed);
    FakeApiServer server;
    if (listed) {
      server.answer(422, kRefused);
      server.answer(200, "k8s and something else", "", kProtobuf);
    } else {
      server.stream(kProtobufStream)->send(frame("no event"));
    }
    Running running(server.url());
    CHECK(server.request() == kStream);
    if (listed) CHECK(server.request() == "/api/v1/services?limit=500");
    CHECK(server.accept() == kBoth);
    const auto stream = server.stream();
    CHECK(server.request() == kStream);
    CHECK(server.accept() == "application/json");
    CHECK(running.sink.saw_connection("; asking for JSON from now on"));
    stream->send(event("ADDED", "a", 5) + bookmark(9, true));
    CHECK(running.sink.saw("end service"));
  }
}

TEST_CASE("reflector: what servers have in JSON only is not asked for in protobuf") {
  Resource custom = resource(Kind::service, {});
  custom.encoding = Encoding::json;
  FakeApiServer server;
  const auto stream = server.stream();
  Running running(server.url(), custom);
  CHECK(server.request() == kStream);
  CHECK(server.accept() == "application/json");
}

TEST_CASE("reflector: selectors are put into the query") {
  Wanted wanted;
  wanted.label_selector = "a in (b,c)";
  wanted.namespace_label_selector = "env";
  CHECK(resource(Kind::service, wanted).selection == "&labelSelector=a%20in%20%28b%2Cc%29");
  CHECK(resource(Kind::endpoint_slice, wanted).path == "/apis/discovery.k8s.io/v1/endpointslices");
  CHECK(resource(Kind::namespace_, wanted).selection == "&labelSelector=env");
  CHECK(resource(Kind::service_import, wanted).selection.empty());
  wanted.endpoint_slices = false;
  CHECK_FALSE(wanted.reads(Kind::endpoint_slice));
  wanted.service_imports = true;
  CHECK(wanted.reads(Kind::endpoint_slice));
  CHECK(resource(Kind::endpoint_slice, wanted).selection ==
        "&labelSelector=a%20in%20%28b%2Cc%29%2Cmulticluster.kubernetes.io%2Fservice-name");
  CHECK(resource(Kind::pod, wanted).selection ==
        "&fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed%2Cstatus.phase%21%3DUnknown&"
        "labelSelector=a%20in%20%28b%2Cc%29");
}

}  // namespace portolan::cluster
