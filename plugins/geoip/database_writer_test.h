// Writes small MaxMind databases for the tests (format version 2.0): a search tree of 32-bit records, the data that its
// leaves point to, and the metadata.
#pragma once

#include <unistd.h>

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"

namespace portolan::geoip {

/// A value of the data section, encoded.
using Encoded = std::string;

inline std::string big_endian(uint64_t value, int octets) {
  std::string out;
  while (octets-- > 0) out += static_cast<char>(value >> (octets * 8));
  return out;
}

/// The control octets of a type and a size; sizes from 29 to 284 take one more, types from 8 on as well.
inline Encoded control(unsigned type, size_t size) {
  Encoded out(1, static_cast<char>((type < 8 ? type << 5 : 0) | (size < 29 ? size : 29)));
  if (type >= 8) out += static_cast<char>(type - 7);
  if (size >= 29) out += static_cast<char>(size - 29);
  return out;
}

inline Encoded text(const std::string& value) { return control(2, value.size()) + value; }
inline Encoded decimal(double value) { return control(3, 8) + big_endian(std::bit_cast<uint64_t>(value), 8); }
inline Encoded single(float value) { return control(15, 4) + big_endian(std::bit_cast<uint32_t>(value), 4); }
inline Encoded number16(uint16_t value) { return control(5, 2) + big_endian(value, 2); }
inline Encoded number32(uint32_t value) { return control(6, 4) + big_endian(value, 4); }
inline Encoded number64(uint64_t value) { return control(9, 8) + big_endian(value, 8); }
inline Encoded flag(bool value) { return control(14, value ? 1 : 0); }
inline Encoded list(const std::vector<Encoded>& values) {
  Encoded out = control(11, values.size());
  for (const Encoded& value : values) out += value;
  return out;
}
inline Encoded map(const std::vector<std::pair<std::string, Encoded>>& values) {
  Encoded out = control(7, values.size());
  for (const auto& [key, value] : values) out += text(key) + value;
  return out;
}
inline Encoded names(const std::string& english) { return map({{"de", text("anders")}, {"en", text(english)}}); }

/// A database in a temporary folder. `version` is 6 for addresses of both families, 4 for IPv4 alone.
class DatabaseFile {
 public:
  DatabaseFile(const std::string& type, const std::vector<std::pair<std::string, Encoded>>& prefixes, int version = 6)
      : version_(version) {
    nodes_.emplace_back();
    std::string data;
    for (const auto& [prefix, value] : prefixes) {
      insert(*IpPrefix::parse(prefix), static_cast<uint32_t>(data.size()));
      data += value;
    }
    std::string file;
    for (const Node& node : nodes_) file += record(node.zero) + record(node.one);
    file += std::string(16, '\0') + data + "\xab\xcd\xefMaxMind.com" +
            map({{"binary_format_major_version", number16(2)},
                 {"binary_format_minor_version", number16(0)},
                 {"build_epoch", number64(1700000000)},
                 {"database_type", text(type)},
                 {"description", map({{"en", text("made by a test")}})},
                 {"ip_version", number16(static_cast<uint16_t>(version))},
                 {"languages", list({text("en")})},
                 {"node_count", number32(static_cast<uint32_t>(nodes_.size()))},
                 {"record_size", number16(32)}});
    write(file);
  }
  /// A file with these octets, whatever they are.
  explicit DatabaseFile(const std::string& octets) { write(octets); }
  ~DatabaseFile() { std::filesystem::remove_all(folder_); }
  DatabaseFile(const DatabaseFile&) = delete;
  DatabaseFile& operator=(const DatabaseFile&) = delete;
  std::string path() const { return (folder_ / "test.mmdb").string(); }

 private:
  // Where a bit leads: 0 nowhere, n > 0 to node n, n < 0 to the data at -n - 1.
  struct Node {
    int64_t zero = 0, one = 0;
  };

  void insert(const IpPrefix& prefix, uint32_t offset) {
    // IPv4 addresses lie below ::/96 in a tree of both families.
    const unsigned zeros = version_ == 6 && prefix.address.is_v4() ? 96 : 0;
    const auto octets = prefix.address.octets();
    size_t at = 0;
    for (unsigned bit = 0; bit < zeros + prefix.length; ++bit) {
      const unsigned in_address = bit - zeros;
      const bool one = bit >= zeros && (octets[in_address / 8] >> (7 - in_address % 8) & 1);
      int64_t* next = one ? &nodes_[at].one : &nodes_[at].zero;
      if (bit + 1 == zeros + prefix.length) {
        *next = -int64_t{offset} - 1;
        return;
      }
      if (*next == 0) {
        *next = static_cast<int64_t>(nodes_.size());
        nodes_.emplace_back();
        next = one ? &nodes_[at].one : &nodes_[at].zero;
      }
      at = static_cast<size_t>(*next);
    }
  }
  std::string record(int64_t where) const {
    if (where > 0) return big_endian(static_cast<uint64_t>(where), 4);
    return big_endian(nodes_.size() + (where == 0 ? 0 : static_cast<uint64_t>(-where - 1) + 16), 4);
  }
  void write(const std::string& octets) {
    char name[] = "/tmp/portolan-test-XXXXXX";
    folder_ = mkdtemp(name);
    std::ofstream(path(), std::ios::binary) << octets;
  }

  int version_ = 6;
  std::vector<Node> nodes_;
  std::filesystem::path folder_;
};

}  // namespace portolan::geoip
