// The search domains of a resolv.conf file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/name.h"

namespace portolan {

/// The domains of the last `search` or `domain` line of a text in resolv.conf(5) form, lower case. Error: a word that
/// cannot be a domain name.
Result<std::vector<dns::Name>> parse_search_domains(std::string_view text);

/// The same from a file; an error when it cannot be read.
Result<std::vector<dns::Name>> read_search_domains(const std::string& path);

}  // namespace portolan
