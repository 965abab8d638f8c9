// local: answers names that mean the asker's own machine, so that nobody on the internet is asked for them.
#pragma once

#include "server/plugin.h"

namespace portolan::local {

/// Unchanging, shared by all workers.
class Local : public server::Handler {
 public:
  /// `prefix`: names that begin with the label localhost mean this machine too.
  explicit Local(bool prefix) : prefix_(prefix) {}
  Task<server::Outcome> serve(server::Query& query, server::Next next) override;

 private:
  bool means_localhost(dns::NameView lower) const;

  const bool prefix_;
};

}  // namespace portolan::local
