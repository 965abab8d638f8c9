// The loop of a sink's thread: connections, queues, waiting.
#include "plugins/dnstap/sink.h"

#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "base/guarded.h"
#include "base/log.h"
#include "plugins/common/undertaker.h"

namespace portolan::dnstap {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kOctetsAMessage = 256;      // on the average, for the size of the queue
constexpr size_t kDrain = 256 * 1024;        // octets of a worker taken at once
constexpr size_t kMostQueued = 1024 * 1024;  // octets for one of several collectors, before it is too slow
constexpr milliseconds kNap{10};             // messages that come one by one are sent together
constexpr milliseconds kFirstPause{100};     // before another try
constexpr milliseconds kLongestPause{10'000};
constexpr seconds kDropLines{10};  // between two lines about dropped messages
constexpr seconds kGoodbye{1};

const metrics::CounterFamily& dropped_family() {
  static const metrics::CounterFamily family(
      "portolan_dnstap_dropped_messages_total",
      "Counter of dnstap messages that no collector got: the queue was full or the connection broke.", {"to"});
  return family;
}

// All sinks there are, by their settings.
Guarded<std::map<SinkSettings, std::weak_ptr<Sink>>>& sinks() {
  static auto* const all = new Guarded<std::map<SinkSettings, std::weak_ptr<Sink>>>;
  return *all;
}

}  // namespace

std::shared_ptr<Sink> Sink::open(const SinkSettings& settings, unsigned workers) {
  // Before the undertaker is there: what is set up first is taken down last, so that its threads have TLS to their end.
  OPENSSL_init_ssl(0, nullptr);
  auto all = sinks().lock();
  std::weak_ptr<Sink>& known = (*all)[settings];
  auto sink = known.lock();
  if (!sink) {
    sink.reset(new Sink(settings, workers), Undertaker<Sink>::bury);  // its thread may be looking up a name
    known = sink;
  }
  return sink;
}

Sink::Sink(const SinkSettings& settings, unsigned workers)
    : settings_(settings),
      dropped_(dropped_family().with({settings.endpoint.text()})),
      mailbox_(workers, settings.queue * kOctetsAMessage),
      buffers_(workers),
      wanted_(!settings.listens),
      pause_(kFirstPause),
      drops_said_(dropped_.value()) {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "dnstap");
}

Sink::~Sink() {
  ending_.store(true, std::memory_order_release);
  mailbox_.wake();
  thread_.join();
}

void Sink::push(size_t index, const std::string& message) {
  const std::span octets(reinterpret_cast<const uint8_t*>(message.data()), message.size());
  if (!mailbox_.push(index, octets)) dropped_.add();
}

void Sink::run() {
  while (!ending_.load(std::memory_order_acquire)) {
    const SteadyTime now = std::chrono::steady_clock::now();
    open_what_is_missing(now);
    const bool moved = pump();
    progress(now);
    say_drops(now);
    wait(moved, now);
  }
  say_goodbye();
  if (settings_.listens && listener_ && settings_.endpoint.kind == Endpoint::Kind::unix_socket) {
    unlink(settings_.endpoint.path.c_str());
  }
}

void Sink::open_what_is_missing(SteadyTime now) {
  if (now < next_try_ || (settings_.listens ? static_cast<bool>(listener_) : !peers_.empty())) return;
  next_try_ = now + pause_;
  pause_ = std::min(pause_ * 2, kLongestPause);
  const Result<void> done = settings_.listens ? listen() : connect();
  if (done.has_error()) failed(done.error().message, now);
}

// Once until it works again: a collector may be away for days.
void Sink::failed(const std::string& why, SteadyTime now) {
  next_try_ = std::max(next_try_, now + pause_);
  if (std::exchange(said_, true)) return;
  log::error(settings_.listens ? "plugin/dnstap: Failed to start dnstap listener: " + why
                               : "plugin/dnstap: No connection to dnstap endpoint: " + why);
}

// Moves messages from the workers to collectors that take them. True: there were some.
bool Sink::pump() {
  if (streaming() == 0) {
    wanted_.store(!settings_.listens, std::memory_order_relaxed);
    if (!settings_.listens) return false;  // they wait for the connection
  }
  if (!settings_.listens && peers_.front()->queued() > 0) return false;  // and for a collector that is slow
  drained_.clear();
  const size_t messages = mailbox_.drain(drained_, kDrain);
  for (const auto& peer : peers_) {
    if (peer->streaming()) peer->queue(drained_);
  }
  return messages > 0;
}

