// Blocking look-ups, by getaddrinfo or with a few UDP packets of our own.
#include "plugins/forward/resolve.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>

#include "base/arena.h"
#include "base/descriptor.h"
#include "base/error_text.h"
#include "base/random.h"
#include "dns/message.h"
#include "dns/rdata.h"

namespace portolan::forward {
namespace {

constexpr auto kPatience = std::chrono::seconds(2);

Result<std::vector<IpAddress>> system_lookup(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const int status = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (status == EAI_NONAME || status == EAI_NODATA) return fail("lookup " + host + ": no such host");
  if (status != 0) return fail("lookup " + host + ": " + gai_strerror(status));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  std::vector<IpAddress> addresses;
  for (const addrinfo* each = found; each; each = each->ai_next) {
    addresses.push_back(SocketAddress::from(each->ai_addr).ip);
  }
  return addresses;
}

size_t encode_question(dns::NameView name, dns::RRType type, uint16_t id, std::span<uint8_t> out) {
  dns::MessageParts parts;
  parts.header.id = id;
  parts.header.rd = true;
  const dns::Question question{name, name, type, dns::RRClass::in};
  parts.question = &question;
  return dns::encode(parts, out, out.size());
}

// Takes the addresses from an answer to our question; false when it is something else.
bool read_answer(std::span<const uint8_t> packet, uint16_t id, dns::NameView name, dns::RRType type,
                 std::vector<IpAddress>& addresses) {
  Arena arena;
  dns::ParsedMessage message;
  if (!dns::parse_message(packet, arena, message)) return false;
  if (!message.header.qr || message.header.id != id || message.questions.size() != 1) return false;
  if (message.questions[0].type != type || !message.questions[0].name.equals(name)) return false;
  for (const dns::Record& record : message.answer) {
    IpAddress address;
    if (record.type == type && dns::address_of(record, address)) addresses.push_back(address);
  }
  return true;
}

Error system_error(const SocketAddress& server) { return fail(server.text() + ": " + error_text(errno)); }

Result<void> ask(const SocketAddress& server, dns::NameView name, dns::RRType type, std::vector<IpAddress>& addresses) {
  sockaddr_storage raw;
  const socklen_t size = server.to(raw);
  const Descriptor fd(socket(raw.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd || connect(fd.get(), reinterpret_cast<sockaddr*>(&raw), size) != 0) return system_error(server);
  const uint16_t id = secure_random16();
  std::array<uint8_t, 512> question;
  const size_t length = encode_question(name, type, id, question);
  if (send(fd.get(), question.data(), length, 0) < 0) return system_error(server);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::array<uint8_t, 4096> packet;
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd wait{fd.get(), POLLIN, 0};
    if (left.count() <= 0 || poll(&wait, 1, static_cast<int>(left.count())) <= 0) {
      return fail(server.text() + ": i/o timeout");
    }
    const ssize_t got = recv(fd.get(), packet.data(), packet.size(), 0);
    if (got < 0) return system_error(server);
    if (read_answer(std::span(packet).first(static_cast<size_t>(got)), id, name, type, addresses)) return {};
  }
}

Result<std::vector<IpAddress>> own_lookup(const std::string& host, const std::vector<SocketAddress>& resolvers) {
  const auto name = dns::Name::parse(host);
  if (!name) return fail(name.error().message);
  std::string last;
  for (const SocketAddress& server : resolvers) {
    std::vector<IpAddress> addresses;
    for (const dns::RRType type : {dns::RRType::a, dns::RRType::aaaa}) {
      if (const auto asked = ask(server, name->view(), type, addresses); !asked) {
        last = ": " + asked.error().message;
        break;
      }
    }
    if (!addresses.empty()) return addresses;
  }
  return fail("no addresses found for \"" + host + "\"" + last);
}

}  // namespace

Result<std::vector<IpAddress>> resolve(const std::string& host, const std::vector<SocketAddress>& resolvers) {
  auto found = resolvers.empty() ? system_lookup(host) : own_lookup(host, resolvers);
  if (!found) return found;
  std::sort(found->begin(), found->end());
  found->erase(std::unique(found->begin(), found->end()), found->end());
  return found;
}

}  // namespace portolan::forward
