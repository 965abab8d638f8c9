// States that handlers share, within a configuration and across reloads: what one is known by, which ones there are,
// and which one answers.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "base/rcu.h"

namespace portolan {

/// What a state is known by: texts one after the other, told apart by their lengths.
class StateKey {
 public:
  void add(std::string_view text) { text_.append(std::to_string(text.size())).append(":").append(text); }
  /// Their number too.
  void add_all(const std::vector<std::string>& texts);
  /// A file's path and when it was written: one that was replaced is another file. Empty: no file.
  void add_file(const std::string& path);
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

/// The states that somebody holds, by key. Any thread.
template <class State>
class StateRegistry {
 public:
  /// The state of `key`; when there is none, the one that `make` gives, which may be null. `make` runs under the lock.
  template <class Make>
  std::shared_ptr<State> get(const std::string& key, Make&& make) {
    auto states = states_.lock();
    std::erase_if(*states, [](const auto& entry) { return entry.second.expired(); });
    auto& known = (*states)[key];
    if (auto state = known.lock()) return state;
    auto state = make();
    known = state;
    return state;
  }

 private:
  Guarded<std::map<std::string, std::weak_ptr<State>>> states_;
};

/// The state that answers: a handler's own, or that of the handler before a reload until its own is known. Shared with
/// the call that ends this wait, which may come after the handler is gone. `kContent` is what workers read of a state,
/// `kWhenKnown(call)` calls once all of it is known, `kWaitsBehind(previous)` says whether `previous` stands in.
template <class State, auto kContent, auto kWhenKnown, auto kWaitsBehind>
class Standing {
 public:
  using Pointer = std::shared_ptr<State>;
  using Content = std::remove_cvref_t<std::invoke_result_t<decltype(kContent), const State&>>;

  /// `previous` may be empty.
  static std::shared_ptr<Standing> begin(Pointer own, Pointer previous) {
    if (previous && !std::invoke(kWaitsBehind, *own, *previous)) previous = nullptr;
    const bool waits = previous != nullptr;
    std::shared_ptr<Standing> standing(new Standing(std::move(own), std::move(previous)));
    if (waits) {
      std::invoke(kWhenKnown, *standing->own_, [weak = std::weak_ptr(standing)] {
        if (const auto still = weak.lock()) still->settle();
      });
    }
    return standing;
  }

  /// What is answered from. To be called, and used, inside an rcu::ReadGuard.
  const Content& content() const { return *content_.load(std::memory_order_acquire); }
  const Pointer& own() const { return own_; }
  /// The state behind content().
  Pointer answering() {
    const std::lock_guard lock(mutex_);
    return previous_ ? previous_ : own_;
  }

 private:
  Standing(Pointer own, Pointer previous)
      : own_(std::move(own)),
        previous_(std::move(previous)),
        content_(&std::invoke(kContent, previous_ ? std::as_const(*previous_) : std::as_const(*own_))) {}

  void settle() {
    Pointer previous;
    {
      const std::lock_guard lock(mutex_);
      content_.store(&std::invoke(kContent, std::as_const(*own_)), std::memory_order_release);
      previous.swap(previous_);
    }
    rcu::synchronize();  // workers may still be reading the old one
  }

  const Pointer own_;
  std::mutex mutex_;
  Pointer previous_;
  std::atomic<const Content*> content_;
};

}  // namespace portolan
