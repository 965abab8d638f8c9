// Target words, resolv.conf and the order of upstreams.
#include "plugins/forward/target.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <set>

#include "plugins/forward/policy.h"
#include "plugins/forward/resolv_conf.h"

using namespace portolan;
using namespace portolan::forward;

TEST_CASE("forward: a target word is taken apart into scheme, host, port and server name") {
  struct Case {
    const char* word;
    bool is_address;
    Scheme scheme;
    const char* host;
    uint16_t port;
    const char* server_name;
  };
  const Case cases[] = {
      {"10.0.0.1", true, Scheme::dns, "10.0.0.1", 53, ""},
      {"10.0.0.1:1053", true, Scheme::dns, "10.0.0.1", 1053, ""},
      {"dns://10.0.0.1", true, Scheme::dns, "10.0.0.1", 53, ""},
      {"2003::1", true, Scheme::dns, "2003::1", 53, ""},
      {"[2003::1]:54", true, Scheme::dns, "2003::1", 54, ""},
      {"tls://9.9.9.9", true, Scheme::tls, "9.9.9.9", 853, ""},
      {"tls://9.9.9.9%dns.quad9.net", true, Scheme::tls, "9.9.9.9", 853, "dns.quad9.net"},
      {"tls://9.9.9.9%dns.quad9.net:10853", true, Scheme::tls, "9.9.9.9", 10853, "dns.quad9.net"},
      {"tls://[2620:fe::fe%dns.quad9.net]:10853", true, Scheme::tls, "2620:fe::fe", 10853, "dns.quad9.net"},
      {"/etc/resolv.conf", false, Scheme::dns, "/etc/resolv.conf", 53, ""},
      {"my-dns.svc.cluster.local", false, Scheme::dns, "my-dns.svc.cluster.local", 53, ""},
      {"tls://my-dns.example:8853", false, Scheme::tls, "my-dns.example", 8853, ""},
  };
  for (const Case& each : cases) {
    CAPTURE(each.word);
    const auto target = parse_target(each.word);
    REQUIRE(target.has_value());
    CHECK(target->is_address == each.is_address);
    CHECK(target->scheme == each.scheme);
    CHECK(target->host == each.host);
    CHECK(target->port == each.port);
    CHECK(target->server_name == each.server_name);
  }
}

TEST_CASE("forward: target words that name no upstream are refused with the reason") {
  const std::pair<const char*, const char*> cases[] = {
      {"https://127.0.0.1/path", "paths are not allowed"},
      {"https://127.0.0.1", "not built"},
      {"grpc://127.0.0.1", "'grpc' is not supported as a destination protocol"},
      {"quic://127.0.0.1", "'quic' is not supported as a destination protocol"},
      {"127.0.0.1:99999", "invalid port \"99999\""},
      {"127.0.0.1:", "invalid port"},
      {"tls://", "invalid address"},
      {"a..b", "not an IP address, file, or valid domain"},
  };
  for (const auto& [word, reason] : cases) {
    CAPTURE(word);
    const auto target = parse_target(word);
    REQUIRE(!target.has_value());
    CHECK(target.error().message.find(reason) != std::string::npos);
  }
}

TEST_CASE("forward: each address is an upstream once, in the order of the words") {
  std::vector<TargetWord> words;
  for (const char* word : {"10.0.0.2", "10.0.0.1", "10.0.0.2:53", "10.0.0.2:54"}) words.push_back(*parse_target(word));
  const auto targets = look_up(words, {});
  REQUIRE(targets.has_value());
  REQUIRE(targets->size() == 3);
  CHECK((*targets)[0].address.text() == "10.0.0.2:53");
  CHECK((*targets)[1].address.text() == "10.0.0.1:53");
  CHECK((*targets)[2].address.text() == "10.0.0.2:54");
}

TEST_CASE("forward: name servers of a resolv.conf are read, comments and other lines are not") {
  const auto servers = parse_resolv_conf(
      "# nameserver 10.0.0.9\n;nameserver 10.0.0.8\nsearch example.org\nnameserver 10.0.0.1\n"
      "  nameserver\t10.0.0.2 # second\nnameserver nonsense\noptions ndots:5\nnameserver 2001:db8::1");
  REQUIRE(servers.size() == 3);
  CHECK(servers[0].text() == "10.0.0.1:53");
  CHECK(servers[1].text() == "10.0.0.2:53");
  CHECK(servers[2].text() == "[2001:db8::1]:53");
}

TEST_CASE("forward: sequential keeps the order, round_robin begins with the second, random tries everyone") {
  std::array<uint16_t, 3> order;
  Policy sequential(PolicyKind::sequential);
  sequential.list(order);
  CHECK(order == std::array<uint16_t, 3>{0, 1, 2});

  Policy turns(PolicyKind::round_robin);
  const std::array<uint16_t, 3> expected[] = {{1, 0, 2}, {2, 0, 1}, {0, 1, 2}, {1, 0, 2}};
  for (const auto& each : expected) {
    turns.list(order);
    CHECK(order == each);
  }

  Policy random(PolicyKind::random);
  std::set<uint16_t> firsts;
  for (int i = 0; i < 200; ++i) {
    random.list(order);
    firsts.insert(order[0]);
    std::array<uint16_t, 3> sorted = order;
    std::sort(sorted.begin(), sorted.end());
    CHECK(sorted == std::array<uint16_t, 3>{0, 1, 2});
  }
  CHECK(firsts.size() == 3);
}
