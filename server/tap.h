// Tap: what plugins that ask other servers tell those who watch (`dnstap`, `trace`).
#pragma once

#include <span>
#include <string_view>

#include "base/clock.h"
#include "server/query.h"

namespace portolan::server {

/// One question to an upstream and what came of it. Everything in it lives as long as the call.
struct UpstreamExchange {
  std::string_view upstream;  // as the plugin names it
  SocketAddress remote;
  SocketAddress local;  // the zero address with port 0 when it is not known
  Transport transport = Transport::udp;
  std::span<const uint8_t> question;  // the message as sent
  std::span<const uint8_t> answer;    // as received; empty: none came
  SteadyTime asked{}, ended{};
};

/// A power of handlers, found with Block::others<Tap>(); called on the query's worker.
class Tap {
 public:
  virtual ~Tap() = default;
  /// Whether exchanges for `query` are of interest: what nobody wants to hear is not put together.
  virtual bool wants(const Query& query) const noexcept = 0;
  virtual void exchanged(Query& query, const UpstreamExchange& exchange) noexcept = 0;
};

}  // namespace portolan::server
