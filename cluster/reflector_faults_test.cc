// How long the loop of list and watch waits, in tenths of seconds instead of seconds and minutes: silence, slow lists,
// long absence, and events that a proxy says twice.
#include <doctest/doctest.h>

#include <optional>
#include <thread>

#include "cluster/fake_api_server.h"
#include "cluster/recording_sink.h"
#include "cluster/reflector.h"

namespace portolan::cluster {
namespace {

using std::chrono::milliseconds;
using Lines = std::vector<std::string>;

std::string object(const std::string& name, int version) {
  return R"({"kind":"Service","apiVersion":"v1","metadata":{"name":")" + name +
         R"(","namespace":"prod","resourceVersion":")" + std::to_string(version) +
         R"("},"spec":{"clusterIP":"10.0.0.)" + std::to_string(version) + "\"}}";
}
std::string event(const std::string& type, const std::string& name, int version) {
  return R"({"type":")" + type + R"(","object":)" + object(name, version) + "}\n";
}
std::string bookmark(int version, bool initial_end = false) {
  return R"({"type":"BOOKMARK","object":{"kind":"Service","apiVersion":"v1","metadata":{"resourceVersion":")" +
         std::to_string(version) + "\"" +
         (initial_end ? R"(,"annotations":{"k8s.io/initial-events-end":"true"})" : "") + "}}}\n";
}
std::string list(int version, const std::string& items) {
  return R"({"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":")" + std::to_string(version) +
         R"("},"items":[)" + items + "]}";
}

bool resumes(const std::string& request, int version) {
  return request.ends_with("&resourceVersion=" + std::to_string(version));
}
bool is_list(const std::string& request) { return request.find("?limit=") != request.npos; }

/// A reflector of services on a thread. Its patience is 0.4 s unless the test says otherwise.
struct Running {
  explicit Running(std::string url, milliseconds silence = milliseconds(400), double qps = 100000)
      : gate(qps, 10, 0, system_clock()) {
    ApiServer api;
    api.url = std::move(url);
    Pace pace;
    pace.first_pause = milliseconds(1);
    pace.longest_pause = milliseconds(2);
    pace.silence = silence;
    pace.longest_silence = silence * 32;
    reflector.emplace(resource(Kind::service, {}), api, gate, sink, pace);
    thread = std::thread([this] { reflector->run(); });
  }
  ~Running() {
    gate.stop();
    reflector->stop();
    thread.join();
  }
  Gate gate;
  RecordingSink sink;
  std::optional<Reflector> reflector;
  std::thread thread;
};

}  // namespace

TEST_CASE("reflector: a watch gone silent without an end is given up and resumed where it was") {
  FakeApiServer server;
  const auto first = server.stream();
  Running running(server.url());
  server.request();
  first->send(event("ADDED", "a", 5) + bookmark(9, true));
  const auto silent = server.stream();  // the initial stream is renewed; this is an ordinary watch, and says nothing
  CHECK(resumes(server.request(), 9));
  const auto third = server.stream();
  CHECK(resumes(server.request(), 9));
  CHECK(running.sink.saw_connection("down service watch: nothing came for 400ms"));
  third->send(event("ADDED", "b", 10));
  CHECK(running.sink.saw("apply service prod/b 10.0.0.10"));
}

TEST_CASE("reflector: the stream that began with all objects is renewed when it is quiet, and that is no failure") {
  FakeApiServer server;
  const auto first = server.stream();
  Running running(server.url());
  server.request();
  first->send(event("ADDED", "a", 5) + bookmark(9, true));
  const auto second = server.stream();
  CHECK(resumes(server.request(), 9));
  second->send(event("ADDED", "b", 10));
  CHECK(running.sink.saw("apply service prod/b 10.0.0.10"));
  CHECK(running.sink.take() ==
        Lines{"begin service", "apply service prod/a 10.0.0.5", "end service", "apply service prod/b 10.0.0.10"});
  CHECK(!running.sink.has_connection("down"));
}

TEST_CASE("reflector: a watch ends by itself before its silence would be a failure") {
  const Pace pace;
  // The server is told a length of shortest_watch to two seconds more; half a second is for the way.
  CHECK(pace.shortest_watch + std::chrono::seconds(2) + milliseconds(500) < pace.silence);
  CHECK(pace.silence < std::chrono::seconds(10));
  CHECK(pace.longest_silence > std::chrono::seconds(60));  // what an API server gives a list
  CHECK(pace.longest_pause < std::chrono::seconds(1));
}

