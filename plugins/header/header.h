// header: brings flags of the message header into the state that the Corefile says, in queries and in responses.
#pragma once

#include <cstdint>

#include "server/plugin.h"

namespace portolan::header {

/// Bits of a set of flags.
enum Flag : uint8_t { kAa = 1, kRa = 2, kRd = 4 };

/// What becomes of the flags; what neither sets nor clears stays. Later rules have taken from earlier ones, so that no
/// flag is in both.
struct Change {
  uint8_t set = 0, clear = 0;

  void add(uint8_t flags, bool to) {
    (to ? set : clear) |= flags;
    (to ? clear : set) &= static_cast<uint8_t>(~flags);
  }
  bool any() const { return (set | clear) != 0; }
  void apply(dns::Header& header) const;
};

/// Unchanging, shared by all workers.
class Header : public server::Handler {
 public:
  Header(Change query, Change response) : query_(query), response_(response) {}
  Task<server::Outcome> serve(server::Query& query, server::Next next) override;

 private:
  Task<server::Outcome> change_later(server::Query& query, Task<server::Outcome> rest) const;
  void change_response(server::Query& query, const server::Outcome& outcome) const;

  const Change query_, response_;
};

}  // namespace portolan::header
