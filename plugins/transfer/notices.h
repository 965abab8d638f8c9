// Notices: the NOTIFY messages (RFC 1996) that are under way to secondaries.
#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <optional>

#include "base/address.h"
#include "base/loop.h"
#include "dns/name.h"

namespace portolan::transfer {

/// Everything on the thread of its loop.
class Notices {
 public:
  /// `patience`: how long one message waits for its answer.
  explicit Notices(Loop& loop, std::chrono::nanoseconds patience = std::chrono::seconds(2));
  ~Notices();
  Notices(const Notices&) = delete;
  Notices& operator=(const Notices&) = delete;

  /// Tells `server` of `zone`, three times at most; the log says when it would not hear. One that is under way for the
  /// same zone and server begins anew. Of many some wait for their turn, so that they do not use up the descriptors.
  void send(dns::NameView zone, const SocketAddress& server, const std::optional<IpAddress>& source);
  /// Forgets all that is under way.
  void clear() noexcept;
  /// Not yet answered or given up.
  size_t size() const { return under_way_.size() + waiting_.size(); }

 private:
  class Notice;
  using List = std::list<std::unique_ptr<Notice>>;

  void start_waiting();
  void done(const Notice& notice);

  Loop& loop_;
  const std::chrono::nanoseconds patience_;
  List under_way_, waiting_;
};

}  // namespace portolan::transfer
