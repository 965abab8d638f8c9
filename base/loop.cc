// The loop's own epoll set. Asio arms a descriptor anew, with one epoll_ctl, for every wait; a server that gets one
// packet at a time feels that. Here a descriptor stays armed until it becomes ready and nobody waits. Asio's epoll
// descriptor is a member of the set, so that timers and TCP sockets are served from the same wait.
#include "base/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace portolan {

namespace asio = boost::asio;

namespace {

using Reactor = asio::detail::epoll_reactor;

// Asio keeps its epoll descriptor to itself. An explicit instantiation may name a private member ([temp.spec] 13.9):
// should Asio rename it, this no longer compiles.
int epoll_of(Reactor& reactor);
template <int Reactor::* Member>
struct EpollOf {
  friend int epoll_of(Reactor& reactor) { return reactor.*Member; }
};
template struct EpollOf<&Reactor::epoll_fd_>;

constexpr int kEvents = 32;
constexpr unsigned kAsioTurn = 64;  // handlers of Asio before the descriptors have their turn

[[noreturn]] void give_up(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

struct Loop::Impl {
  Impl();
  ~Impl();

  void control(int operation, int fd, uint32_t events, void* who);
  void step(int timeout_ms);
  void run_posted();
  void run_asio();
  void take_foreign();
  /// No event that has been read is reported to `who` any more.
  void forget(const void* who);

  asio::io_context context{1};  // one thread runs it: no locking between handlers
  asio::executor_work_guard<asio::io_context::executor_type> guard{context.get_executor()};
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

  std::array<epoll_event, kEvents> events{};
  int event_count = 0, next_event = 0;
  char wake_mark = 0, asio_mark = 0;  // their addresses stand in events beside those of watches
  bool asio_due = true;               // Asio may have something to run
  bool in_asio = false;
  std::atomic<std::thread::id> runner{};
  std::vector<std::function<void()>> posted, running;  // of the loop's own thread

  std::mutex mutex;
  std::vector<std::function<void()>> foreign;  // posted by other threads
  std::atomic<bool> stopping{false};
};

struct FdWatch::Impl {
  Impl(Loop::Impl& owner, int descriptor) : loop(owner), fd(descriptor) {}
  ~Impl();

  void arm();
  void ready(uint32_t events);
  uint32_t wanted() const { return (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u); }

  Loop::Impl& loop;
  const int fd;
  uint32_t armed = 0;  // 0: not in the epoll set
  std::function<void()> readable, writable;
  bool* destroyed = nullptr;  // told to ready(), whose calls may destroy the watch
};

Loop::Impl::Impl() {
  if (epoll < 0 || wake < 0) give_up("epoll");
  control(EPOLL_CTL_ADD, wake, EPOLLIN, &wake_mark);
  // Asio takes its reactor into use with its first timer or socket; until then its epoll descriptor would stay
  // readable.
  asio::use_service<asio::detail::scheduler>(context).init_task();
  control(EPOLL_CTL_ADD, epoll_of(asio::use_service<Reactor>(context)), EPOLLIN, &asio_mark);
}

Loop::Impl::~Impl() {
  close(epoll);
  close(wake);
}

void Loop::Impl::control(int operation, int fd, uint32_t interest, void* who) {
  epoll_event event{};
  event.events = interest;
  event.data.ptr = who;
  if (epoll_ctl(epoll, operation, fd, &event) != 0 && operation != EPOLL_CTL_DEL) give_up("epoll_ctl");
}

void Loop::Impl::step(int timeout_ms) {
  run_posted();
  if (asio_due) run_asio();
  const bool busy = asio_due || !posted.empty();
  event_count = epoll_wait(epoll, events.data(), kEvents, busy ? 0 : timeout_ms);
  for (next_event = 0; next_event < event_count;) {
    const epoll_event event = events[static_cast<size_t>(next_event++)];
    if (event.data.ptr == nullptr) continue;
    if (event.data.ptr == &wake_mark)
      take_foreign();
    else if (event.data.ptr == &asio_mark)
      asio_due = true;
    else
      static_cast<FdWatch::Impl*>(event.data.ptr)->ready(event.events);
  }
  event_count = 0;
}

void Loop::Impl::run_posted() {
  running.swap(posted);
  for (auto& work : running) work();
  running.clear();
}

void Loop::Impl::run_asio() {
  asio_due = false;
  in_asio = true;
  unsigned done = 0;
  while (done < kAsioTurn && context.poll_one() > 0) ++done;
  in_asio = false;
  if (done == kAsioTurn) asio_due = true;
}

void Loop::Impl::take_foreign() {
  uint64_t count = 0;
  while (read(wake, &count, sizeof count) > 0) {
  }
  const std::lock_guard lock(mutex);
  for (auto& work : foreign) posted.push_back(std::move(work));
  foreign.clear();
}

void Loop::Impl::forget(const void* who) {
  for (int i = next_event; i < event_count; ++i) {
    if (events[static_cast<size_t>(i)].data.ptr == who) events[static_cast<size_t>(i)].data.ptr = nullptr;
  }
}

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

asio::io_context& Loop::context() { return impl_->context; }

void Loop::asio_changed() {
  if (!impl_->in_asio) impl_->asio_due = true;
}

void Loop::post(std::function<void()> work) {
  if (impl_->runner.load(std::memory_order_relaxed) == std::this_thread::get_id()) {
    impl_->posted.push_back(std::move(work));
    return;
  }
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->foreign.push_back(std::move(work));
  }
  eventfd_write(impl_->wake, 1);
}

void Loop::run() {
  impl_->runner = std::this_thread::get_id();
  while (!impl_->stopping.exchange(false, std::memory_order_acquire)) impl_->step(-1);
  impl_->runner = std::thread::id();
}

void Loop::run_once(std::chrono::milliseconds timeout) {
  impl_->runner = std::this_thread::get_id();
  impl_->step(static_cast<int>(timeout.count()));
  impl_->run_posted();
  if (impl_->asio_due) impl_->run_asio();
  impl_->runner = std::thread::id();
}

void Loop::stop() {
  impl_->stopping.store(true, std::memory_order_release);
  eventfd_write(impl_->wake, 1);
}

// Shared with the handler that waits: one that is queued already when the timer is cancelled, started again or
// destroyed must find out that it is no longer meant.
struct Timer::Impl {
  explicit Impl(Loop& owner) : loop(owner), timer(owner.context()) {}
  Loop& loop;
  asio::steady_timer timer;
  uint64_t generation = 0;
};

Timer::Timer(Loop& loop) : impl_(std::make_shared<Impl>(loop)) {}
Timer::~Timer() {
  if (impl_) cancel();
}
Timer::Timer(Timer&&) noexcept = default;
Timer& Timer::operator=(Timer&& other) noexcept {
  if (impl_) cancel();
  impl_ = std::move(other.impl_);
  return *this;
}

void Timer::start(std::chrono::nanoseconds delay, std::function<void()> fire) {
  const uint64_t generation = ++impl_->generation;
  if (impl_->timer.expires_after(delay) > 0) impl_->loop.asio_changed();
  impl_->timer.async_wait([impl = impl_, generation, fire = std::move(fire)](const boost::system::error_code& error) {
    if (!error && impl->generation == generation) fire();
  });
}

void Timer::cancel() {
  ++impl_->generation;
  if (impl_->timer.cancel() > 0) impl_->loop.asio_changed();
}

Task<void> sleep_for(Loop& loop, std::chrono::nanoseconds delay) {
  Arrival<bool> elapsed;
  Timer timer(loop);
  timer.start(delay, [&elapsed] { elapsed.set(true); });
  co_await elapsed;
}

FdWatch::Impl::~Impl() {
  if (armed != 0) loop.control(EPOLL_CTL_DEL, fd, 0, nullptr);
  loop.forget(this);
  if (destroyed) *destroyed = true;
}

// Armed for more than is waited for is fine: ready() notices.
void FdWatch::Impl::arm() {
  if ((wanted() & ~armed) == 0) return;
  const int operation = armed == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  loop.control(operation, fd, wanted() | armed, this);
  armed |= wanted();
}

void FdWatch::Impl::ready(uint32_t events) {
  constexpr uint32_t kBoth = EPOLLERR | EPOLLHUP;
  bool gone = false, waited = false;
  destroyed = &gone;
  for (auto [bits, call] : {std::pair(EPOLLIN | kBoth, &readable), std::pair(EPOLLOUT | kBoth, &writable)}) {
    if ((events & bits) == 0 || !*call) continue;
    waited = true;
    const std::function<void()> now = std::exchange(*call, nullptr);
    now();
    if (gone) return;
  }
  destroyed = nullptr;
  // A socket can nearly always be written to: nobody waits for that for long. Reading is waited for again, as a rule.
  const bool idle_output = (events & EPOLLOUT) != 0 && !writable;
  if (waited && !idle_output) return;
  const uint32_t keep = waited ? armed & ~uint32_t{EPOLLOUT} : wanted();
  if (keep == armed) return;
  loop.control(keep == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD, fd, keep, this);
  armed = keep;
}

FdWatch::FdWatch(Loop& loop, int fd) : impl_(std::make_unique<Impl>(*loop.impl_, fd)) {}
FdWatch::~FdWatch() = default;
FdWatch::FdWatch(FdWatch&&) noexcept = default;
FdWatch& FdWatch::operator=(FdWatch&&) noexcept = default;

void FdWatch::wait_readable(std::function<void()> ready) {
  impl_->readable = std::move(ready);
  impl_->arm();
}

void FdWatch::wait_writable(std::function<void()> ready) {
  impl_->writable = std::move(ready);
  impl_->arm();
}

void FdWatch::cancel() { impl_->readable = impl_->writable = nullptr; }

}  // namespace portolan
