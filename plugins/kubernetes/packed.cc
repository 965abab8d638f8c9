// The packed form: offset of the addresses (4 octets), form, external name, ports, addresses, and behind them the
// external addresses if there are any. Strings carry their length in one octet, lists in four.
#include "plugins/kubernetes/packed.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "dns/name.h"

namespace portolan::kubernetes {
namespace {

char lower(char c) { return static_cast<char>(dns::kLower[static_cast<uint8_t>(c)]); }

void put_number(std::string& out, uint32_t number) {
  char octets[4];
  std::memcpy(octets, &number, 4);
  out.append(octets, 4);
}

void put_text(std::string& out, std::string_view text) {
  text = text.substr(0, 255);
  out.push_back(static_cast<char>(text.size()));
  out.append(text);
}

void put_lower(std::string& out, std::string_view text) {
  text = text.substr(0, 255);
  out.push_back(static_cast<char>(text.size()));
  for (const char c : text) out.push_back(lower(c));
}

void put_ports(std::string& out, const std::vector<cluster::Port>& ports) {
  if (ports.empty()) {  // answers addresses, and no SRV
    put_number(out, 1);
    put_number(out, static_cast<uint32_t>(-1));
    put_text(out, {});
    put_text(out, {});
    return;
  }
  put_number(out, static_cast<uint32_t>(ports.size()));
  for (const cluster::Port& port : ports) {
    put_number(out, port.number ? uint32_t{*port.number} : static_cast<uint32_t>(-1));
    put_lower(out, port.name);
    put_lower(out, port.protocol);
  }
}

// One address; a text that is neither an address nor a name is left out.
bool put_address(std::string& out, std::string_view text) {
  IpAddress address;
  if (parse_address(text, address)) {
    const auto octets = address.octets();
    out.push_back(static_cast<char>(address.is_v4() ? AddressKind::v4 : AddressKind::v6));
    out.push_back(is_canonical(text, address) ? 1 : 0);
    put_text(out, {reinterpret_cast<const char*>(octets.data()), octets.size()});
    return true;
  }
  const auto name = text.empty() ? Result<dns::Name>(fail("")) : dns::Name::parse(text);
  if (!name) return false;
  const auto wire = name->view().wire();
  out.push_back(static_cast<char>(AddressKind::name));
  out.push_back(0);
  put_text(out, {reinterpret_cast<const char*>(wire.data()), wire.size()});
  return true;
}

// Addresses of a service, which have no names of their own.
void put_addresses(std::string& out, const std::vector<std::string>& texts) {
  const size_t count_at = out.size();
  uint32_t count = 0;
  put_number(out, 0);
  for (const std::string& text : texts) {
    if (!put_address(out, text)) continue;
    out.push_back(1);
    put_text(out, {});  // host
    put_text(out, {});  // zone
    ++count;
  }
  std::memcpy(out.data() + count_at, &count, 4);
}

// The name of an endpoint below its service: its host name, its pod's, or its address with dashes.
std::string host_text(const cluster::Endpoint& endpoint, std::string_view address, bool pod_names) {
  if (!endpoint.hostname.empty()) return endpoint.hostname;
  if (pod_names && !endpoint.target_pod.empty() && endpoint.target_pod.size() < 64) return endpoint.target_pod;
  std::string text(address);
  if (text.find('.') != text.npos) {
    std::replace(text.begin(), text.end(), '.', '-');
    return text;
  }
  if (text.find(':') == text.npos) return {};
  std::replace(text.begin(), text.end(), ':', '-');
  if (text.ends_with('-')) text.push_back('0');
  return text;
}

// Dots separate labels, as in the target of a record. False, and no labels, when the text is no name.
bool put_labels(std::string& out, std::string_view text) {
  const auto name = text.empty() ? Result<dns::Name>(fail("")) : dns::Name::parse(text);
  if (!name || name->view().is_root()) {
    put_text(out, {});
    return false;
  }
  const auto wire = name->view().wire();
  put_lower(out, {reinterpret_cast<const char*>(wire.data()), wire.size() - 1});
  return true;
}

void put_host(std::string& out, std::string text, std::string_view cluster) {
  if (!text.empty() && !cluster.empty()) text.append(".").append(cluster);
  const size_t named_at = out.size();
  out.push_back(0);
  out[named_at] = put_labels(out, text) ? 1 : 0;
}

void set_addresses_at(std::string& out) {
  const auto at = static_cast<uint32_t>(out.size());
  std::memcpy(out.data(), &at, 4);
}

class Cursor {
 public:
  explicit Cursor(std::string_view packed) : left_(packed) {}
  bool at_end() const { return left_.empty(); }
  uint8_t octet() {
    const auto value = static_cast<uint8_t>(left_.front());
    left_.remove_prefix(1);
    return value;
  }
  uint32_t number() {
    uint32_t value;
    std::memcpy(&value, left_.data(), 4);
    left_.remove_prefix(4);
    return value;
  }
  std::string_view text() {
    const size_t size = octet();
    const auto value = left_.substr(0, size);
    left_.remove_prefix(size);
    return value;
  }

