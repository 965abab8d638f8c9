// Counting the probe's question.
#include "plugins/loop/loop_detector.h"

#include <charconv>

#include "base/random.h"
#include "server/setup.h"

namespace portolan::loop {

using server::Outcome;

namespace {

constexpr int kMostSeen = 2;
constexpr dns::Ede kLoop{dns::EdeCode::other, "queries come back: a forwarding loop"};

// Two numbers that nobody guesses, in front of the zone; alone if the zone leaves them no room.
dns::Name random_name(const dns::Name& zone) {
  const auto number = [] { return std::to_string(secure_random64() >> 2); };
  const std::string labels = number() + "." + number() + ".";
  const auto name = dns::Name::parse(labels + (zone.view().is_root() ? "" : zone.text()));
  return name ? *name : *dns::Name::parse(labels);
}

}  // namespace

LoopDetector::LoopDetector(const server::Block& block, server::Process& process)
    : block_(block), process_(process), zone_(block.keys().front().zone), name_(random_name(zone_)) {}

Task<Outcome> LoopDetector::serve(server::Query& query, server::Next next) {
  if (query.question.type != dns::RRType::hinfo || !on_.load(std::memory_order_acquire)) return next(query);
  if (query.question.lower.equals(name_) && ++seen_ > kMostSeen) {
    loop_found(query);
    return query.fail(dns::Rcode::servfail).because(kLoop);
  }
  return next(query);
}

void LoopDetector::loop_found(const server::Query& query) {
  if (!on_.exchange(false)) return;
  process_.fatal("plugin/loop: Loop (" + query.client.text() + " -> " + address_ + ") detected for zone \"" +
                     zone_.text() + "\", see https://coredns.io/plugins/loop#troubleshooting. Query: \"HINFO " +
                     name_.text() + "\"",
                 1);
}

void LoopDetector::serving() {
  const server::Block::Key& key = block_.keys().front();
  const std::vector<std::string>& hosts = block_.listen().hosts;
  SocketAddress server{*IpAddress::parse("127.0.0.1"), 0};
  std::from_chars(key.port.data(), key.port.data() + key.port.size(), server.port);
  std::string host;
  if (!hosts.empty()) {
    host = hosts.front();
    if (const auto ip = IpAddress::parse(host); ip && !ip->is_unspecified()) server.ip = *ip;
    if (host.find(':') != std::string::npos) host = "[" + host + "]";
  }
  address_ = host + ":" + key.port;
  on_.store(true, std::memory_order_release);
  probe_.emplace(process_.background(), name_, server, [this] { seen_ = 0; }, [this] { on_ = false; });
  probe_->start();
}

void LoopDetector::stop(server::Deadline) noexcept { probe_.reset(); }

}  // namespace portolan::loop
