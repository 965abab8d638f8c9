// Counters of queries: one set for each listener, zone, view and plugin behind `prometheus`, found without a lock and
// counted without formatting.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/query.h"

namespace portolan::prometheus {

/// What is counted of a query.
struct Counted {
  const server::Query* query = nullptr;
  size_t request_size = 0;
  size_t response_size = 0;
  dns::Rcode rcode = dns::Rcode::noerror;
  bool by_plugin = false;  // a plugin made the reply; else the server will
  std::chrono::nanoseconds duration{};
};

/// The metrics that share `server`, `zone` and `view`. Children are made when first counted, so that nothing is exposed
/// that has not happened; from then on counting is a look into this table and a store into the thread's own cells.
class Series {
 public:
  /// `plugin`: the label of replies that a plugin made.
  Series(std::string server, std::string zone, std::string view, std::string plugin)
      : server_(std::move(server)), zone_(std::move(zone)), view_(std::move(view)), plugin_(std::move(plugin)) {}
  void count(const Counted& counted);

  /// The one of these labels; lives as long as the process. Takes a lock.
  static Series& of(std::string_view server, std::string_view zone, std::string_view view, std::string_view plugin);

 private:
  static constexpr size_t kTypes = 20;   // CoreDNS's list, and "other"
  static constexpr size_t kRcodes = 24;  // those with a name, and some; beyond that the child is looked up each time
  using Cell = std::atomic<uint32_t>;

  static size_t type_index(dns::RRType type);
  void count_request(const server::Query& query);
  void count_response(const Counted& counted);

  const std::string server_, zone_, view_, plugin_;
  std::array<Cell, 2 * 2 * kTypes> requests_{};  // by protocol, family and type
  std::array<Cell, 2 * kRcodes> responses_{};    // by who replied, and rcode
  Cell dnssec_ok_{0}, duration_{0};
  std::array<Cell, 2> request_size_{}, response_size_{};  // by protocol
};

}  // namespace portolan::prometheus
