// Families of the query metrics, and finding the cells of one query in them.
#include "plugins/prometheus/series.h"

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>

#include "base/guarded.h"
#include "base/metrics.h"

namespace portolan::prometheus {
namespace {

using metrics::Counter;
using metrics::CounterFamily;
using metrics::Histogram;
using metrics::HistogramFamily;

const std::vector<double>& time_bounds() {
  static const auto* const bounds = new std::vector<double>(metrics::exponential_bounds(0.00025, 2, 16));
  return *bounds;
}
const std::vector<double>& size_bounds() {
  static const auto* const bounds =
      new std::vector<double>{0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16000, 32000, 48000, 64000};
  return *bounds;
}

const CounterFamily kRequests("coredns_dns_requests_total",
                              "Counter of DNS requests made per zone, protocol and family.",
                              {"server", "zone", "view", "proto", "family", "type"});
const HistogramFamily kDuration("coredns_dns_request_duration_seconds",
                                "Histogram of the time (in seconds) each request took per zone.",
                                {"server", "zone", "view"}, time_bounds());
const HistogramFamily kRequestSize("coredns_dns_request_size_bytes",
                                   "Histogram of the size of requests per zone and protocol.",
                                   {"server", "zone", "view", "proto"}, size_bounds());
const CounterFamily kDnssecOk("coredns_dns_do_requests_total", "Counter of DNS requests with DO bit set per zone.",
                              {"server", "zone", "view"});
const HistogramFamily kResponseSize("coredns_dns_response_size_bytes",
                                    "Histogram of the size of responses per zone and protocol.",
                                    {"server", "zone", "view", "proto"}, size_bounds());
const CounterFamily kResponses("coredns_dns_responses_total", "Counter of response status codes.",
                               {"server", "zone", "view", "rcode", "plugin"});

// The `type` label's list; its last is for all others.
constexpr dns::RRType kListed[] = {
    dns::RRType::aaaa,  dns::RRType::a,     dns::RRType::cname, dns::RRType::dnskey, dns::RRType::ds,
    dns::RRType::mx,    dns::RRType::nsec3, dns::RRType::nsec,  dns::RRType::ns,     dns::RRType::ptr,
    dns::RRType::rrsig, dns::RRType::soa,   dns::RRType::srv,   dns::RRType::txt,    dns::RRType::https,
    dns::RRType::svcb,  dns::RRType::ixfr,  dns::RRType::axfr,  dns::RRType::any,
};

// A cell that is made by `make` (which takes a lock) when it is asked for the first time. Two threads that make it at
// once get the same one.
template <class Make>
uint32_t found(std::atomic<uint32_t>& cell, Make make) {
  uint32_t at = cell.load(std::memory_order_relaxed);
  if (at == 0) [[unlikely]] {
    at = make();
    cell.store(at, std::memory_order_relaxed);
  }
  return at;
}

std::string rcode_label(dns::Rcode rcode) {
  std::string text = dns::text(rcode);
  const bool number = !text.empty() && text[0] >= '0' && text[0] <= '9';
  return number ? "RCODE" + text : text;
}

}  // namespace

size_t Series::type_index(dns::RRType type) {
  static_assert(std::size(kListed) + 1 == kTypes);
  const auto* at = std::find(std::begin(kListed), std::end(kListed), type);
  return static_cast<size_t>(at - kListed);
}

void Series::count(const Counted& counted) {
  const server::Query& query = *counted.query;
  const bool tcp = query.transport == server::Transport::tcp;
  const std::string_view proto = server::text(query.transport);
  count_request(query);
  if (query.dnssec_ok())
    Counter(found(dnssec_ok_, [&] { return kDnssecOk.with({server_, zone_, view_}).cell(); })).add();
  Histogram(found(duration_, [&] { return kDuration.with({server_, zone_, view_}).cell(); }), &time_bounds())
      .observe(std::chrono::duration<double>(counted.duration).count());
  Histogram(found(request_size_[tcp], [&] { return kRequestSize.with({server_, zone_, view_, proto}).cell(); }),
            &size_bounds())
      .observe(static_cast<double>(counted.request_size));
  Histogram(found(response_size_[tcp], [&] { return kResponseSize.with({server_, zone_, view_, proto}).cell(); }),
            &size_bounds())
      .observe(static_cast<double>(counted.response_size));
  count_response(counted);
}

void Series::count_request(const server::Query& query) {
  const size_t type = type_index(query.question.type);
  const size_t tcp = query.transport == server::Transport::tcp, second = query.family() == 2;
  const auto make = [&] {
    const std::string label = type + 1 < kTypes ? dns::text(query.question.type) : "other";
    return kRequests.with({server_, zone_, view_, server::text(query.transport), second ? "2" : "1", label}).cell();
  };
  Counter(found(requests_[(tcp * 2 + second) * kTypes + type], make)).add();
}

void Series::count_response(const Counted& counted) {
  const auto make = [&] {
    return kResponses.with({server_, zone_, view_, rcode_label(counted.rcode), counted.by_plugin ? plugin_ : ""})
        .cell();
  };
  const auto rcode = static_cast<size_t>(counted.rcode);
  if (rcode < kRcodes) {
    Counter(found(responses_[(counted.by_plugin ? kRcodes : 0) + rcode], make)).add();
  } else {
    Counter(make()).add();
  }
}

Series& Series::of(std::string_view server, std::string_view zone, std::string_view view, std::string_view plugin) {
  using Key = std::tuple<std::string, std::string, std::string, std::string>;
  static auto* const all = new Guarded<std::map<Key, std::unique_ptr<Series>>>;
  auto access = all->lock();
  Key key(server, zone, view, plugin);
  auto& series = (*access)[key];
  if (!series)
    series = std::make_unique<Series>(std::get<0>(key), std::get<1>(key), std::get<2>(key), std::get<3>(key));
  return *series;
}

}  // namespace portolan::prometheus
