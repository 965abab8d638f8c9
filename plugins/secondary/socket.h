// A socket to a primary that a coroutine can wait for, each time for no longer than it has patience.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/descriptor.h"
#include "base/loop.h"
#include "base/result.h"
#include "base/task.h"

namespace portolan::secondary {

using Patience = std::chrono::nanoseconds;

/// Connected, UDP or TCP. Used by the thread of its loop. A task that waits for it may be destroyed at any time. Errors
/// are in the words of CoreDNS's logs: "dial tcp 127.0.0.1:53: connect: connection refused".
class PrimarySocket {
 public:
  enum class Kind : uint8_t { udp, tcp };
  PrimarySocket(Loop& loop, Kind kind, const SocketAddress& primary) : loop_(loop), kind_(kind), primary_(primary) {}

  Task<Result<void>> connect(Patience patience);
  /// Sends a message, over TCP with its length in front.
  Task<Result<void>> send(std::span<const uint8_t> message, Patience patience);
  /// The next message; valid until the next call.
  Task<Result<std::span<const uint8_t>>> receive(Patience patience);

 private:
  bool is_tcp() const { return kind_ == Kind::tcp; }
  Task<bool> wait(bool to_write, Patience patience);
  Task<Result<void>> fill(size_t octets, Patience patience);
  Error dial_error(const std::string& what) const;
  Error read_error(const std::string& what) const;

  Loop& loop_;
  const Kind kind_;
  const SocketAddress primary_;
  Descriptor fd_;
  std::optional<FdWatch> watch_;  // in front of fd_'s end
  std::vector<uint8_t> in_;
  size_t used_ = 0;  // octets of in_ that have been handed out
};

}  // namespace portolan::secondary
