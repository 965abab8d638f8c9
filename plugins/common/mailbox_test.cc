// Messages from several workers to one consumer: order, bounds, waking.
#include "plugins/common/mailbox.h"

#include <doctest/doctest.h>
#include <poll.h>

#include <thread>

namespace portolan {
namespace {

std::span<const uint8_t> octets(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::vector<std::string> messages_of(const std::string& drained) {
  std::vector<std::string> messages;
  for (size_t at = 0; at < drained.size();) {
    size_t size = 0;
    for (size_t i = 0; i < MessageRing::kPrefix; ++i) size = size << 8 | static_cast<uint8_t>(drained[at + i]);
    messages.push_back(drained.substr(at + MessageRing::kPrefix, size));
    at += MessageRing::kPrefix + size;
  }
  return messages;
}

bool readable(const Mailbox& mailbox) {
  pollfd wait{mailbox.descriptor(), POLLIN, 0};
  return poll(&wait, 1, 0) == 1;
}

TEST_CASE("mailbox: messages come out whole and in order, also across the end of the ring") {
  MessageRing ring(64);
  for (int round = 0; round < 50; ++round) {
    const std::string first(static_cast<size_t>(round % 23), 'a'), second = "message " + std::to_string(round);
    REQUIRE(ring.push(octets(first)));
    REQUIRE(ring.push(octets(second)));
    std::string drained;
    CHECK(ring.drain(drained, SIZE_MAX) == 2);
    CHECK(messages_of(drained) == std::vector<std::string>{first, second});
    CHECK(ring.empty());
  }
}

TEST_CASE("mailbox: what does not fit is refused and harms nothing") {
  MessageRing ring(32);
  CHECK(ring.push(octets(std::string(20, 'x'))));
  CHECK_FALSE(ring.push(octets(std::string(9, 'y'))));  // 24 are taken, and 4 go to the length
  CHECK(ring.push(octets(std::string(4, 'z'))));
  std::string drained;
  ring.drain(drained, SIZE_MAX);
  CHECK(messages_of(drained) == std::vector<std::string>{std::string(20, 'x'), "zzzz"});
}

TEST_CASE("mailbox: a consumer takes what it can send, and the rest stays") {
  MessageRing ring(256);
  for (int i = 0; i < 10; ++i) REQUIRE(ring.push(octets("0123456789")));
  std::string drained;
  CHECK(ring.drain(drained, 30) == 3);
  CHECK(ring.drain(drained, SIZE_MAX) == 7);
}

TEST_CASE("mailbox: the first message wakes a consumer that sleeps, the next ones do not ring again") {
  Mailbox mailbox(2, 0);
  CHECK(mailbox.may_sleep());
  CHECK_FALSE(readable(mailbox));
  CHECK(mailbox.push(1, octets("a")));
  CHECK(readable(mailbox));
  mailbox.awake();
  CHECK(mailbox.push(0, octets("b")));
  CHECK_FALSE(readable(mailbox));
  CHECK_FALSE(mailbox.may_sleep());  // there is something to do
  std::string drained;
  CHECK(mailbox.drain(drained, SIZE_MAX) == 2);
  CHECK(mailbox.may_sleep());
}

TEST_CASE("mailbox: a ring that becomes half full wakes a consumer that naps") {
  Mailbox mailbox(1, 256 * 1024);
  const std::string large(60'000, 'x');
  CHECK(mailbox.push(0, octets(large)));
  CHECK(mailbox.push(0, octets(large)));
  CHECK_FALSE(readable(mailbox));
  CHECK(mailbox.push(0, octets(large)));
  CHECK(readable(mailbox));
  mailbox.awake();
  CHECK(mailbox.push(0, octets(large)));
  CHECK_FALSE(readable(mailbox));
  CHECK_FALSE(mailbox.push(0, octets(large)));
}

TEST_CASE("mailbox: nothing is lost or torn between threads") {
  constexpr int kMessages = 20'000;
  Mailbox mailbox(2, 0);
  const auto produce = [&](size_t worker) {
    for (int i = 0; i < kMessages; ++i) {
      const std::string text = std::to_string(worker) + ":" + std::to_string(i);
      while (!mailbox.push(worker, octets(text))) std::this_thread::yield();
    }
  };
  std::thread first(produce, 0), second(produce, 1);
  int next[2] = {0, 0};
  bool right = true;
  while (next[0] + next[1] < 2 * kMessages) {
    std::string drained;
    if (mailbox.drain(drained, SIZE_MAX) == 0 && mailbox.may_sleep()) {
      pollfd wait{mailbox.descriptor(), POLLIN, 0};
      poll(&wait, 1, 10'000);
      mailbox.awake();
    }
    for (const std::string& text : messages_of(drained)) {
      const size_t worker = text[0] == '1';
      right &= text == std::to_string(worker) + ":" + std::to_string(next[worker]++);
    }
  }
  first.join();
  second.join();
  CHECK(right);
}

}  // namespace
}  // namespace portolan
