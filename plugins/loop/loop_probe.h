// The question that the server asks itself: sent to its own address until an answer comes, for half a minute at most.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "base/address.h"
#include "base/loop.h"
#include "dns/name.h"

namespace portolan::loop {

/// Used on one loop's thread. The callbacks run there; destroying the probe ends everything.
class Probe {
 public:
  /// `failed` after every try without an answer, `done` once: there was one, or the half minute is over.
  Probe(Loop& loop, const dns::Name& name, const SocketAddress& server, std::function<void()> failed,
        std::function<void()> done);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  void start();
  unsigned tries() const { return tries_; }

 private:
  void ask();
  bool send();
  void wait();
  void read();
  void give_up_try();
  void close();

  Loop& loop_;
  SocketAddress server_;
  std::function<void()> failed_, done_;
  std::vector<uint8_t> packet_;
  Timer timer_;
  std::optional<FdWatch> watch_;
  int fd_ = -1;
  unsigned tries_ = 0;
  SteadyTime deadline_{};
};

}  // namespace portolan::loop
