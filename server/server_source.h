// What was read of a Corefile: shared by start and reload.
#pragma once

#include <string>

#include "corefile/ast.h"
#include "server/server.h"

namespace portolan::server {

struct Server::Source {
  std::string text;  // with every import, for the `reload` plugin's digest
  corefile::File file;
};

}  // namespace portolan::server