 private:
  std::string_view left_;
};

std::vector<PackedAddress> read_addresses(Cursor& cursor) {
  std::vector<PackedAddress> addresses(cursor.number());
  for (PackedAddress& address : addresses) {
    address.kind = static_cast<AddressKind>(cursor.octet());
    address.canonical = cursor.octet() != 0;
    address.octets = cursor.text();
    address.named = cursor.octet() != 0;
    address.host = cursor.text();
    address.zone = cursor.text();
  }
  return addresses;
}

}  // namespace

std::string pack(const cluster::Service& service) {
  std::string out(4, '\0');
  const bool headless = !service.cluster_ips.empty() && service.cluster_ips.front() == "None";
  const bool external = service.type == "ExternalName";
  out.push_back(static_cast<char>(external ? Form::external_name : headless ? Form::headless : Form::cluster_ip));
  IpAddress literal;
  if (external && !service.external_name.empty() && !parse_address(service.external_name, literal)) {
    const auto name = dns::Name::parse(service.external_name);
    const auto wire = name ? name->view().wire() : std::span<const uint8_t>();
    put_text(out, {reinterpret_cast<const char*>(wire.data()), wire.size()});
  } else {
    put_text(out, {});
  }
  put_ports(out, service.ports);

  set_addresses_at(out);
  put_addresses(out, headless || external ? std::vector<std::string>() : service.cluster_ips);
  if (!service.external_ips.empty()) put_addresses(out, service.external_ips);
  out.shrink_to_fit();  // it is kept, as one of many
  return out;
}

std::string pack(const cluster::EndpointSlice& slice, const SliceNaming& naming) {
  std::string out(4, '\0');
  out.push_back(static_cast<char>(Form::headless));
  put_text(out, {});
  put_ports(out, slice.ports);

  set_addresses_at(out);
  const size_t count_at = out.size();
  uint32_t count = 0;
  put_number(out, 0);
  for (const cluster::Endpoint& endpoint : slice.endpoints) {
    if (!endpoint.ready) continue;
    for (const std::string& text : endpoint.addresses) {
      if (!put_address(out, text)) continue;
      put_host(out, host_text(endpoint, text, naming.pod_names), naming.cluster);
      put_labels(out, naming.zones ? endpoint.zone : std::string());
      ++count;
    }
  }
  std::memcpy(out.data() + count_at, &count, 4);
  out.shrink_to_fit();
  return out;
}

Unpacked unpack(std::string_view packed) {
  Unpacked result;
  Cursor cursor(packed);
  cursor.number();
  result.form = static_cast<Form>(cursor.octet());
  result.external = cursor.text();
  result.ports.resize(cursor.number());
  for (PackedPort& port : result.ports) {
    port.number = static_cast<int32_t>(cursor.number());
    port.name = cursor.text();
    port.protocol = cursor.text();
  }
  result.addresses = read_addresses(cursor);
  if (!cursor.at_end()) result.external_addresses = read_addresses(cursor);
  return result;
}

bool moves_serial(std::string_view before, std::string_view after) {
  const auto head = [](std::string_view packed) { return packed.substr(0, Cursor(packed).number()); };
  return head(before) != head(after);
}

bool moves_external_serial(std::string_view before, std::string_view after) {
  const Unpacked old = before.empty() ? Unpacked() : unpack(before);
  const Unpacked now = after.empty() ? Unpacked() : unpack(after);
  const auto same_address = [](const PackedAddress& a, const PackedAddress& b) {
    return a.kind == b.kind && a.octets == b.octets;
  };
  const auto &was = old.external_addresses, &is = now.external_addresses;
  if (!std::equal(was.begin(), was.end(), is.begin(), is.end(), same_address)) return true;
  const auto same_port = [](const PackedPort& a, const PackedPort& b) {
    return a.number == b.number && a.name == b.name && a.protocol == b.protocol;
  };
  const bool stays = !before.empty() && !after.empty();
  return stays && !std::equal(old.ports.begin(), old.ports.end(), now.ports.begin(), now.ports.end(), same_port);
}

bool parse_address(std::string_view text, IpAddress& address) {
  char copy[64];
  if (text.size() >= sizeof copy || text.find('\0') != text.npos) return false;
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  uint8_t octets[16];
  if (inet_pton(AF_INET, copy, octets) == 1) {
    address = IpAddress::v4(std::span<const uint8_t, 4>(octets, 4));
    return true;
  }
  if (inet_pton(AF_INET6, copy, octets) != 1) return false;
  address = IpAddress::v6(std::span<const uint8_t, 16>(octets, 16)).unmapped();
  return true;
}

bool is_canonical(std::string_view text, const IpAddress& address) {
  char copy[INET6_ADDRSTRLEN];
  if (!address.is_v4()) return inet_ntop(AF_INET6, address.octets().data(), copy, sizeof copy) && text == copy;
  char* end = copy;  // inet_ntop() goes through printf here, which showed in the time that 50,000 pods take
  for (const uint8_t octet : address.octets()) {
    if (end != copy) *end++ = '.';
    end = std::to_chars(end, copy + sizeof copy, octet).ptr;
  }
  return text == std::string_view(copy, static_cast<size_t>(end - copy));
}

}  // namespace portolan::kubernetes
