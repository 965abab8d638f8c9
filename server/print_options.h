// The option tables as JSON, for the test that compares them with the READMEs, for completion and for man pages.
#pragma once

#include <span>
#include <string>

#include "server/plugin.h"

namespace portolan::server {

/// [{"plugin": "cache", "built": true, "options": [{"name": "success", "args": ["CAP"], "help": "..."}]}]
std::string options_as_json(std::span<const Plugin> table);

/// What the plugin `name` takes in a Corefile, for people. Error: there is none, or it is not built.
Result<std::string> describe(std::string_view name, std::span<const Plugin> table);

}  // namespace portolan::server
