// Grouping and shuffling of light records; the scratch space is the query's arena.
#include "plugins/loadbalance/order.h"

#include <algorithm>
#include <array>

#include "base/random.h"
#include "dns/rdata.h"

namespace portolan::loadbalance {
namespace {

using dns::Record;
using dns::RRType;

enum class Group : uint8_t { cname, address, mx, rest };

Group group_of(const Record& record) {
  switch (record.type) {
    case RRType::cname:
      return Group::cname;
    case RRType::a:
    case RRType::aaaa:
      return Group::address;
    case RRType::mx:
      return Group::mx;
    default:
      return Group::rest;
  }
}

bool all_addresses(std::span<const Record> records) {
  return std::all_of(records.begin(), records.end(), [](const Record& r) { return group_of(r) == Group::address; });
}

// Brings the groups into `order`, each as it was within itself, and returns the group's records by its number.
std::array<std::span<Record>, 4> regroup(ArenaVector<Record>& records, const std::array<Group, 4>& order,
                                         Arena& arena) {
  const std::span<Record> sorted = arena.array<Record>(records.size());
  std::array<std::span<Record>, 4> groups;
  size_t filled = 0;
  for (const Group group : order) {
    const size_t begin = filled;
    for (const Record& record : records) {
      if (group_of(record) == group) sorted[filled++] = record;
    }
    groups[static_cast<size_t>(group)] = {records.begin() + begin, filled - begin};
  }
  std::copy(sorted.begin(), sorted.end(), records.begin());
  return groups;
}

// Fisher and Yates.
void shuffle_span(std::span<Record> records) {
  for (size_t left = records.size(); left > 1; --left) {
    std::swap(records[left - 1], records[fast_random_below(static_cast<uint32_t>(left))]);
  }
}

constexpr std::array<Group, 4> kUsual = {Group::cname, Group::rest, Group::address, Group::mx};
constexpr std::array<Group, 4> kPreferring = {Group::cname, Group::address, Group::mx, Group::rest};

std::span<Record> addresses_of(const std::array<std::span<Record>, 4>& groups) {
  return groups[static_cast<size_t>(Group::address)];
}

}  // namespace

void shuffle(ArenaVector<Record>& records, Arena& arena) {
  if (records.size() <= 1) return;
  const std::span<Record> all(records.begin(), records.size());
  if (all_addresses(all)) return shuffle_span(all);
  const auto groups = regroup(records, kUsual, arena);
  shuffle_span(addresses_of(groups));
  shuffle_span(groups[static_cast<size_t>(Group::mx)]);
}

void put_weighted_first(ArenaVector<Record>& records, const Weights& weights, Arena& arena) {
  if (std::none_of(records.begin(), records.end(), [](const Record& r) { return group_of(r) == Group::address; })) {
    return;
  }
  const std::span<Record> addresses = addresses_of(regroup(records, kUsual, arena));
  const std::span<uint32_t> sums = arena.array<uint32_t>(addresses.size());
  uint32_t sum = 0;
  for (size_t i = 0; i < addresses.size(); ++i) {
    IpAddress ip;
    sums[i] = sum += dns::address_of(addresses[i], ip) ? weights.of(addresses[i].owner, ip) : 1;
  }
  const auto chosen = std::upper_bound(sums.begin(), sums.end(), fast_random_below(sum)) - sums.begin();
  std::swap(addresses[0], addresses[static_cast<size_t>(chosen)]);
}

void put_preferred_first(ArenaVector<Record>& records, std::span<const IpPrefix> subnets, Arena& arena) {
  if (records.size() <= 1) return;
  const std::span<Record> addresses = addresses_of(regroup(records, kPreferring, arena));
  const auto rank = [&](const Record& record) {
    IpAddress ip;
    if (!dns::address_of(record, ip)) return subnets.size();
    return static_cast<size_t>(
        std::find_if(subnets.begin(), subnets.end(), [&](const auto& net) { return net.contains(ip); }) -
        subnets.begin());
  };
  // Insertion: stable, without memory of its own, and answers are short.
  for (size_t i = 1; i < addresses.size(); ++i) {
    const Record record = addresses[i];
    const size_t own = rank(record);
    size_t at = i;
    for (; at > 0 && rank(addresses[at - 1]) > own; --at) addresses[at] = addresses[at - 1];
    addresses[at] = record;
  }
}

}  // namespace portolan::loadbalance
