// What this machine calls itself, for plugins that tell clients which instance answered.
#pragma once

#include <string>

namespace portolan {

/// The host's name, in a cluster the pod's; "localhost" when the kernel has none.
std::string host_name();

}  // namespace portolan
