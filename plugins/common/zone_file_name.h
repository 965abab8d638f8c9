// Files that are called after zones.
#pragma once

#include <string>

#include "dns/name.h"

namespace portolan {

/// "example.org"; "@" for the root. In lower case, and what cannot be in a file's name is %XX.
std::string zone_file_name(const dns::Name& zone);

}  // namespace portolan