void Sink::progress(SteadyTime now) {
  accept();
  std::erase_if(peers_, [&](const auto& peer) {
    const bool streamed = peer->streaming();
    const bool too_slow = settings_.listens && peer->queued() > kMostQueued;
    if (peer->progress(now) && !too_slow) {
      if (!streamed && peer->streaming()) {
        wanted_.store(true, std::memory_order_relaxed);
        pause_ = kFirstPause;
        if (std::exchange(said_, false)) {
          log::info("plugin/dnstap: Connected to dnstap endpoint " + settings_.endpoint.text());
        }
      }
      return false;
    }
    dropped_.add(peer->unsent());
    const std::string why = too_slow ? "the collector is too slow" : peer->error();
    if (settings_.listens) {
      log::limited(log::Level::warning,
                   "plugin/dnstap: A collector of " + settings_.endpoint.text() + " is disconnected: " + why);
    } else {
      failed((streamed ? "" : "dial ") + settings_.endpoint.dialled() + ": " + why, now);
    }
    return true;
  });
}

void Sink::wait(bool moved, SteadyTime now) {
  std::vector<pollfd> waits{{mailbox_.descriptor(), POLLIN, 0}};
  if (listener_) waits.push_back({listener_.get(), POLLIN, 0});
  SteadyTime until = SteadyTime::max();
  if (settings_.listens ? !listener_ : peers_.empty()) until = next_try_;
  bool idle = true;  // nothing but a message makes us go on
  for (const auto& peer : peers_) {
    waits.push_back({peer->descriptor(), peer->events(), 0});
    if (peer->waits()) until = std::min(until, peer->gives_up() + milliseconds(1));
    idle &= settings_.listens || (peer->streaming() && peer->queued() == 0);
  }
  // Without a collector to send to, messages may wait; what is too much is dropped, and said from time to time.
  if (!settings_.listens && streaming() == 0) idle = false;
  if (dropped_.value() != drops_said_) until = std::min(until, std::max(next_drop_line_, now + kNap));
  if (moved) {
    until = std::min(until, now + kNap);
  } else if (idle && !mailbox_.may_sleep()) {
    until = now;
  }
  const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
  const bool forever = until == SteadyTime::max();
  poll(waits.data(), waits.size(), forever ? -1 : static_cast<int>(std::clamp<int64_t>(left.count(), 0, 60'000)));
  mailbox_.awake();
}

void Sink::say_drops(SteadyTime now) {
  const uint64_t drops = dropped_.value();
  if (drops == drops_said_ || now < next_drop_line_) return;
  log::warning("plugin/dnstap: Dropped dnstap messages: " + std::to_string(drops - drops_said_));
  drops_said_ = drops;
  next_drop_line_ = now + kDropLines;
}

// Everything that is queued, then STOP, for as long as the peers go on and time permits.
void Sink::say_goodbye() {
  const SteadyTime end = std::chrono::steady_clock::now() + kGoodbye;
  drained_.clear();
  size_t left = mailbox_.drain(drained_, SIZE_MAX / 2);
  for (const auto& peer : peers_) {
    if (!peer->streaming()) continue;
    peer->queue(drained_);
    peer->stop();
    left = 0;
  }
  if (!settings_.listens) dropped_.add(left);
  for (SteadyTime now = std::chrono::steady_clock::now(); now < end; now = std::chrono::steady_clock::now()) {
    std::erase_if(peers_, [&](const auto& peer) {
      if (!peer->progress(now)) {
        dropped_.add(peer->unsent());
        return true;
      }
      return peer->finished();
    });
    if (peers_.empty()) return;
    std::vector<pollfd> waits;
    for (const auto& peer : peers_) waits.push_back({peer->descriptor(), peer->events(), 0});
    poll(waits.data(), waits.size(),
         static_cast<int>(std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now()).count()));
  }
  for (const auto& peer : peers_) dropped_.add(peer->unsent());
}

size_t Sink::streaming() const {
  return static_cast<size_t>(
      std::count_if(peers_.begin(), peers_.end(), [](const auto& peer) { return peer->streaming(); }));
}

}  // namespace portolan::dnstap
