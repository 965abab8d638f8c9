// The payload of dnstap: one event as a protobuf message, field numbers as in dnstap.proto (https://dnstap.info).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/clock.h"
#include "server/query.h"

namespace portolan::dnstap {

/// Values of dnstap.proto's Message.Type.
enum class Type : uint8_t { client_query = 5, client_response = 6, forwarder_query = 7, forwarder_response = 8 };

/// Who sends the events: the same for all of a directive.
struct Sender {
  std::string identity, version;
};

/// One event. Who asks is `query_address`, whoever is asked `response_address`.
struct Event {
  Type type = Type::client_query;
  server::Transport transport = server::Transport::udp;
  std::optional<SocketAddress> query_address, response_address;
  WallTime query_time{};
  std::optional<WallTime> response_time;
  std::span<const uint8_t> query_message, response_message;  // empty: left out
  std::string_view extra;                                    // the same
};

/// Makes `out` the message. Its memory is used again, so that a warm one takes nothing from the heap.
void encode(const Sender& sender, const Event& event, std::string& out);

}  // namespace portolan::dnstap
