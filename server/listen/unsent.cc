// The ring of waiting answers and its counters.
#include "server/listen/unsent.h"

#include <utility>

namespace portolan::server {
namespace {

metrics::Counter dropped(std::string_view listener, std::string_view reason) {
  static const metrics::CounterFamily family("coredns_shed_dropped_total",
                                             "Counter of queries and responses dropped, per server, by reason.",
                                             {"server", "reason"});
  return family.with({listener, reason});
}

}  // namespace

UnsentAnswers::UnsentAnswers(std::string_view listener)
    : ring_(kMost), dropped_queries_(dropped(listener, "query")), dropped_answers_(dropped(listener, "response")) {}

UdpAnswer UnsentAnswers::push(const UdpAnswer& answer) {
  const UdpAnswer oldest =
      full() ? ring_[next_] : UdpAnswer{};  // when full, the place behind the newest is the oldest's
  ring_[next_] = answer;
  next_ = (next_ + 1) % kMost;
  if (oldest.query) {
    count_answer();
  } else {
    ++size_;
  }
  return oldest;
}

UdpAnswer UnsentAnswers::pop() {
  next_ = (next_ + kMost - 1) % kMost;
  --size_;
  return std::exchange(ring_[next_], {});
}

}  // namespace portolan::server