TEST_CASE("reflector: a list that takes long is given longer each time, until it comes") {
  FakeApiServer server;
  const auto late = [&server](int tenths) {
    server.answer(422, R"({"kind":"Status","code":422,"reason":"Invalid"})");
    server.answer_after(milliseconds(100 * tenths), 200, list(30, object("a", 7)));
  };
  // Patience is 250, 500, 1000, 2000 ms: the fourth list is in time.
  for (int i = 0; i < 4; ++i) late(15);
  Running running(server.url(), milliseconds(250));
  for (int i = 0; i < 4; ++i) {
    CHECK(!is_list(server.request()));
    CHECK(is_list(server.request()));
  }
  CHECK(running.sink.saw("end service"));
  CHECK(running.sink.has_connection("down service list: nothing came for 1000ms"));
  CHECK(!running.sink.has_connection("nothing came for 2000ms"));
  CHECK(resumes(server.request(), 30));
}

TEST_CASE("reflector: an event that comes again, alone or with its neighbours, changes nothing") {
  FakeApiServer server;
  const auto stream = server.stream();
  Running running(server.url(), std::chrono::seconds(5));
  server.request();
  stream->send(event("ADDED", "a", 5) + bookmark(9, true));
  const std::string both = event("MODIFIED", "a", 10) + event("DELETED", "a", 11) + event("ADDED", "a", 12);
  stream->send(both + event("ADDED", "a", 12) + both + bookmark(9) + event("ADDED", "b", 100));
  CHECK(running.sink.saw("apply service prod/b 10.0.0.100"));
  CHECK(running.sink.take() == Lines{"begin service", "apply service prod/a 10.0.0.5", "end service",
                                     "apply service prod/a 10.0.0.10", "remove service prod/a",
                                     "apply service prod/a 10.0.0.12", "apply service prod/b 10.0.0.100"});
}

TEST_CASE("reflector: versions that are no numbers are taken as they come") {
  FakeApiServer server;
  const auto stream = server.stream();
  Running running(server.url(), std::chrono::seconds(5));
  server.request();
  const auto opaque = [](std::string text) {
    text.insert(text.find("resourceVersion\":\"") + 18, "x");
    return text;
  };
  stream->send(bookmark(9, true) + opaque(event("ADDED", "a", 10)) + opaque(event("MODIFIED", "a", 20)) +
               opaque(event("MODIFIED", "a", 10)));
  CHECK(running.sink.saw("apply service prod/a 10.0.0.20"));
  stream->send(event("ADDED", "b", 30));
  CHECK(running.sink.saw("apply service prod/b 10.0.0.30"));
  CHECK(running.sink.take() == Lines{"begin service", "end service", "apply service prod/a 10.0.0.10",
                                     "apply service prod/a 10.0.0.20", "apply service prod/a 10.0.0.10",
                                     "apply service prod/b 10.0.0.30"});
}

TEST_CASE("reflector: after thousands of refusals, as in hours of absence, the next reply is taken at once") {
  FakeApiServer server;
  const auto first = server.stream();
  Running running(server.url(), std::chrono::seconds(5));
  server.request();
  first->send(event("ADDED", "a", 5) + bookmark(9, true));
  CHECK(running.sink.saw("end service"));
  running.sink.take();
  for (int i = 0; i < 2000; ++i) server.answer(503, "");
  first->cut();
  for (int i = 0; i < 2000; ++i) REQUIRE(resumes(server.request(), 9));
  server.answer(410, R"({"kind":"Status","code":410,"reason":"Expired","message":"too old resource version"})");
  CHECK(resumes(server.request(), 9));
  const auto stream = server.stream();
  CHECK(server.request().find("sendInitialEvents=true") != std::string::npos);
  stream->send(event("ADDED", "b", 70) + bookmark(71, true));
  CHECK(running.sink.saw("end service"));
  CHECK(running.sink.take() == Lines{"begin service", "apply service prod/b 10.0.0.70", "end service"});
}

TEST_CASE("reflector: attempts that reach nobody use up no share of apiserver_qps") {
  std::string nobody;
  {
    const FakeApiServer gone;
    nobody = gone.url();
  }
  Running running(nobody, std::chrono::seconds(5), 0.001);  // ten requests at once, then one in a quarter of an hour
  CHECK(running.sink.saw_connections(30));
  CHECK(running.sink.has_connection("down service watch: cannot connect"));
}

}  // namespace portolan::cluster
