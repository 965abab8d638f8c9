// The questions of one worker that an upstream has yet to answer: found by socket and id when a packet comes, by their
// octets when the same is asked again, and in the order of their deadlines.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "plugins/forward/waiter.h"

namespace portolan::forward {

struct Exchange;
struct SentList;

/// A place in a List.
struct Hook {
  Exchange* before = nullptr;
  Exchange* behind = nullptr;
  bool linked = false;
};

/// One question under way and all who wait for its answer. Pooled; the packet is the first waiter's.
struct Exchange {
  Waiter* first = nullptr;
  Waiter* last = nullptr;
  SentList* socket = nullptr;  // what left by the same socket
  uint32_t owner = 0;          // serial of that socket; 0: none
  uint16_t id = 0;
  uint8_t moves = 0;        // to another socket, because somebody was guessing
  uint8_t bad_packets = 0;  // right id, but not to be read
  bool joinable = false;    // found by its question
  SteadyTime deadline{};
  Hook due, sent;  // in the order of deadlines; with the others of its socket
  uint64_t question_hash = 0, id_hash = 0;
  Exchange* next_by_question = nullptr;
  Exchange* next_by_id = nullptr;

  std::span<uint8_t> packet() const { return first->packet; }
};

/// Exchanges in order, linked through one of their hooks.
template <Hook Exchange::* hook>
class List {
 public:
  bool empty() const { return first_ == nullptr; }
  size_t size() const { return size_; }
  Exchange* front() const { return first_; }
  static Exchange* after(const Exchange& exchange) { return (exchange.*hook).behind; }

  void push_back(Exchange& exchange) {
    exchange.*hook = {last_, nullptr, true};
    (last_ ? (last_->*hook).behind : first_) = &exchange;
    last_ = &exchange;
    ++size_;
  }
  void remove(Exchange& exchange) {
    Hook& place = exchange.*hook;
    if (!place.linked) return;
    (place.before ? (place.before->*hook).behind : first_) = place.behind;
    (place.behind ? (place.behind->*hook).before : last_) = place.before;
    place = {};
    --size_;
  }

 private:
  Exchange* first_ = nullptr;
  Exchange* last_ = nullptr;
  size_t size_ = 0;
};

/// What left by one socket and is under way; sockets derive from it.
struct SentList : List<&Exchange::sent> {
  uint32_t serial = 0;  // unlike that of any other socket of its link
};

/// A chained hash index through one of Exchange's links; grows, never shrinks.
template <Exchange* Exchange::* next, uint64_t Exchange::* hash>
class Index {
 public:
  void insert(Exchange& exchange) {
    if (size_ == buckets_.size()) grow();
    Exchange*& bucket = buckets_[(exchange.*hash) & (buckets_.size() - 1)];
    exchange.*next = bucket;
    bucket = &exchange;
    ++size_;
  }
  void remove(Exchange& exchange) {
    Exchange** at = &buckets_[(exchange.*hash) & (buckets_.size() - 1)];
    while (*at != &exchange) at = &((*at)->*next);
    *at = exchange.*next;
    exchange.*next = nullptr;
    --size_;
  }
  template <class Wanted>
  Exchange* find(uint64_t key, Wanted wanted) const {
    if (buckets_.empty()) return nullptr;
    for (Exchange* each = buckets_[key & (buckets_.size() - 1)]; each; each = each->*next) {
      if (each->*hash == key && wanted(*each)) return each;
    }
    return nullptr;
  }

 private:
  void grow() {
    std::vector<Exchange*> old(buckets_.empty() ? 64 : buckets_.size() * 2, nullptr);
    old.swap(buckets_);
    size_ = 0;
    for (Exchange* each : old) {
      while (each) {
        Exchange* rest = each->*next;
        insert(*each);
        each = rest;
      }
    }
  }
  std::vector<Exchange*> buckets_;
  size_t size_ = 0;
};

/// Owned and used by one worker (or by the thread that probes).
class InFlight {
 public:
  InFlight() = default;
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  ~InFlight();

  /// The exchange that asks the same octets (but for the id) by the same protocol and can still be joined.
  Exchange* same(const Waiter& waiter) const;
  void join(Exchange& exchange, Waiter& waiter);
  /// A new exchange for `waiter`, in no list but the one by question.
  Exchange& open(Waiter& waiter);
  /// Puts it on `socket`, with an unpredictable id that no other there has, and writes that into the packet.
  void assign(Exchange& exchange, SentList& socket);
  /// Takes back socket and id.
  void unassign(Exchange& exchange);
  Exchange* find(uint32_t owner, uint16_t id) const;
  /// Starts its time, which is the same for all: `due()` stays in order.
  void start(Exchange& exchange, SteadyTime deadline);
  List<&Exchange::due>& due() { return due_; }
  /// Out of every list; the waiters are the caller's from now on, each with the id that left. The first is returned.
  Waiter* close(Exchange& exchange);
  size_t size() const { return size_; }
  uint32_t next_serial() { return ++last_serial_; }

 private:
  Index<&Exchange::next_by_question, &Exchange::question_hash> by_question_;
  Index<&Exchange::next_by_id, &Exchange::id_hash> by_id_;
  List<&Exchange::due> due_;
  std::vector<std::unique_ptr<Exchange>> free_;
  size_t size_ = 0;
  uint32_t last_serial_ = 0;
};

}  // namespace portolan::forward
