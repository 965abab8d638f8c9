// The table of entries: finding, replacing, evicting; and readers beside writers.
#include "plugins/cache/table.h"

#include <doctest/doctest.h>

#include <set>
#include <thread>
#include <vector>

#include "base/rcu.h"

namespace portolan::cache {
namespace {

// A question and a reply with one A record 192.0.2.`last`.
struct Sample {
  Arena arena;
  server::Reply reply{arena};
  dns::Question question;

  explicit Sample(const std::string& name, uint8_t last = 1) {
    question.name = question.lower = *dns::parse_name(name, arena);
    question.type = dns::RRType::a;
    reply.answer.push_back({question.name, dns::RRType::a, dns::RRClass::in, 60, rdata(last)});
  }
  std::span<const uint8_t> rdata(uint8_t last) {
    const uint8_t octets[] = {192, 0, 2, last};
    return arena.copy(std::span<const uint8_t>(octets));
  }
  Key key(bool dnssec_ok = false, bool checking_disabled = false) const {
    return Key::of(question, dnssec_ok, checking_disabled);
  }
  EntryPtr entry(bool answering = true) const { return make_entry(key(), reply, SteadyTime(), 60, answering); }
};

uint8_t last_octet(const Entry& entry) { return entry.payload().back(); }

std::string numbered(int i) { return "n" + std::to_string(i) + ".alder.test."; }

TEST_CASE("cache: an entry is found by name, type, class, DO and CD, whatever the case of the name was") {
  Table table(1024);
  const Sample sample("www.alder.test.");
  CHECK_FALSE(table.put(sample.entry()));
  rcu::ReadGuard guard;
  REQUIRE(table.find(sample.key()) != nullptr);
  CHECK(table.find(sample.key(true)) == nullptr);
  CHECK(table.find(sample.key(false, true)) == nullptr);
  CHECK(table.find(Sample("ww.alder.test.").key()) == nullptr);
  Sample other("www.alder.test.");
  other.question.type = dns::RRType::aaaa;
  CHECK(table.find(other.key()) == nullptr);
  other.question.type = dns::RRType::a;
  other.question.cls = dns::RRClass::ch;
  CHECK(table.find(other.key()) == nullptr);
}

TEST_CASE("cache: no two entries have one id, whatever the thread that made them") {
  const Sample sample("www.alder.test.");
  std::vector<uint64_t> ids[2];
  const auto make = [&](std::vector<uint64_t>& into) {
    for (int i = 0; i < 5000; ++i) into.push_back(sample.entry()->id);
  };
  std::thread other([&] { make(ids[0]); });
  make(ids[1]);
  other.join();
  std::set<uint64_t> all(ids[0].begin(), ids[0].end());
  all.insert(ids[1].begin(), ids[1].end());
  CHECK(all.size() == 10'000);
}

TEST_CASE("cache: records come out of an entry as they went in, with one TTL") {
  Sample sample("www.alder.test.");
  const dns::NameView other = *dns::parse_name("Other.Test.", sample.arena);
  sample.reply.answer.push_back(
      {other, dns::RRType::txt, dns::RRClass::in, 7,
       sample.arena.copy(std::span<const uint8_t>(reinterpret_cast<const uint8_t*>("\1x"), 2))});
  sample.reply.answer.push_back({other, dns::RRType::a, dns::RRClass::in, 7, sample.rdata(9)});
  sample.reply.additional.push_back({sample.question.name, dns::RRType::a, dns::RRClass::ch, 7, {}});
  const EntryPtr entry = sample.entry();
  Arena arena;
  server::Reply out(arena);
  append_records(copy_entry(*entry, SteadyTime(), arena), 42, out);
  REQUIRE(out.answer.size() == 3);
  REQUIRE(out.authority.empty());
  REQUIRE(out.additional.size() == 1);
  for (size_t i = 0; i < 3; ++i) {
    CHECK(out.answer[i].owner.identical(sample.reply.answer[i].owner));
    CHECK(out.answer[i].type == sample.reply.answer[i].type);
    CHECK(out.answer[i].ttl == 42);
    CHECK(std::equal(out.answer[i].rdata.begin(), out.answer[i].rdata.end(), sample.reply.answer[i].rdata.begin(),
                     sample.reply.answer[i].rdata.end()));
  }
  CHECK(out.additional[0].owner.identical(sample.question.name));
  CHECK(out.additional[0].cls == dns::RRClass::ch);
  CHECK(out.additional[0].rdata.empty());
}

TEST_CASE("cache: a newer entry takes the place of the one with its key") {
  Table table(1024);
  table.put(Sample("www.alder.test.", 1).entry());
  CHECK_FALSE(table.put(Sample("www.alder.test.", 2).entry()));
  CHECK(table.size() == 1);
  rcu::ReadGuard guard;
  CHECK(last_octet(*table.find(Sample("www.alder.test.").key())) == 2);
}

TEST_CASE("cache: erasing takes one entry out and nothing else") {
  Table table(1024);
  table.put(Sample("a.test.").entry());
  table.put(Sample("b.test.").entry());
  table.erase(Sample("a.test.").key());
  table.erase(Sample("never.test.").key());
  rcu::ReadGuard guard;
  CHECK(table.find(Sample("a.test.").key()) == nullptr);
  CHECK(table.find(Sample("b.test.").key()) != nullptr);
  CHECK(table.size() == 1);
}

TEST_CASE("cache: a full table evicts and never holds more than its capacity") {
  struct Case {
    int64_t capacity;
    size_t most;
  };
  for (const Case& c : {Case{0, 1024}, Case{-5, 1024}, Case{1024, 1024}, Case{2000, 1792}}) {
    CAPTURE(c.capacity);
    Table table(c.capacity);
    size_t evicted = 0;
    constexpr int kPut = 6000;
    for (int i = 0; i < kPut; ++i) evicted += table.put(Sample(numbered(i)).entry());
    CHECK(table.size() <= c.most);
    CHECK(table.size() > c.most * 9 / 10);
    CHECK(evicted + table.size() == kPut);
  }
}

TEST_CASE("cache: with prefer_positive the last answer stays behind replies that do not answer") {
  Table table(1024);
  const Key key = Sample("a.test.").key();
  table.put(Sample("a.test.", 1).entry(true), true);
  table.put(Sample("a.test.", 2).entry(false), true);
  table.put(Sample("a.test.", 3).entry(false), true);
  {
    rcu::ReadGuard guard;
    const Entry* entry = table.find(key);
    CHECK(last_octet(*entry) == 3);
    REQUIRE(entry->last_good != nullptr);
    CHECK(last_octet(*entry->last_good) == 1);
  }
  table.put(Sample("a.test.", 4).entry(true), true);
  rcu::ReadGuard guard;
  CHECK(table.find(key)->last_good == nullptr);
}

TEST_CASE("cache: one refresh at a time, and none for a while after a failure") {
  const EntryPtr entry = Sample("a.test.").entry();
  const SteadyTime start{std::chrono::hours(1)};
  const auto recheck = std::chrono::seconds(30);
  CHECK(entry->begin_refresh(start, recheck));
  CHECK_FALSE(entry->begin_refresh(start, recheck));
  entry->end_refresh(start, recheck, false);
  CHECK_FALSE(entry->begin_refresh(start + std::chrono::seconds(29), recheck));
  CHECK(entry->begin_refresh(start + std::chrono::seconds(30), recheck));
  entry->end_refresh(start, recheck, true);
  CHECK(entry->begin_refresh(start, recheck));
}

TEST_CASE("cache: hits count while they come without a gap") {
  const EntryPtr entry = Sample("a.test.").entry();
  SteadyTime now{std::chrono::hours(1)};
  const auto window = std::chrono::minutes(1);
  CHECK(entry->count_hit(now, window, 10) == 1);
  CHECK(entry->count_hit(now += std::chrono::seconds(59), window, 10) == 2);
  CHECK(entry->count_hit(now += std::chrono::seconds(59), window, 10) == 3);
  CHECK(entry->count_hit(now += std::chrono::seconds(61), window, 10) == 1);
}

TEST_CASE("cache: readers see whole entries while others insert, replace and evict") {
  Table table(1024);
  constexpr int kNames = 3000, kRounds = 4;
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> found{0}, wrong{0};
  std::vector<std::thread> threads;
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&] {
      std::vector<std::unique_ptr<Sample>> samples;
      for (int i = 0; i < kNames; ++i) samples.push_back(std::make_unique<Sample>(numbered(i)));
      while (!stop) {
        for (int i = 0; i < kNames; ++i) {
          Arena arena;
          Hit hit;
          {
            rcu::ReadGuard guard;
            const Entry* entry = table.find(samples[i]->key());
            if (!entry) continue;
            hit = copy_entry(*entry, SteadyTime(), arena);
          }
          server::Reply reply(arena);
          append_records(hit, 1, reply);
          ++found;
          // Every record of name i ends in the octet i.
          if (reply.answer.size() != 1 || reply.answer[0].rdata[3] != static_cast<uint8_t>(i)) ++wrong;
        }
      }
    });
  }
  for (int writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        for (int i = 0; i < kNames; ++i) {
          const Sample sample(numbered(i), static_cast<uint8_t>(i));
          table.put(sample.entry());
          if (i % 7 == 0) table.erase(sample.key());
        }
      }
    });
  }
  threads[2].join();
  threads[3].join();
  stop = true;
  threads[0].join();
  threads[1].join();
  CHECK(found > 0);
  CHECK(wrong == 0);
  CHECK(table.size() <= 1024);
}

}  // namespace
}  // namespace portolan::cache
