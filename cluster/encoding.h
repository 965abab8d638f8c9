// The two forms in which an API server gives objects. It has built-in kinds in both, custom resources in JSON only.
#pragma once

#include <cstdint>
#include <string_view>

namespace portolan::cluster {

enum class Encoding : uint8_t { json, protobuf };

/// The Accept header that asks for `best`, and for JSON where the server does not have it.
constexpr const char* accept(Encoding best) {
  return best == Encoding::protobuf ? "application/vnd.kubernetes.protobuf, application/json" : "application/json";
}

/// What a Content-Type stands for, parameters (`;stream=watch`) aside; JSON unless it says otherwise.
constexpr Encoding encoding_of(std::string_view content_type) {
  return content_type.substr(0, content_type.find_first_of("; ")) == "application/vnd.kubernetes.protobuf"
             ? Encoding::protobuf
             : Encoding::json;
}

}  // namespace portolan::cluster
