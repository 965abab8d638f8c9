// Packing replies into entries and back. A packed record is: length of the owner name (0: the same octets as the record
// before, the first one's being the question's), the name, type, class, length of the rdata, the rdata.
#include "plugins/cache/entry.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace portolan::cache {
namespace {

constexpr size_t kFixed = 6;  // type, class, rdata length

int64_t nanoseconds_of(SteadyTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

uint64_t mixed(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
  return hash ^ (hash >> 29);
}

// Threads take them by the block, so that they do not write to one line with every entry.
uint64_t fresh_id() {
  constexpr uint64_t kBlock = 1024;
  static std::atomic<uint64_t> blocks{0};
  thread_local uint64_t next = 0;
  if (next % kBlock == 0) next = blocks.fetch_add(kBlock, std::memory_order_relaxed);
  return next++;
}

// Measures, and then writes, what a reply packs to. The two passes share the rule for owner names.
class Packer {
 public:
  Packer(dns::NameView name, uint8_t* out) : out_(out), size_(name.size()), owner_(name) {
    if (out_) std::memcpy(out_, name.data(), name.size());
  }
  void section(std::span<const dns::Record> records) {
    for (const dns::Record& record : records) add(record);
  }
  size_t size() const { return size_; }

 private:
  void add(const dns::Record& record) {
    const bool same = record.owner.identical(owner_);
    const uint8_t owner_size = same ? 0 : static_cast<uint8_t>(record.owner.size());
    put(&owner_size, 1);
    put(record.owner.data(), owner_size);
    const uint16_t fixed[] = {static_cast<uint16_t>(record.type), static_cast<uint16_t>(record.cls),
                              static_cast<uint16_t>(record.rdata.size())};
    put(fixed, kFixed);
    put(record.rdata.data(), record.rdata.size());
    owner_ = record.owner;
  }
  void put(const void* from, size_t size) {
    if (out_ && size) std::memcpy(out_ + size_, from, size);
    size_ += size;
  }

  uint8_t* out_;  // null: measures only
  size_t size_;
  dns::NameView owner_;
};

size_t pack(dns::NameView name, const server::Reply& reply, uint8_t* out) {
  Packer packer(name, out);
  packer.section(reply.answer);
  packer.section(reply.authority);
  packer.section(reply.additional);
  return packer.size();
}

// Takes records off a payload that make_entry wrote; they point into it.
class Unpacker {
 public:
  Unpacker(const Hit& hit, uint32_t ttl)
      : at_(hit.payload.data() + hit.name_size), owner_(hit.payload.data(), hit.name_size), ttl_(ttl) {}
  void section(size_t count, ArenaVector<dns::Record>& out) {
    for (; count > 0; --count) out.push_back(next());
  }

 private:
  dns::Record next() {
    if (const uint8_t owner_size = *at_++) {
      owner_ = dns::NameView(at_, owner_size);
      at_ += owner_size;
    }
    uint16_t fixed[3];
    std::memcpy(fixed, at_, kFixed);
    const uint8_t* rdata = at_ + kFixed;
    at_ = rdata + fixed[2];
    return {owner_, static_cast<dns::RRType>(fixed[0]), static_cast<dns::RRClass>(fixed[1]), ttl_, {rdata, fixed[2]}};
  }

  const uint8_t* at_;
  dns::NameView owner_;
  uint32_t ttl_;
};

}  // namespace

Key Key::of(const dns::Question& question, bool dnssec_ok, bool checking_disabled) {
  const uint64_t rest = uint64_t{static_cast<uint16_t>(question.type)} |
                        uint64_t{static_cast<uint16_t>(question.cls)} << 16 | uint64_t{dnssec_ok} << 32 |
                        uint64_t{checking_disabled} << 33;
  return {.hash = mixed(question.lower.hash(), rest),
          .lower = question.lower,
          .type = question.type,
          .cls = question.cls,
          .dnssec_ok = dnssec_ok,
          .checking_disabled = checking_disabled};
}

uint32_t Entry::count_hit(SteadyTime now, std::chrono::nanoseconds window, uint32_t enough) const {
  const int64_t at = nanoseconds_of(now);
  const int64_t before = seen.load(std::memory_order_relaxed);
  const bool gap = before == INT64_MIN || at - before > window.count();
  uint32_t count = hits.load(std::memory_order_relaxed);
  // Popular entries are hit by all workers at once: they are written to at most once a second and only until they are
  // popular enough. Plain stores: a count lost between two workers does no harm.
  if (gap || count < enough) hits.store(count = gap ? 1 : count + 1, std::memory_order_relaxed);
  if (gap || at - before >= std::min<int64_t>(window.count() / 16, 1'000'000'000)) {
    seen.store(at, std::memory_order_relaxed);
  }
  return count;
}

bool Entry::begin_refresh(SteadyTime now, std::chrono::nanoseconds failure_recheck) const {
  if (failure_recheck.count() > 0 && nanoseconds_of(now) < retry_after.load(std::memory_order_acquire)) return false;
  return !refreshing.load(std::memory_order_relaxed) && !refreshing.exchange(true, std::memory_order_acq_rel);
}

void Entry::end_refresh(SteadyTime now, std::chrono::nanoseconds failure_recheck, bool refreshed) const {
  const bool wait = failure_recheck.count() > 0 && !refreshed;
  retry_after.store(wait ? nanoseconds_of(now + failure_recheck) : INT64_MIN, std::memory_order_release);
  refreshing.store(false, std::memory_order_release);
}

void FreeEntry::operator()(Entry* entry) const {
  if (entry->owns_last_good) (*this)(entry->last_good);
  entry->~Entry();
  ::operator delete(entry);
}

EntryPtr make_entry(const Key& key, const server::Reply& reply, SteadyTime now, uint32_t ttl, bool answering) {
  const size_t size = pack(key.lower, reply, nullptr);
  EntryPtr entry(new (::operator new(sizeof(Entry) + size)) Entry);
  pack(key.lower, reply, reinterpret_cast<uint8_t*>(entry.get() + 1));
  entry->hash = key.hash;
  entry->id = fresh_id();
  entry->stored = now;
  entry->dnssec_ok = key.dnssec_ok;
  entry->checking_disabled = key.checking_disabled;
  entry->authenticated = reply.header.ad;
  entry->recursion_available = reply.header.ra;
  entry->part_will_do = reply.part_will_do;
  entry->answering = answering;
  entry->name_size = static_cast<uint8_t>(key.lower.size());
  entry->rcode = static_cast<uint16_t>(reply.rcode);
  entry->type = key.type;
  entry->cls = key.cls;
  entry->answers = static_cast<uint16_t>(reply.answer.size());
  entry->authorities = static_cast<uint16_t>(reply.authority.size());
  entry->additionals = static_cast<uint16_t>(reply.additional.size());
  entry->ttl = ttl;
  entry->payload_size = static_cast<uint32_t>(size);
  return entry;
}

Hit copy_entry(const Entry& entry, SteadyTime now, Arena& arena) {
  Hit hit;
  hit.id = entry.id;
  hit.hits = entry.hits.load(std::memory_order_relaxed);
  hit.ttl = entry.ttl_at(now);
  hit.stored_ttl = entry.ttl;
  hit.rcode = entry.rcode;
  hit.authenticated = entry.authenticated;
  hit.recursion_available = entry.recursion_available;
  hit.part_will_do = entry.part_will_do;
  hit.name_size = entry.name_size;
  hit.answers = entry.answers;
  hit.authorities = entry.authorities;
  hit.additionals = entry.additionals;
  hit.payload = arena.copy(entry.payload());
  return hit;
}

void append_records(const Hit& hit, uint32_t ttl, server::Reply& reply) {
  Unpacker records(hit, ttl);
  records.section(hit.answers, reply.answer);
  records.section(hit.authorities, reply.authority);
  records.section(hit.additionals, reply.additional);
}

}  // namespace portolan::cache
