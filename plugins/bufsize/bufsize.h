// bufsize: lowers the UDP payload size that the client offers, so that answers (and questions to upstreams) need no
// fragments.
#pragma once

#include <cstdint>

#include "server/plugin.h"

namespace portolan::bufsize {

constexpr uint16_t kDefaultSize = 1232;  // fits the IPv6 minimum MTU of 1280 octets
constexpr uint16_t kMinSize = 512;       // RFC 6891 section 6.2.3
constexpr uint16_t kMaxSize = 4096;

/// Unchanging, shared by all workers.
class Bufsize : public server::Handler {
 public:
  explicit Bufsize(uint16_t size) : size_(size) {}
  Task<server::Outcome> serve(server::Query& query, server::Next next) override {
    if (query.edns && query.edns->udp_size > size_) query.edns->udp_size = size_;
    return next(query);
  }

 private:
  uint16_t size_;
};

}  // namespace portolan::bufsize
