// Scripts with which shells complete the command line: made from the table of flags and that of plugins, so that they
// cannot lag behind.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "server/plugin.h"

namespace portolan::server {

/// The script for `shell`: "bash", "zsh" or "fish".
Result<std::string> completion(std::string_view shell, std::span<const Plugin> table);

}  // namespace portolan::server
