// UnsentAnswers: answers that the kernel did not take, while its send queue is full (`shed`). Bounded; the newest
// leaves first, since its client still waits, and the oldest makes room.
#pragma once

#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "server/listen/outgoing_batch.h"

namespace portolan::server {

/// One UDP socket's; used by its worker only.
class UnsentAnswers {
 public:
  static constexpr size_t kMost = 1024;  // CoreDNS's number: some 10 ms of a socket's work

  /// `listener` is the `server` label of coredns_shed_dropped_total.
  explicit UnsentAnswers(std::string_view listener);

  /// Makes `answer` the newest. The oldest when there was no room, with query null when there was; it is counted.
  UdpAnswer push(const UdpAnswer& answer);
  /// Takes the newest out; not from an empty one.
  UdpAnswer pop();
  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == kMost; }

  void count_query() const { dropped_queries_.add(); }
  void count_answer() const { dropped_answers_.add(); }

 private:
  std::vector<UdpAnswer> ring_;
  size_t next_ = 0;  // where the next one goes; the `size_` before it are taken
  size_t size_ = 0;
  metrics::Counter dropped_queries_, dropped_answers_;
};

}  // namespace portolan::server
