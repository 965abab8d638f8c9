// Task<T>: a ready value or an eagerly started coroutine. A plugin that answers at once returns a value and pays for no
// frame; only a true wait (an upstream, a timer) suspends. Single-threaded: a task lives and dies on its worker.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

namespace portolan {

/// Coroutine frames come from a free list of their thread, in classes of 64 octets.
void* allocate_frame(std::size_t size);
void free_frame(void* frame, std::size_t size) noexcept;

namespace detail {

struct PromiseBase {
  std::coroutine_handle<> continuation;
  std::exception_ptr exception;

  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }

  std::suspend_never initial_suspend() noexcept { return {}; }
  struct Final {
    bool await_ready() noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> frame) noexcept {
      auto next = frame.promise().continuation;
      return next ? next : std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };
  Final final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { exception = std::current_exception(); }
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
 public:
  struct promise_type : detail::PromiseBase {
    std::optional<T> value;
    Task get_return_object() noexcept { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    template <class U>
    void return_value(U&& result) {
      value.emplace(std::forward<U>(result));
    }
  };

  /// A task that has its value already.
  Task(T value) : value_(std::move(value)) {}  // NOLINT: implicit on purpose, `return outcome;`
  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, {})), value_(std::move(other.value_)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (frame_) frame_.destroy();
  }

  bool ready() const noexcept { return !frame_ || frame_.done(); }
  bool await_ready() const noexcept { return ready(); }
  void await_suspend(std::coroutine_handle<> waiter) noexcept { frame_.promise().continuation = waiter; }
  /// The value of a ready task. Throws what the coroutine threw. To be called once.
  T await_resume() {
    if (!frame_) return std::move(*value_);
    if (frame_.promise().exception) std::rethrow_exception(frame_.promise().exception);
    return std::move(*frame_.promise().value);
  }
  T take() { return await_resume(); }

 private:
  explicit Task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
  std::coroutine_handle<promise_type> frame_;
  std::optional<T> value_;
};

template <>
class [[nodiscard]] Task<void> {
 public:
  struct promise_type : detail::PromiseBase {
    Task get_return_object() noexcept { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    void return_void() noexcept {}
  };

  Task() = default;  // ready
  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (frame_) frame_.destroy();
  }

  bool ready() const noexcept { return !frame_ || frame_.done(); }
  bool await_ready() const noexcept { return ready(); }
  void await_suspend(std::coroutine_handle<> waiter) noexcept { frame_.promise().continuation = waiter; }
  void await_resume() {
    if (frame_ && frame_.promise().exception) std::rethrow_exception(frame_.promise().exception);
  }

 private:
  explicit Task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
  std::coroutine_handle<promise_type> frame_;
};

/// A coroutine nobody waits for: starts at once, frees itself at its end. It must not throw.
struct Detached {
  struct promise_type {
    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }
    Detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

/// Runs `task` to its end without anyone waiting; what it throws is lost, so it should not.
Detached detach(Task<void> task);

/// A value that arrives later, on the same thread: one coroutine awaits it, a callback sets it. Later sets are ignored,
/// so that a reply and its time-out may both try.
template <class T>
class Arrival {
 public:
  bool arrived() const noexcept { return value_.has_value(); }
  bool set(T value) {
    if (value_) return false;
    value_.emplace(std::move(value));
    if (auto waiter = std::exchange(waiter_, {})) waiter.resume();
    return true;
  }

  bool await_ready() const noexcept { return arrived(); }
  void await_suspend(std::coroutine_handle<> waiter) noexcept { waiter_ = waiter; }
  T await_resume() { return std::move(*value_); }

 private:
  std::optional<T> value_;
  std::coroutine_handle<> waiter_;
};

}  // namespace portolan
