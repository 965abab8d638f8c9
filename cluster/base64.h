// Base64 (RFC 4648 section 4), as kubeconfigs, headers and etcd's JSON have it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace portolan::cluster {

std::string base64_encoded(std::string_view octets);
/// White space is passed over.
Result<std::string> base64_decoded(std::string_view text);

}  // namespace portolan::cluster
