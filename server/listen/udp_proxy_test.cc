// Datagrams with and without headers under each policy: who is the client then, what is left of the packet, where the
// answer goes.
#include "server/listen/udp_proxy.h"

#include <doctest/doctest.h>

#include <string>

#include "server/configuration.h"
#include "server/core_metrics.h"

namespace portolan::server {
namespace {

const SocketAddress kProxy{*IpAddress::parse("192.0.2.1"), 4000}, kSameProxy{*IpAddress::parse("192.0.2.1"), 4001};
const char* const kClient = "198.51.100.7:1234";
const std::string kDns = "a question";

// Version 2, IPv4, kClient.
std::string header(uint8_t command = 0x21, uint8_t family = 0x12) {
  std::string text("\r\n\r\n\0\r\nQUIT\n", 12);
  text += static_cast<char>(command);
  text += static_cast<char>(family);
  return text + std::string("\0\x0c\xC6\x33\x64\x07\x7F\0\0\1\x04\xD2\0\x35", 14);
}

std::shared_ptr<ProxyRules> rules(ProxyPolicy policy, std::chrono::seconds session_time = {}) {
  auto made = std::make_shared<ProxyRules>();
  made->otherwise = policy;
  made->session_time = session_time;
  return made;
}

struct Seen {
  bool served = false, through_proxy = false;
  std::string client, packet;
};

Seen admit(UdpProxy& proxy, const std::string& packet, SocketAddress from = kProxy, SteadyTime now = {}) {
  static const ListenerPlan plan;
  Query query;
  query.listener_ = &plan;
  query.client = from;
  query.received = now;
  query.packet = {reinterpret_cast<const uint8_t*>(packet.data()), packet.size()};
  Seen seen;
  seen.served = proxy.admit(query);
  seen.client = query.client.text();
  seen.packet.assign(query.packet.begin(), query.packet.end());
  seen.through_proxy = query.proxy_ != nullptr;
  if (query.proxy_) CHECK(*query.proxy_ == from);
  return seen;
}

TEST_CASE("udp proxy: each policy does with a header what it says") {
  const struct {
    ProxyPolicy policy;
    bool served, used, taken_off;
  } cases[] = {{ProxyPolicy::use, true, true, true},
               {ProxyPolicy::ignore, true, false, true},
               {ProxyPolicy::reject, false, false, false},
               {ProxyPolicy::skip, true, false, false}};
  for (const auto& each : cases) {
    CAPTURE(static_cast<int>(each.policy));
    UdpProxy proxy(rules(each.policy));
    const Seen with = admit(proxy, header() + kDns);
    CHECK(with.served == each.served);
    CHECK(with.client == (each.used ? kClient : kProxy.text()));
    CHECK(with.through_proxy == each.used);
    CHECK(with.packet == (each.taken_off ? kDns : header() + kDns));
    const Seen without = admit(proxy, kDns);
    CHECK(without.served);
    CHECK(without.client == kProxy.text());
    CHECK(without.packet == kDns);
  }
}

TEST_CASE("udp proxy: headers that UDP cannot have are dropped and counted, unless nobody looks for any") {
  const std::string bad[] = {"PROXY TCP4 192.0.2.44 127.0.0.1 5 53\r\n" + kDns,
                             "PROXY TCP4 192.0.2.44",
                             header(0x21, 0x11) + kDns,
                             header(0x21, 0x13) + kDns,
                             header(0x20, 0x00) + kDns,
                             header().substr(0, 20)};
  for (const ProxyPolicy policy : {ProxyPolicy::use, ProxyPolicy::ignore, ProxyPolicy::reject, ProxyPolicy::skip}) {
    UdpProxy proxy(rules(policy));
    for (const std::string& packet : bad) {
      CAPTURE(packet);
      const uint64_t before = core_metrics().proxy_refused.value();
      const bool looks = policy != ProxyPolicy::skip;
      CHECK(admit(proxy, packet).served != looks);
      CHECK(core_metrics().proxy_refused.value() - before == (looks ? 1 : 0));
    }
  }
}

TEST_CASE("udp proxy: the addresses of a LOCAL header count") {  // as CoreDNS has it
  UdpProxy proxy(rules(ProxyPolicy::use));
  CHECK(admit(proxy, header(0x20) + kDns).client == kClient);
}

TEST_CASE("udp proxy: the start of a signature is no header") {
  UdpProxy proxy(rules(ProxyPolicy::use));
  for (const std::string& packet : {std::string(), std::string("PRO"), header().substr(0, 11)}) {
    CHECK(admit(proxy, packet).served);
    CHECK(admit(proxy, packet).packet == packet);
  }
}

TEST_CASE("udp proxy: a header counts for later datagrams of its port, where sessions are tracked") {
  const SteadyTime start{std::chrono::hours(1)};
  UdpProxy proxy(rules(ProxyPolicy::use, std::chrono::seconds(20)));
  CHECK_FALSE(admit(proxy, header(), kProxy, start).served);
  CHECK(admit(proxy, kDns, kProxy, start + std::chrono::seconds(19)).client == kClient);
  CHECK(admit(proxy, kDns, kProxy, start + std::chrono::seconds(38)).client == kClient);
  CHECK(admit(proxy, kDns, kSameProxy, start).client == kSameProxy.text());
  proxy.set_rules(rules(ProxyPolicy::use, std::chrono::seconds(5)));
  CHECK(admit(proxy, kDns, kProxy, start + std::chrono::seconds(39)).client == kClient);
  CHECK(admit(proxy, kDns, kProxy, start + std::chrono::seconds(44)).client == kProxy.text());

  UdpProxy without(rules(ProxyPolicy::use));
  CHECK(admit(without, header(), kProxy, start).served);  // an empty message, which nobody answers
  CHECK(admit(without, kDns, kProxy, start).client == kProxy.text());
}

TEST_CASE("udp proxy: sessions end with rules that have none, and are for headers that are used") {
  UdpProxy proxy(rules(ProxyPolicy::use, std::chrono::seconds(20)));
  CHECK_FALSE(admit(proxy, header()).served);
  proxy.set_rules(rules(ProxyPolicy::ignore, std::chrono::seconds(20)));
  CHECK(admit(proxy, kDns).client == kProxy.text());
  proxy.set_rules(rules(ProxyPolicy::use));
  proxy.set_rules(rules(ProxyPolicy::use, std::chrono::seconds(20)));
  CHECK(admit(proxy, kDns).client == kProxy.text());
}

}  // namespace
}  // namespace portolan::server
