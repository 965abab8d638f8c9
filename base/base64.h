// Base64 (RFC 4648 section 4), as kubeconfigs, headers, etcd's JSON and the keys of DNS have it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace portolan {

std::string base64_encoded(std::string_view octets);
/// Blanks and line ends are passed over. Error: other characters, not whole groups of four, `=` but at the end.
Result<std::string> base64_decoded(std::string_view text);

}  // namespace portolan
