// erratic: a server with faults, for testing clients: answers that are lost, late or truncated.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "server/plugin.h"

namespace portolan::erratic {

/// 0 turns a fault off.
struct Options {
  uint32_t drop = 0, delay = 0, truncate = 0;
  std::chrono::nanoseconds duration = std::chrono::milliseconds(100);
  bool large = false;  // many addresses instead of one
};

/// One instance for all workers. They count queries together, so that one in N means of all: a test does not know which
/// worker it asks.
class Erratic : public server::Handler, public server::Readiness, public server::SearchPath {
 public:
  explicit Erratic(const Options& options) : options_(options) {}
  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  /// Only while there have been three or four queries: tests see both states.
  bool ready() const noexcept override;
  /// a.example.org and b.example.org, whoever asks.
  std::span<const dns::NameView> search(server::Query& query) const override;
  std::string_view search_needs() const override { return {}; }

 private:
  Task<server::Outcome> answer_later(server::Query& query, bool truncated) const;
  server::Outcome answer(server::Query& query, bool truncated) const;

  const Options options_;
  std::atomic<uint64_t> queries_{0};
};

}  // namespace portolan::erratic
