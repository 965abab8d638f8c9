// The life of a zone: timers, primaries in turn, versions.
#include "plugins/secondary/zone.h"

#include <algorithm>

#include "base/log.h"
#include "base/random.h"
#include "plugins/common/go_duration.h"
#include "zones/serial.h"
#include "zones/zonemd.h"

namespace portolan::secondary {
namespace {

using namespace std::chrono_literals;
using zones::ZoneTree;

constexpr auto kBetweenNotices = 1s;    // two looks because of NOTIFY; a flood of them costs no more
constexpr auto kLongestNap = 1h;        // the timer's; wake() looks at the clock itself
constexpr unsigned kQuietSeconds = 60;  // for the same complaint

dns::Soa soa_of(const ZoneTree& tree) {
  dns::Soa soa;
  dns::parse_soa(tree.record(tree.soa(), 0).rdata, soa);
  return soa;
}

}  // namespace

SecondaryZone::SecondaryZone(const dns::Name& origin, Source source, Surroundings surroundings)
    : origin_(origin),
      source_(std::move(source)),
      around_(std::move(surroundings)),
      store_(source_.store.empty() ? std::nullopt : std::optional<ZoneStore>(source_.store)) {}

SecondaryZone::~SecondaryZone() { served_.replace(nullptr); }

bool SecondaryZone::is_primary(const IpAddress& client) const {
  const IpAddress plain = client.unmapped();
  return std::any_of(source_.primaries.begin(), source_.primaries.end(),
                     [&](const Primary& each) { return each.address.ip.unmapped() == plain; });
}

void SecondaryZone::notified(const IpAddress& primary) {
  if (heeding_.exchange(true)) return;
  around_.loop.post([self = shared_from_this(), primary] {
    self->heeding_ = false;
    if (self->who_) self->heed(primary);
  });
}

void SecondaryZone::heed(const IpAddress& primary) {
  log::info("plugin/secondary: Notify from " + primary.unmapped().text() + " for " + origin_.text() +
            ": checking transfer");
  teller_ = primary.unmapped();
  if (asking_) {
    again_ = true;
    return;
  }
  const SteadyTime now = around_.clock.now();
  const SteadyTime soonest = begun_ ? std::max(now, *begun_ + kBetweenNotices) : now;
  timers_.look_at(std::min(timers_.next(), soonest));
  wake();
}

void SecondaryZone::inherit(const SecondaryZone& other) {
  if (!other.last_) return;
  if (const auto fits = check_digest(*other.last_); fits.has_error()) {
    log::warning("plugin/secondary: What was served of " + origin_.text() +
                 " is not taken over: " + fits.error().message);
    return;
  }
  last_ = other.last_;
  timers_ = other.timers_;
  timers_.look_at(around_.clock.now());
  expired_ = other.expired();
  publish();
}

void SecondaryZone::read_copy() {
  if (!store_ || last_) return;
  auto kept = store_->read(origin_, around_.clock.wall());
  const auto complain = [&](const Error& error) {
    log::warning("plugin/secondary: The copy of " + origin_.text() + " is of no use: " + error.message);
  };
  if (kept.has_error()) return complain(kept.error());
  if (!kept->has_value()) return;
  if (const auto fits = check_digest(*(*kept)->tree); fits.has_error()) return complain(fits.error());
  last_ = std::move((*kept)->tree);
  const SteadyTime now = around_.clock.now();
  timers_.confirmed(now - (*kept)->age, soa_of(*last_), 0);
  expired_ = *timers_.expiry() <= now;
  timers_.look_at(now);
  publish();
  log::info("plugin/secondary: Serial " + std::to_string(last_->serial()) + " of " + origin_.text() + " read from " +
            store_->path(origin_) + ", confirmed " +
            go_duration(std::chrono::round<std::chrono::seconds>((*kept)->age)) + " ago" +
            (expired() ? ": it has expired" : ""));
}

void SecondaryZone::start(const void* who, Owner owner) {
  const bool first = who_ == nullptr;
  who_ = who;
  owner_ = std::move(owner);
  if (!first) return;
  timer_.emplace(around_.loop);
  gauges_.emplace(origin_.text());
  expose();
  wake();
}

void SecondaryZone::stop(const void* who) noexcept {
  if (who_ != who) return;
  who_ = nullptr;
  owner_ = {};
  timer_.reset();
  gauges_.reset();
  under_way_.reset();
  asking_ = false;
}

void SecondaryZone::wake() {
  if (!who_) return;
  const SteadyTime now = around_.clock.now();
  if (!expired() && timers_.expiry() && *timers_.expiry() <= now) expire();
  if (!asking_ && timers_.next() <= now) begin();
  arm();
}

void SecondaryZone::arm() {
  std::optional<SteadyTime> next;
  if (!asking_) next = timers_.next();
  if (!expired() && timers_.expiry()) next = next ? std::min(*next, *timers_.expiry()) : *timers_.expiry();
  if (!next) return;
  const auto nap = std::clamp<std::chrono::nanoseconds>(*next - around_.clock.now(), 0ns, kLongestNap);
  timer_->start(nap, [this] { wake(); });
}

void SecondaryZone::begin() {
  begun_ = around_.clock.now();
  asking_ = true;
  again_ = false;
  under_way_.reset();
  under_way_.emplace(ask_all());
}

// Asks the primaries in turn until one has answered: the one that has told of a change first, then as they are listed.
Task<void> SecondaryZone::ask_all() {
  std::vector<Primary> turn = source_.primaries;
  if (teller_) {
    std::stable_partition(turn.begin(), turn.end(),
                          [this](const auto& each) { return each.address.ip.unmapped() == *teller_; });
  }
  const bool was_told = std::exchange(teller_, std::nullopt).has_value();
  std::string reasons;
  bool done = false;
  for (size_t i = 0; i < turn.size() && !done; ++i) {
    Task<Result<Found>> asking = ask(turn[i]);
    const Result<Found> found = co_await asking;
    done = found.has_value();
    if (found.has_error()) {
      if (!reasons.empty()) reasons += "; ";
      reasons += found.error().message;
    } else if (*found == Found::confirmed && was_told) {
      log::info("plugin/secondary: Notify from " + turn[i].address.ip.unmapped().text() + " for " + origin_.text() +
                ": no SOA serial increase seen");
    }
  }
  asking_ = false;
  if (!done) {
    give_up(reasons);
  } else if (!reasons.empty()) {
    warn("Some primaries of " + origin_.text() + " do not answer: " + reasons);
  }
  if (again_) timers_.look_at(*begun_ + kBetweenNotices);
  arm();
}

Task<Result<SecondaryZone::Found>> SecondaryZone::ask(const Primary& primary) {
  inquiry_.emplace(Inquiry{around_.loop, primary, origin_, around_.times, around_.clock});
  const SocketAddress& address = primary.address;
  std::shared_ptr<const ZoneTree> base = last_;
  if (last_) {
    Task<Result<uint32_t>> asking = ask_serial(*inquiry_);
    const Result<uint32_t> serial = co_await asking;
    if (serial.has_error()) co_return serial.error();
    if (is_enough(*serial, address)) co_return Found::confirmed;
    // A version that has expired gives way to whatever the primary has.
    if (!zones::serial_before(last_->serial(), *serial)) base = nullptr;
  }
  Slots::Place place(around_.slots);
  co_await place;
  Task<Result<zones::Transferred>> fetching = fetch(*inquiry_, base);
  Result<zones::Transferred> fetched = co_await fetching;
  if (fetched.has_error()) {
    count_transfer("failed");
    co_return fetched.error();
  }
  // Behind one address there may be several servers that do not have the same.
  if (last_ && is_enough(fetched->serial, address)) co_return Found::confirmed;
  if (!fetched->tree) co_return fail(address.text() + ": it has nothing newer than what has expired");
  const Result<void> accepted = accepts(*fetched->tree);
  if (accepted.has_error()) {
    count_transfer("failed");
    co_return fail(address.text() + ": " + accepted.error().message);
  }
  take_over(std::move(*fetched), address);
  co_return Found::newer;
}

Result<void> SecondaryZone::check_digest(const ZoneTree& tree) const {
  if (!source_.zonemd) return {};
  const auto checked = zones::check_zonemd(tree);
  return checked.has_error() ? Result<void>(checked.error()) : Result<void>();
}

Result<void> SecondaryZone::accepts(const ZoneTree& tree) const {
  if (auto fits = check_digest(tree); fits.has_error()) return fits;
  return owner_.accepts ? owner_.accepts(tree) : Result<void>();
}

// Whether a primary's serial says that the version that is there is the one to serve; it is confirmed then.
bool SecondaryZone::is_enough(uint32_t serial, const SocketAddress& primary) {
  if (serial != last_->serial()) {
    if (expired() || zones::serial_before(last_->serial(), serial)) return false;
    warn("Serial " + std::to_string(serial) + " of " + origin_.text() + " at " + primary.text() + " is behind ours, " +
         std::to_string(last_->serial()) + ", which stays");
  }
  confirm();
  return true;
}

void SecondaryZone::take_over(zones::Transferred transferred, const SocketAddress& primary) {
  std::string line = "plugin/secondary: Transferred: " + origin_.text() + " from " + primary.text() + ", " +
                     (transferred.incremental ? "changes" : "whole") + ", " + std::to_string(transferred.records) +
                     " records, serial " + std::to_string(transferred.serial);
  if (transferred.outside > 0) line += "; left out: " + std::to_string(transferred.outside) + " of other zones";
  log::info(line);
  last_ = std::move(transferred.tree);
  timers_.confirmed(around_.clock.now(), soa_of(*last_), fast_random64());
  expired_ = false;
  publish();
  expose();
  count_transfer(transferred.incremental ? "changes" : "whole");
  if (store_) {
    const auto written = store_->write(last_, around_.clock.wall());
    if (written.has_error()) warn("No copy of " + origin_.text() + " is kept: " + written.error().message);
  }
  if (owner_.changed) owner_.changed();
}

// What is there is still the current version.
void SecondaryZone::confirm() {
  timers_.confirmed(around_.clock.now(), soa_of(*last_), fast_random64());
  if (expired_.exchange(false)) publish();
  expose();
  if (!store_) return;
  if (store_->confirm(origin_, around_.clock.wall()).has_value()) return;
  // It has gone, or could not be written before.
  const auto written = store_->write(last_, around_.clock.wall());
  if (written.has_error()) warn("No copy of " + origin_.text() + " is kept: " + written.error().message);
}

void SecondaryZone::give_up(const std::string& reasons) {
  const auto wait = timers_.failed(around_.clock.now(), fast_random64());
  const std::string text = "All '" + origin_.text() + "' masters failed to transfer, retrying in " +
                           go_duration(std::chrono::round<std::chrono::milliseconds>(wait)) + ": " + reasons;
  if (!last_) return log::warning("plugin/secondary: " + text);
  warn("All '" + origin_.text() + "' masters failed to transfer, " +
       (expired() ? "it has expired: " : "serial " + std::to_string(last_->serial()) + " stays: ") + reasons);
}

void SecondaryZone::expire() {
  expired_ = true;
  served_.replace(nullptr);
  log::error("plugin/secondary: Zone " + origin_.text() + " is expired");
}

void SecondaryZone::publish() { served_.replace(expired() ? nullptr : last_); }

// When it expires is told by the wall's clock, since that is what scrapes know. As a number: an EXPIRE may be longer
// than WallTime reaches.
void SecondaryZone::expose() const {
  if (!last_ || !gauges_) return;
  using Seconds = std::chrono::duration<double>;
  const Seconds left = *timers_.expiry() - around_.clock.now();
  gauges_->set(last_->serial(), (Seconds(around_.clock.wall().time_since_epoch()) + left).count());
}

void SecondaryZone::forget_copy() const {
  if (store_) store_->remove(origin_);
}

void SecondaryZone::warn(const std::string& text) const {
  log::limited(log::Level::warning, "plugin/secondary: " + text, kQuietSeconds);
}

}  // namespace portolan::secondary
