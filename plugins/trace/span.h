// Span: one step of a query on its way, and the form in which a worker hands it to the thread that sends it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"
#include "dns/name.h"
#include "dns/types.h"
#include "server/query.h"

namespace portolan::trace {

/// What all spans of a query share, and the one that is under way.
struct Context {
  uint64_t trace_high = 0;  // of 128 bits; 0 where traces have 64
  uint64_t trace = 0;
  uint64_t span = 0;
  int64_t wall_offset = 0;  // nanoseconds: wall clock minus steady clock
};

enum class Kind : uint8_t { query, plugin, connect };

/// Plain numbers, so that a copy of the octets is the whole of it. Texts stand behind.
struct SpanHead {
  Context context;
  uint64_t parent = 0;  // 0: none
  int64_t start = 0;    // nanoseconds since 1970
  int64_t duration = 0;
  Kind kind = Kind::query;
  server::Transport transport = server::Transport::udp;
  dns::Rcode rcode = dns::Rcode::noerror;
  dns::RRType type{};
  IpAddress client;
  uint16_t title_size = 0, subject_size = 0, error_size = 0;
};

/// A span as its worker has it.
struct SpanView {
  SpanHead head;
  std::string_view title;    // "servedns", a plugin's name, "connect"
  std::string_view subject;  // of a query: the name in wire form; of a connect: the upstream
  std::string_view error;
};
/// Makes `out` the octets that `decode` reads. Its memory is used again.
void encode(const SpanView& span, std::string& out);

/// A span as the sending thread has it.
struct Span {
  SpanHead head;
  std::string title, subject, error;  // subject: a name in presentation form
};
Span decode(std::string_view octets);

/// 16 or 32 hexadecimal digits.
std::string trace_id(const Context& context);
std::string span_id(uint64_t id);

}  // namespace portolan::trace
