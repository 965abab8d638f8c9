// What was read of a Corefile: shared by start and reload.
#pragma once

#include <string>

#include "corefile/ast.h"
#include "server/server.h"

namespace portolan::server {

struct Server::Source {
  corefile::File file;
  Errors errors;  // of the syntax; `file` has what could be read
};

}  // namespace portolan::server
