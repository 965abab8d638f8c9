// The table of directives, generated from plugins/plugin.cfg.
#pragma once

#include <vector>

#include "server/plugin.h"

namespace portolan::server {

/// Every directive of CoreDNS's list and our own, in the order of the chain.
std::vector<Plugin> plugin_table();

}  // namespace portolan::server
