// nsid: tells clients that ask for it which instance has answered (RFC 5001).
#pragma once

#include <string>

#include "server/plugin.h"

namespace portolan::nsid {

/// Octets of an identifier: with the longest question it still leaves an answer of 512 octets its header and OPT.
constexpr size_t kLongest = 512 - 12 - (255 + 4) - 11 - 4;

/// Unchanging, shared by all workers.
class Nsid : public server::Handler {
 public:
  explicit Nsid(std::string data) : data_(std::move(data)) {}
  Task<server::Outcome> serve(server::Query& query, server::Next next) override;

 private:
  Task<server::Outcome> add_later(server::Query& query, Task<server::Outcome> rest) const;
  void add(server::Query& query, const server::Outcome& outcome) const;
  void put(server::Query& query) const;

  const std::string data_;
};

}  // namespace portolan::nsid
