// loop: finds out at the start whether what is forwarded comes back.
#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "plugins/loop/loop_probe.h"
#include "server/plugin.h"
#include "server/process.h"

namespace portolan::server {
class Block;
}

namespace portolan::loop {

/// Workers count the probe's question; everything else happens on the background loop.
class LoopDetector : public server::Handler, public server::Startable {
 public:
  LoopDetector(const server::Block& block, server::Process& process);

  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  void serving() override;
  void stop(server::Deadline deadline) noexcept override;

  const dns::Name& probe_name() const { return name_; }

 private:
  void loop_found(const server::Query& query);

  const server::Block& block_;
  server::Process& process_;
  dns::Name zone_;       // of the block's first key
  dns::Name name_;       // what is asked for
  std::string address_;  // what is asked, as the message says it; written before the first question
  std::atomic<int> seen_{0};
  std::atomic<bool> on_{false};
  std::optional<Probe> probe_;
};

}  // namespace portolan::loop
