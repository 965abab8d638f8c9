// One zone of a secondary: asks its primaries when it is time or when one of them says so, takes over what is newer,
// and gives the zone up when it has expired.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/rcu.h"
#include "plugins/secondary/exchange.h"
#include "plugins/secondary/metrics.h"
#include "plugins/secondary/slots.h"
#include "plugins/secondary/store.h"
#include "server/plugin.h"
#include "zones/refresh_timers.h"
#include "zones/zone_tree.h"

namespace portolan::secondary {

/// Read by all workers; everything that is not said to be theirs happens on the main thread. A reload hands a zone
/// whose source has not changed on to the next configuration, so that it may have several handlers; the last one
/// started owns it.
class SecondaryZone : public std::enable_shared_from_this<SecondaryZone> {
 public:
  struct Source {
    std::vector<Primary> primaries;  // in the order they are asked
    std::string store;               // folder of copies; empty: none
    bool zonemd = false;             // a version whose digest does not fit is not taken (RFC 8976)
    bool operator==(const Source&) const = default;
  };
  struct Surroundings {
    Loop& loop;
    const Clock& clock;
    std::shared_ptr<Slots> slots;
    Times times;
  };
  /// Who has the zone. The last one that was given to start() is asked and told.
  struct Owner {
    /// Whether a version can be taken over; empty: it can. An error fails the transfer.
    std::function<Result<void>(const zones::ZoneTree&)> accepts;
    /// Hears of each version that has been taken over.
    std::function<void()> changed;
  };

  SecondaryZone(const dns::Name& origin, Source source, Surroundings surroundings);
  ~SecondaryZone();
  SecondaryZone(const SecondaryZone&) = delete;
  SecondaryZone& operator=(const SecondaryZone&) = delete;

  const dns::Name& origin() const { return origin_; }
  const Source& source() const { return source_; }
  /// Any thread, inside an rcu::ReadGuard: the version that is served; null before the first and once it has expired.
  const zones::ZoneTree* tree() const { return served_.read(); }
  std::shared_ptr<const zones::ZoneTree> share() const { return served_.share(); }
  /// Any thread.
  bool expired() const { return expired_.load(std::memory_order_relaxed); }
  /// Any thread.
  bool is_primary(const IpAddress& client) const;
  /// Any thread: a primary says that the zone has changed.
  void notified(const IpAddress& primary);

  /// Serves what another zone object of the same name has, until a primary has been asked.
  void inherit(const SecondaryZone& other);
  /// Reads the copy on disk, if there is one and nothing better.
  void read_copy();
  /// From now on `who` has the zone; the first one sets it going.
  void start(const void* who, Owner owner);
  /// Ends what is under way, unless another owner has taken over.
  void stop(const void* who) noexcept;
  /// Takes the copy on disk away: the zone is no longer wanted.
  void forget_copy() const;
  /// Does what is due by the clock; to be called at any time.
  void wake();
  /// Whether a primary is being asked.
  bool asking() const { return asking_; }

 private:
  enum class Found : uint8_t { confirmed, newer };

  void arm();
  void heed(const IpAddress& primary);
  void begin();
  Task<void> ask_all();
  Task<Result<Found>> ask(const Primary& primary);
  Result<void> check_digest(const zones::ZoneTree& tree) const;
  Result<void> accepts(const zones::ZoneTree& tree) const;
  bool is_enough(uint32_t serial, const SocketAddress& primary);
  void take_over(zones::Transferred transferred, const SocketAddress& primary);
  void confirm();
  void give_up(const std::string& reasons);
  void expire();
  void publish();
  void expose() const;
  void warn(const std::string& text) const;

  const dns::Name origin_;
  const Source source_;
  const Surroundings around_;
  const std::optional<ZoneStore> store_;

  rcu::SharedPointer<zones::ZoneTree> served_;
  std::atomic<bool> expired_{false};
  std::atomic<bool> heeding_{false};  // a NOTIFY is on its way to the main thread

  std::shared_ptr<const zones::ZoneTree> last_;  // served or expired
  zones::RefreshTimers timers_;
  const void* who_ = nullptr;  // has it
  Owner owner_;
  std::optional<IpAddress> teller_;  // the primary that has said so; is asked first
  std::optional<SteadyTime> begun_;  // when primaries were asked last
  bool asking_ = false, again_ = false;
  std::optional<Inquiry> inquiry_;  // what is being asked
  // From start() to stop() only: workers may be the last to let go of a zone, on another thread.
  std::optional<Timer> timer_;
  std::optional<ZoneGauges> gauges_;
  std::optional<Task<void>> under_way_;
};

}  // namespace portolan::secondary
