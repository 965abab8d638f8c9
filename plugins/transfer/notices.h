// Notices: the NOTIFY messages (RFC 1996) that are under way to secondaries.
#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <optional>

#include "base/address.h"
#include "base/clock.h"
#include "base/loop.h"
#include "dns/tsig_request.h"

namespace portolan::transfer {

/// Everything on the thread of its loop.
class Notices {
 public:
  /// `patience`: how long one message waits for its answer. `clock`: what signatures say.
  explicit Notices(Loop& loop, std::chrono::nanoseconds patience = std::chrono::seconds(2),
                   const Clock& clock = system_clock());
  ~Notices();
  Notices(const Notices&) = delete;
  Notices& operator=(const Notices&) = delete;

  /// Tells `server` of `zone`, three times at most; the log says when it would not hear. One that is under way for the
  /// same zone and server begins anew. With a key messages are signed, and answers must be (RFC 8945). Of many some
  /// wait for their turn, so that they do not use up the descriptors.
  void send(dns::NameView zone, const SocketAddress& server, const std::optional<IpAddress>& source,
            std::shared_ptr<const dns::TsigKey> key = nullptr);
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
  const Clock& clock_;
  List under_way_, waiting_;
};

}  // namespace portolan::transfer
