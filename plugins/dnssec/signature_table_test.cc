// The table of signatures: finding, replacing, room; and the keys that rrsets are told apart by.
#include "plugins/dnssec/signature_table.h"

#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <thread>

#include "base/rcu.h"
#include "dns/testing.h"

namespace portolan::dnssec {
namespace {

std::unique_ptr<const Signatures> entry(uint64_t number, uint32_t expiration) {
  auto made = std::make_unique<Signatures>();
  made->key = hash_octets({reinterpret_cast<const uint8_t*>(&number), sizeof number});
  made->expiration = expiration;
  return made;
}

const Signatures* find(const SignatureTable& table, uint64_t number) { return table.find(entry(number, 0)->key); }

TEST_CASE("signature table: what was put in is found, and replaced by what has the same key") {
  SignatureTable table(10);
  const rcu::ReadGuard guard;
  CHECK(find(table, 1) == nullptr);
  table.put(entry(1, 100));
  table.put(entry(2, 200));
  REQUIRE(find(table, 1) != nullptr);
  CHECK(find(table, 1)->expiration == 100);
  table.put(entry(1, 300));
  CHECK(find(table, 1)->expiration == 300);
  CHECK(find(table, 2)->expiration == 200);
  CHECK(table.size() == 2);
}

TEST_CASE("signature table: it never holds more than it has room for, and what expires first goes first") {
  SignatureTable table(1024);
  for (uint32_t i = 0; i < 20000; ++i) table.put(entry(i, i));
  CHECK(table.size() == 1024);
  const rcu::ReadGuard guard;
  size_t recent = 0;
  for (uint32_t i = 19000; i < 20000; ++i) recent += find(table, i) != nullptr ? 1 : 0;
  CHECK(recent > 600);
  CHECK(find(table, 0) == nullptr);
}

TEST_CASE("signature table: readers find whole entries while writers put others in their place") {
  SignatureTable table(1024);
  constexpr uint32_t kKeys = 64, kRounds = 4000;
  std::atomic<bool> done{false};
  std::atomic<uint64_t> wrong{0}, found{0};
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&] {
      while (!done) {
        for (uint32_t i = 0; i < kKeys; ++i) {
          const rcu::ReadGuard guard;
          const Signatures* entry_found = find(table, i);
          if (!entry_found) continue;
          found.fetch_add(1);
          if (entry_found->expiration % kKeys != i || entry_found->rdata != std::vector<std::string>{"x"}) ++wrong;
        }
      }
    });
  }
  for (uint32_t i = 0; i < kRounds || found == 0; ++i) {
    auto made = std::make_unique<Signatures>(*entry(i % kKeys, i));
    made->rdata = {"x"};
    table.put(std::move(made));
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(wrong == 0);
  CHECK(table.size() == kKeys);
}

RRsetKey key_of(const std::vector<const char*>& lines, const char* signer = "alder.test.") {
  std::vector<dns::OwnedRecord> records;
  for (const char* line : lines) records.push_back(dns::record(line));
  RRsetHash hash(records.front().view(), hash_name(dns::name(signer)));
  for (const dns::OwnedRecord& record : records) hash.add(record.view());
  return hash.key();
}

TEST_CASE("rrset keys: order, TTL and the owner's case do not count, all else does") {
  const RRsetKey key = key_of({"a.alder.test. 60 IN A 192.0.2.1", "a.alder.test. 60 IN A 192.0.2.2"});
  CHECK(key_of({"A.Alder.test. 7 IN A 192.0.2.2", "a.alder.test. 7 IN A 192.0.2.1"}) == key);
  const RRsetKey others[] = {
      key_of({"a.alder.test. 60 IN A 192.0.2.1"}),
      key_of({"a.alder.test. 60 IN A 192.0.2.1", "a.alder.test. 60 IN A 192.0.2.3"}),
      key_of({"a.alder.test. 60 IN A 192.0.2.1", "a.alder.test. 60 IN A 192.0.2.2", "a.alder.test. 60 IN A 192.0.2.2"}),
      key_of({"b.alder.test. 60 IN A 192.0.2.1", "b.alder.test. 60 IN A 192.0.2.2"}),
      key_of({"a.alder.test. 60 CH A 192.0.2.1", "a.alder.test. 60 CH A 192.0.2.2"}),
      key_of({"a.alder.test. 60 IN TYPE65280 \\# 4 c0000201", "a.alder.test. 60 IN TYPE65280 \\# 4 c0000202"}),
      key_of({"a.alder.test. 60 IN A 192.0.2.1", "a.alder.test. 60 IN A 192.0.2.2"}, "test."),
  };
  std::set<uint64_t> first{key.first}, second{key.second};
  for (const RRsetKey& other : others) {
    CHECK(first.insert(other.first).second);
    CHECK(second.insert(other.second).second);
  }
}

TEST_CASE("rrset keys: octets of every length are told apart") {
  std::set<uint64_t> first, second;
  std::vector<uint8_t> octets(70, 0);
  for (size_t size = 0; size <= octets.size(); ++size) {
    const RRsetKey key = hash_octets(std::span(octets).first(size));
    CHECK(first.insert(key.first).second);
    CHECK(second.insert(key.second).second);
    for (size_t i = 0; i < size; ++i) {
      octets[i] = 1;
      const RRsetKey changed = hash_octets(std::span(octets).first(size));
      octets[i] = 0;
      CHECK(first.insert(changed.first).second);
      CHECK(second.insert(changed.second).second);
    }
  }
}

}  // namespace
}  // namespace portolan::dnssec
