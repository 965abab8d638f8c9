// A node a pod: its namespace by reference, name and labels behind it. A label is two sizes of 16 bits, key and value.
#include "plugins/kubernetes/client_pods.h"

#include <cstring>
#include <new>

#include "plugins/kubernetes/key_hash.h"

namespace portolan::kubernetes {
namespace {

constexpr size_t kMaxText = UINT16_MAX;  // Kubernetes' own limits are far below

void append_size(std::string& out, size_t size) {
  const auto number = static_cast<uint16_t>(size);
  char octets[sizeof number];
  std::memcpy(octets, &number, sizeof number);
  out.append(octets, sizeof octets);
}

size_t take_size(std::string_view& from) {
  uint16_t number = 0;
  std::memcpy(&number, from.data(), sizeof number);
  from.remove_prefix(sizeof number);
  return number;
}

std::string pack(const cluster::Labels& labels) {
  std::string out;
  for (const auto& [key, value] : labels) {
    if (key.size() > kMaxText || value.size() > kMaxText) continue;
    append_size(out, key.size());
    append_size(out, value.size());
    out.append(key).append(value);
  }
  return out;
}

uint64_t hash_of(const IpAddress& address) { return key_hash(address.octets()); }

}  // namespace

bool are_packed_labels(std::string_view octets) {
  while (octets.size() >= 2 * sizeof(uint16_t)) {
    const size_t size = take_size(octets) + take_size(octets);
    if (size > octets.size()) return false;
    octets.remove_prefix(size);
  }
  return octets.empty();
}

bool Client::label(std::string_view key, std::string_view& value) const {
  for (std::string_view rest = labels; !rest.empty();) {
    const size_t key_size = take_size(rest), value_size = take_size(rest);
    if (rest.substr(0, key_size) == key) {
      value = rest.substr(key_size, value_size);
      return true;
    }
    rest.remove_prefix(key_size + value_size);
  }
  return false;
}

ClientPods::~ClientPods() {
  table_.each([](ClientPod* pod) { ::operator delete(pod); });
}

const ClientPod* ClientPods::find(const IpAddress& address) const {
  if (kept_ == ClientData::none) return nullptr;
  return table_.find(hash_of(address), [&](const ClientPod& pod) { return pod.address == address; });
}

const ClientPod* ClientPods::find(const IpAddress& address, uint64_t id) const {
  return table_.find(hash_of(address), [&](const ClientPod& pod) { return pod.id == id && pod.address == address; });
}

bool ClientPods::put(const IpAddress& address, uint64_t id, const NamespaceNode& space, const cluster::Metadata& pod,
                     Retired& retired) {
  return put(address, id, space, pod.name, kept_ == ClientData::all ? pack(pod.labels) : std::string(), retired);
}

bool ClientPods::put(const IpAddress& address, uint64_t id, const NamespaceNode& space, std::string_view name,
                     std::string_view labels, Retired& retired) {
  if (kept_ == ClientData::none) return false;
  if (kept_ != ClientData::all) name = labels = {};
  const uint64_t hash = hash_of(address);
  const auto same = [&](const ClientPod& each) { return each.id == id && each.address == address; };
  if (const ClientPod* known = table_.find(hash, same)) {
    const Client before = known->client();
    if (before.name == name && before.labels == labels) return false;
  }
  auto* made = new (::operator new(sizeof(ClientPod) + name.size() + labels.size())) ClientPod{};
  made->hash = hash;
  made->id = id;
  made->address = address;
  made->space_ = &space;
  made->name_size_ = static_cast<uint32_t>(name.size());
  made->labels_size_ = static_cast<uint32_t>(labels.size());
  auto* text = reinterpret_cast<char*>(made + 1);
  if (!name.empty()) std::memcpy(text, name.data(), name.size());
  if (!labels.empty()) std::memcpy(text + name.size(), labels.data(), labels.size());
  table_.put(made, same, retired);
  return true;
}

void ClientPods::erase(const IpAddress& address, uint64_t id, Retired& retired) {
  if (kept_ == ClientData::none) return;
  table_.erase(hash_of(address), [&](const ClientPod& pod) { return pod.id == id && pod.address == address; }, retired);
}

}  // namespace portolan::kubernetes
