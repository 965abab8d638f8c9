// Loop, Timer and FdWatch on Boost.Asio.
#include "base/loop.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace portolan {

namespace asio = boost::asio;

struct Loop::Impl {
  asio::io_context context{1};  // one thread runs it: no locking between handlers
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

asio::io_context& Loop::context() { return impl_->context; }
void Loop::post(std::function<void()> work) { asio::post(impl_->context, std::move(work)); }
void Loop::run() {
  auto guard = asio::make_work_guard(impl_->context);
  impl_->context.restart();
  impl_->context.run();
}
void Loop::stop() { impl_->context.stop(); }

// Shared with the handler that waits: one that is queued already when the timer is cancelled, started again or
// destroyed must find out that it is no longer meant.
struct Timer::Impl {
  explicit Impl(asio::io_context& context) : timer(context) {}
  asio::steady_timer timer;
  uint64_t generation = 0;
};

Timer::Timer(Loop& loop) : impl_(std::make_shared<Impl>(loop.context())) {}
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
  impl_->timer.expires_after(delay);
  impl_->timer.async_wait([impl = impl_, generation, fire = std::move(fire)](const boost::system::error_code& error) {
    if (!error && impl->generation == generation) fire();
  });
}

void Timer::cancel() {
  ++impl_->generation;
  impl_->timer.cancel();
}

Task<void> sleep_for(Loop& loop, std::chrono::nanoseconds delay) {
  Arrival<bool> elapsed;
  Timer timer(loop);
  timer.start(delay, [&elapsed] { elapsed.set(true); });
  co_await elapsed;
}

struct FdWatch::Impl {
  Impl(asio::io_context& context, int fd) : descriptor(context, fd) {}
  asio::posix::stream_descriptor descriptor;
  bool alive = true;
};

FdWatch::FdWatch(Loop& loop, int fd) : impl_(std::make_shared<Impl>(loop.context(), fd)) {}
FdWatch::~FdWatch() { close(); }
FdWatch::FdWatch(FdWatch&&) noexcept = default;
FdWatch& FdWatch::operator=(FdWatch&& other) noexcept {
  close();
  impl_ = std::move(other.impl_);
  return *this;
}

void FdWatch::close() {
  if (!impl_) return;
  impl_->alive = false;
  impl_->descriptor.release();  // the descriptor is the caller's: taken out of the reactor, never closed here
  impl_.reset();
}

void FdWatch::wait_readable(std::function<void()> ready) {
  impl_->descriptor.async_wait(asio::posix::descriptor_base::wait_read,
                               [impl = impl_, ready = std::move(ready)](const boost::system::error_code& error) {
                                 if (error != asio::error::operation_aborted && impl->alive) ready();
                               });
}

void FdWatch::wait_writable(std::function<void()> ready) {
  impl_->descriptor.async_wait(asio::posix::descriptor_base::wait_write,
                               [impl = impl_, ready = std::move(ready)](const boost::system::error_code& error) {
                                 if (error != asio::error::operation_aborted && impl->alive) ready();
                               });
}

void FdWatch::cancel() { impl_->descriptor.cancel(); }

}  // namespace portolan
