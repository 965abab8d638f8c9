// The cache: answers of the plugins behind it, kept and given again until their time is over.
#pragma once

#include <memory>
#include <optional>

#include "plugins/cache/classify.h"
#include "plugins/cache/metrics.h"
#include "plugins/cache/options.h"
#include "plugins/cache/table.h"
#include "server/plugin.h"

namespace portolan::cache {

/// The entries; outlives a configuration when the next one has the same section.
struct Store {
  explicit Store(const Options& options) : success(options.success.capacity), denial(options.denial.capacity) {}
  Table success, denial;
};

/// One for a server block. A hit is answered at once, without a lock, a coroutine or memory from the heap.
class Cache : public server::Handler, public server::Startable, public server::Adopter {
 public:
  /// `clock` null: the worker's time and the machine's.
  Cache(Options options, const server::Block& block, const server::Configuration& configuration, const Clock* clock);

  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  Result<void> prepare() override;
  void stop(server::Deadline deadline) noexcept override;
  void adopt(const std::shared_ptr<server::Handler>& previous) override;

  const Store& store() const { return *store_; }

 private:
  // A refresh that has been begun: of which entry, and how it ends.
  struct Ticket {
    uint64_t id;
    uint32_t hits;  // popularity that the new entry inherits
    bool positive;
    bool stale;  // of an entry whose time is over
  };
  struct Race;

  bool covers(dns::NameView lower) const;
  Key key_of(const server::Query& query) const;
  bool alive(const Entry& entry, SteadyTime now) const;
  std::pair<const Entry*, bool> choose(const Key& key, SteadyTime now) const;
  std::optional<Hit> look_up(const Key& key, SteadyTime now, Arena& arena) const;
  bool wants_refresh(const Entry& entry, SteadyTime now) const;
  void answer_from(const Hit& hit, server::Query& query) const;
  SteadyTime time_of(const server::Query& query) const;          // of the batch
  SteadyTime time_now() const;                                   // at this moment
  std::optional<WallTime> signature_time(const Key& key) const;  // when signatures of a reply to be kept must be good

  Task<server::Outcome> ask(server::Query& query, server::Next next, const Key& key);
  Task<server::Outcome> wait_for(server::Query& query, Task<server::Outcome> task, Key key, bool ad);
  server::Outcome finish(server::Query& query, server::Outcome outcome, const Key& key, bool ad);
  bool keep(server::Query& query, const Key& key, bool ad, uint32_t hits = 0);
  void put(bool positive, EntryPtr entry, const Key& key, Counters& counters);

  // refresh.cc
  void start_refresh(server::Query& query, server::Next next, const Hit& hit);
  static Task<server::Outcome> ask_next(server::Query& query, server::Next next);
  Detached refresh(server::QueryPtr branch, server::Next next, Ticket ticket);
  bool take_refresh(server::Query& query, const Key& key, bool ad, const server::Outcome& outcome, uint32_t hits);
  void end_refresh(const Key& key, const Ticket& ticket, bool refreshed);
  Task<server::Outcome> verify(server::Query& query, server::Next next, Key key, Hit hit);
  Task<server::Outcome> verify_in_time(server::Query& query, server::Next next, Hit hit);
  Detached run_race(std::shared_ptr<Race> race, server::Next next, Ticket ticket);
  server::Outcome answer_stale(const Hit& hit, server::Query& query);

  const Options options_;
  const server::Block* block_;
  const server::Configuration* configuration_;
  const Clock* clock_;
  const bool everything_;      // serves the root
  const bool disables_alike_;  // the same zones for both sides
  std::shared_ptr<Store> store_;
  CacheMetrics metrics_;
};

}  // namespace portolan::cache
