// Interfaces through getifaddrs(3).
#include "plugins/bind/addresses.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/address.h"
#include "base/error_text.h"

namespace portolan::bind {
namespace {

Interface& named(std::vector<Interface>& all, const char* name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Interface& one) { return one.name == name; });
  if (found != all.end()) return *found;
  all.push_back({name, {}});
  return all.back();
}

// A link-local address means something only together with its interface (RFC 4007 section 11).
bool is_link_local(const IpAddress& ip) {
  return ip.is_v6() && ip.octets()[0] == 0xfe && (ip.octets()[1] & 0xc0) == 0x80;
}

bool same(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const auto left = IpAddress::parse(a), right = IpAddress::parse(b);
  return left && right && *left == *right;
}

}  // namespace

Result<std::vector<Interface>> interfaces() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) {
    return fail("the network interfaces of this machine are not known, so none can be bound by name: " +
                error_text(errno));
  }
  std::vector<Interface> all;
  for (const ifaddrs* entry = list; entry; entry = entry->ifa_next) {
    Interface& one = named(all, entry->ifa_name);  // also those without an address
    if (!entry->ifa_addr) continue;
    const int family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    const IpAddress ip = SocketAddress::from(entry->ifa_addr).ip;
    one.addresses.push_back(is_link_local(ip) ? ip.text() + "%" + one.name : ip.text());
  }
  freeifaddrs(list);
  return all;
}

Result<std::vector<std::string>> addresses_of(std::span<const std::string> words, std::span<const Interface> machine) {
  std::vector<std::string> addresses;
  for (const std::string& word : words) {
    const auto found =
        std::find_if(machine.begin(), machine.end(), [&](const Interface& one) { return one.name == word; });
    if (found != machine.end()) {
      addresses.insert(addresses.end(), found->addresses.begin(), found->addresses.end());
    } else if (IpAddress::parse(word)) {
      addresses.push_back(word);
    } else {
      return fail("not a valid IP address or interface name: \"" + word + "\"");
    }
  }
  return addresses;
}

std::vector<std::string> without(std::span<const std::string> addresses, std::span<const std::string> except) {
  std::vector<std::string> left;
  for (const std::string& address : addresses) {
    const bool excepted =
        std::any_of(except.begin(), except.end(), [&](const auto& other) { return same(address, other); });
    if (!excepted) left.push_back(address);
  }
  return left;
}

}  // namespace portolan::bind
