// whoami: tells the asker the address, port and transport that its question came from. The smallest plugin there is.
#pragma once

#include "server/plugin.h"

namespace portolan::whoami {

/// Answers every question. Holds nothing, so all workers share it freely.
class Whoami : public server::Handler {
 public:
  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
};

}  // namespace portolan::whoami
