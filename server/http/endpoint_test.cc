// Tests of the endpoints: sharing by address, routes, whose turn it is after a reload, closing.
#include "server/http/endpoint.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace portolan::server::http {
namespace {

constexpr auto kTimeout = std::chrono::seconds(5);

// One request over a plain socket, everything that comes back.
std::string talk(const SocketAddress& to, const std::string& request) {
  const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  const timeval timeout{5, 0};
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  sockaddr_storage raw;
  const socklen_t length = to.to(raw);
  std::string answer;
  if (connect(descriptor, reinterpret_cast<sockaddr*>(&raw), length) == 0 &&
      send(descriptor, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    char block[4096];
    for (ssize_t got; (got = recv(descriptor, block, sizeof block, 0)) > 0;) answer.append(block, got);
  }
  close(descriptor);
  return answer;
}

std::string get(const Endpoint& endpoint, const std::string& path) {
  const std::string answer = talk(endpoint.address(), "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto end = answer.find("\r\n\r\n");
  return end == answer.npos ? answer : answer.substr(9, 3) + " " + answer.substr(end + 4);
}

std::shared_ptr<Endpoint> open_any() {
  auto endpoint = Endpoint::open("127.0.0.1:0");
  REQUIRE(endpoint.has_value());
  return *endpoint;
}

Handler saying(std::string body, int status = 200) {
  return [=](const Request&) { return Response{status, body}; };
}

TEST_CASE("http endpoint: a route answers its path, everything else is not found") {
  const auto endpoint = open_any();
  const auto route = endpoint->route("/health", saying("OK"));
  CHECK(get(*endpoint, "/health") == "200 OK");
  CHECK(get(*endpoint, "/health?verbose=1") == "200 OK");
  CHECK(get(*endpoint, "/") == "404 404 page not found\n");
  CHECK(get(*endpoint, "/health/") == "404 404 page not found\n");
  const std::string posted =
      talk(endpoint->address(), "POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi");
  CHECK(posted.starts_with("HTTP/1.1 200 OK"));
  CHECK(posted.find("Content-Type: text/plain; charset=utf-8") != posted.npos);
}

TEST_CASE("http endpoint: status and body are the handler's") {
  const auto endpoint = open_any();
  const auto route = endpoint->route("/ready", saying("kubernetes", 503));
  CHECK(get(*endpoint, "/ready") == "503 kubernetes");
  CHECK(*get_status(endpoint->address(), "/ready", kTimeout) == 503);
}

TEST_CASE("http endpoint: an address is opened once and closed by its last owner") {
  // A port that was free a moment ago, for an address with a number in it.
  const std::string address = open_any()->address().text();
  auto first = Endpoint::open(address);
  REQUIRE(first.has_value());
  auto second = Endpoint::open(address);
  REQUIRE(second.has_value());
  CHECK(*first == *second);
  const SocketAddress bound = (*first)->address();
  first->reset();
  CHECK(*get_status(bound, "/", kTimeout) == 404);
  second->reset();
  CHECK(get_status(bound, "/", kTimeout).has_error());
  CHECK(Endpoint::open(address).has_value());
}

TEST_CASE("http endpoint: after a reload the new route answers as soon as the old one is gone") {
  const auto endpoint = open_any();
  auto old_route = endpoint->route("/ready", saying("old"));
  const auto new_route = endpoint->route("/ready", saying("new"));
  CHECK(get(*endpoint, "/ready") == "200 old");
  old_route.reset();
  CHECK(get(*endpoint, "/ready") == "200 new");
}

TEST_CASE("http endpoint: a route keeps its endpoint open") {
  auto endpoint = open_any();
  const SocketAddress address = endpoint->address();
  auto route = endpoint->route("/a", saying("a"));
  endpoint.reset();
  CHECK(*get_status(address, "/a", kTimeout) == 200);
  route.reset();
  CHECK(get_status(address, "/a", kTimeout).has_error());
}

TEST_CASE("http endpoint: many requests at once are all answered") {
  const auto endpoint = open_any();
  const auto route = endpoint->route("/metrics", saying(std::string(100000, 'm')));
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) good += get(*endpoint, "/metrics").size() == 100004;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(good == 160);
}

TEST_CASE("http endpoint: an answer that takes its time holds up nobody but the end of its own route") {
  const auto endpoint = open_any();
  std::promise<void> asked, may_end;
  auto slow = endpoint->route("/slow", [&](const Request&) {
    asked.set_value();
    may_end.get_future().wait();
    return Response{200, "slow"};
  });
  std::string answer;
  std::thread asking([&] { answer = get(*endpoint, "/slow"); });
  asked.get_future().wait();
  const auto quick = endpoint->route("/quick", saying("quick"));
  CHECK(get(*endpoint, "/quick") == "200 quick");
  std::thread ending([&] { slow.reset(); });
  while (get(*endpoint, "/slow") != "404 404 page not found\n") std::this_thread::yield();
  may_end.set_value();
  ending.join();
  asking.join();
  CHECK(answer == "200 slow");
}

TEST_CASE("http endpoint: handlers see what stands behind the path, and the body, and may redirect") {
  const auto endpoint = open_any();
  const auto echo = endpoint->route("/echo", [](const Request& request) {
    return Response{200, std::string(request.query) + "|" + std::string(request.body)};
  });
  const auto moved = endpoint->route("/old", [](const Request&) { return Response{302, "", "text/plain", "/new"}; });
  CHECK(get(*endpoint, "/echo") == "200 |");
  CHECK(get(*endpoint, "/echo?") == "200 |");
  CHECK(get(*endpoint, "/echo?a=1&b") == "200 a=1&b|");
  const std::string posted = talk(endpoint->address(), "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi");
  CHECK(posted.ends_with("\r\n\r\n|hi"));
  const std::string answer = talk(endpoint->address(), "GET /old HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(answer.starts_with("HTTP/1.1 302 Found\r\n"));
  CHECK(answer.find("\r\nLocation: /new\r\n") != answer.npos);
}

TEST_CASE("http endpoint: one that was never asked closes at once") {
  for (int i = 0; i < 20; ++i) open_any();
}

TEST_CASE("http endpoint: what is no HTTP is answered with 400 or closed") {
  const auto endpoint = open_any();
  const std::string answer = talk(endpoint->address(), "nonsense\r\n\r\n");
  CHECK((answer.empty() || answer.starts_with("HTTP/1.1 400")));
}

}  // namespace
}  // namespace portolan::server::http
