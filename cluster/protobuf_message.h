// For tests: protobuf written field by field, by the rules of its encoding and without the reader's library.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace portolan::cluster {

inline std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(0x80 | (value & 0x7f)));
  out.push_back(static_cast<char>(value));
  return out;
}
/// A field with a number (wire type 0).
inline std::string number(unsigned field, uint64_t value) { return varint(field << 3) + varint(value); }
/// A field with octets: a string, a message (wire type 2).
inline std::string bytes(unsigned field, std::string_view content) {
  return varint(field << 3 | 2) + varint(content.size()) + std::string(content);
}
/// An entry of a map<string, string>.
inline std::string entry(unsigned field, std::string_view key, std::string_view value) {
  return bytes(field, bytes(1, key) + bytes(2, value));
}

/// What stands alone: a whole reply, an object in an event. runtime.Unknown behind its four octets.
inline std::string standing(std::string_view kind, std::string_view object) {
  return std::string("k8s\0", 4) + bytes(1, bytes(1, "v1") + bytes(2, kind)) + bytes(2, object) + bytes(3, "") +
         bytes(4, "");
}
/// meta.v1.WatchEvent
inline std::string watch_event(std::string_view type, std::string_view standing_object) {
  return bytes(1, type) + bytes(2, bytes(1, standing_object));
}
/// An event as it stands in a stream.
inline std::string frame(std::string_view message) {
  std::string out;
  for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<char>(message.size() >> shift & 0xff));
  return out.append(message);
}
/// meta.v1.Status
inline std::string status(unsigned code, std::string_view reason, std::string_view message) {
  return bytes(1, "") + bytes(2, "Failure") + bytes(3, message) + bytes(4, reason) + number(6, code);
}
/// core.v1.Service with little in it.
inline std::string small_service(std::string_view name, int version, std::string_view ip) {
  return bytes(1, bytes(1, name) + bytes(3, "prod") + bytes(6, std::to_string(version))) + bytes(2, bytes(3, ip));
}

}  // namespace portolan::cluster
