// The three kinds of values.
#include "plugins/rewrite/edns_value.h"

#include <algorithm>
#include <utility>

#include "plugins/common/text_buffer.h"
#include "server/configuration.h"
#include "server/metadata.h"

namespace portolan::rewrite {

using server::Query;
using Octets = std::optional<std::span<const uint8_t>>;

namespace {

std::span<const uint8_t> octets_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::span<const uint8_t> number16(uint16_t number, Arena& arena) {
  const auto octets = arena.bytes(2);
  octets[0] = static_cast<uint8_t>(number >> 8);
  octets[1] = static_cast<uint8_t>(number);
  return octets;
}

Octets address_asked(Query& query) {
  // CoreDNS has what the socket is bound to: over UDP on every address that is "::", in the length of the client's
  // family, and so nothing for IPv4.
  if (query.transport == server::Transport::udp && query.listener().host.empty()) {
    if (query.family() == 1) return std::nullopt;
    const auto zeros = query.arena().bytes(16);
    std::fill(zeros.begin(), zeros.end(), uint8_t{0});
    return zeros;
  }
  return query.arena().copy(query.local.ip.unmapped().octets());
}

class Fixed final : public EdnsValue {
 public:
  explicit Fixed(std::string octets) : octets_(std::move(octets)) {}
  Octets of(Query& query) const override { return query.arena().copy(octets_of(octets_)); }

 private:
  std::string octets_;
};

class Subnet final : public EdnsValue {
 public:
  Subnet(uint8_t v4_bits, uint8_t v6_bits) : v4_bits_(v4_bits), v6_bits_(v6_bits) {}

  // RFC 7871 section 6: family, source and scope prefix length, the address as far as it counts.
  Octets of(Query& query) const override {
    const IpAddress client = query.client.ip.unmapped();
    const uint8_t bits = client.is_v4() ? v4_bits_ : v6_bits_;
    const size_t size = (bits + 7u) / 8;
    const auto data = query.arena().bytes(4 + size);
    data[0] = 0;
    data[1] = client.is_v4() ? 1 : 2;
    data[2] = bits;
    data[3] = 0;
    std::copy_n(client.octets().begin(), size, data.begin() + 4);
    if (bits % 8 != 0) data[3 + size] &= static_cast<uint8_t>(0xff << (8 - bits % 8));
    return data;
  }

 private:
  uint8_t v4_bits_, v6_bits_;
};

class Variable final : public EdnsValue {
 public:
  using Read = Octets (*)(Query&);
  explicit Variable(Read read) : read_(read) {}
  Octets of(Query& query) const override { return read_(query); }

 private:
  Read read_;
};

constexpr std::pair<std::string_view, Variable::Read> kVariables[] = {
    {"qname", [](Query& query) -> Octets { return octets_of(name_text(query.question.name, query.arena())); }},
    {"qtype",
     [](Query& query) -> Octets { return number16(static_cast<uint16_t>(query.question.type), query.arena()); }},
    {"client_ip", [](Query& query) -> Octets { return query.arena().copy(query.client.ip.unmapped().octets()); }},
    {"client_port", [](Query& query) -> Octets { return number16(query.client.port, query.arena()); }},
    {"protocol", [](Query& query) -> Octets { return octets_of(server::text(query.transport)); }},
    {"server_ip", address_asked},
    {"server_port", [](Query& query) -> Octets { return number16(query.local.port, query.arena()); }},
};

class Label final : public EdnsValue {
 public:
  explicit Label(std::string_view label) : label_(label) {}
  Octets of(Query& query) const override {
    if (!query.metadata) return std::nullopt;
    const auto value = query.metadata->value(label_);
    if (!value || value->empty()) return std::nullopt;
    return octets_of(query.arena().copy(*value));
  }

 private:
  std::string label_;
};

}  // namespace

std::unique_ptr<EdnsValue> fixed_value(std::string octets) { return std::make_unique<Fixed>(std::move(octets)); }

std::unique_ptr<EdnsValue> subnet_value(uint8_t v4_bits, uint8_t v6_bits) {
  return std::make_unique<Subnet>(v4_bits, v6_bits);
}

std::unique_ptr<EdnsValue> variable_value(std::string_view name) {
  for (const auto& [known, read] : kVariables) {
    if (known == name) return std::make_unique<Variable>(read);
  }
  const size_t slash = name.find('/');
  if (slash == name.npos || slash == 0 || slash + 1 == name.size()) return nullptr;
  return std::make_unique<Label>(name);
}

}  // namespace portolan::rewrite
