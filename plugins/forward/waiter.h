// Waiter: somebody who wants an upstream's answer: the packet to send and, later, what came of it.
#pragma once

#include <coroutine>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/arena.h"
#include "dns/message.h"

namespace portolan::forward {

enum class Proto : uint8_t { udp, tcp };

/// answered: `message` lies in the waiter's arena. mismatched: the right id, but another question or none. failed:
/// `error` says why.
enum class Fate : uint8_t { waiting, answered, mismatched, failed };

/// Lives until `done` has been called; used by one thread.
struct Waiter {
  // What is asked.
  Arena* arena = nullptr;
  std::span<uint8_t> packet;  // the transport writes its own id into the first two octets
  size_t question_size = 0;   // octets of the question, behind the header
  Proto proto = Proto::udp;
  void (*done)(Waiter&) = nullptr;
  bool watched = false;  // wants `received` and `local` too

  // What came of it.
  Fate fate = Fate::waiting;
  dns::ParsedMessage message;
  std::string_view error;
  std::span<const uint8_t> received;  // the answer's octets, in the arena; when watched
  SocketAddress local;                // that the question left from; when watched and answered

  Waiter* next = nullptr;  // asks the same
};

/// A waiter that a coroutine awaits.
struct AwaitedAnswer : Waiter {
  AwaitedAnswer() {
    done = [](Waiter& waiter) {
      auto& self = static_cast<AwaitedAnswer&>(waiter);
      if (auto frame = std::exchange(self.frame_, {})) frame.resume();
    };
  }
  bool await_ready() const noexcept { return fate != Fate::waiting; }
  void await_suspend(std::coroutine_handle<> frame) noexcept { frame_ = frame; }
  void await_resume() const noexcept {}

 private:
  std::coroutine_handle<> frame_;
};

}  // namespace portolan::forward
