// Encoding with protozero.
#include "plugins/dnstap/message.h"

#include <protozero/pbf_writer.hpp>

namespace portolan::dnstap {
namespace {

// dnstap.proto, message Dnstap.
enum class Outer : protozero::pbf_tag_type { identity = 1, version = 2, extra = 3, message = 14, type = 15 };
constexpr int32_t kTypeMessage = 1;

// dnstap.proto, message Message.
namespace field {
enum : protozero::pbf_tag_type {
  type = 1,
  socket_family = 2,
  socket_protocol = 3,
  query_address = 4,
  response_address = 5,
  query_port = 6,
  response_port = 7,
  query_time_sec = 8,
  query_time_nsec = 9,
  query_message = 10,
  response_time_sec = 12,
  response_time_nsec = 13,
  response_message = 14,
};
}  // namespace field

constexpr int32_t kInet = 1, kInet6 = 2;
constexpr int32_t kUdp = 1, kTcp = 2;

void add_bytes(protozero::pbf_writer& writer, protozero::pbf_tag_type tag, std::span<const uint8_t> octets) {
  writer.add_bytes(tag, reinterpret_cast<const char*>(octets.data()), octets.size());
}

void add_time(protozero::pbf_writer& writer, WallTime time, protozero::pbf_tag_type seconds,
              protozero::pbf_tag_type nanoseconds) {
  const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch());
  const auto whole = std::chrono::floor<std::chrono::seconds>(since);
  writer.add_uint64(seconds, static_cast<uint64_t>(whole.count()));
  writer.add_fixed32(nanoseconds, static_cast<uint32_t>((since - whole).count()));
}

void encode_message(const Event& event, protozero::pbf_writer& message) {
  message.add_enum(field::type, static_cast<int32_t>(event.type));
  const auto& asking = event.query_address;
  const auto& asked = event.response_address;
  if (const auto& either = asking ? asking : asked) {
    message.add_enum(field::socket_family, either->ip.unmapped().is_v4() ? kInet : kInet6);
  }
  message.add_enum(field::socket_protocol, event.transport == server::Transport::udp ? kUdp : kTcp);
  if (asking) add_bytes(message, field::query_address, asking->ip.unmapped().octets());
  if (asked) add_bytes(message, field::response_address, asked->ip.unmapped().octets());
  if (asking) message.add_uint32(field::query_port, asking->port);
  if (asked) message.add_uint32(field::response_port, asked->port);
  add_time(message, event.query_time, field::query_time_sec, field::query_time_nsec);
  if (!event.query_message.empty()) add_bytes(message, field::query_message, event.query_message);
  if (event.response_time) {
    add_time(message, *event.response_time, field::response_time_sec, field::response_time_nsec);
  }
  if (!event.response_message.empty()) add_bytes(message, field::response_message, event.response_message);
}

}  // namespace

void encode(const Sender& sender, const Event& event, std::string& out) {
  out.clear();
  protozero::pbf_writer outer(out);
  const auto tag = [](Outer which) { return static_cast<protozero::pbf_tag_type>(which); };
  if (!sender.identity.empty()) outer.add_bytes(tag(Outer::identity), sender.identity);
  if (!sender.version.empty()) outer.add_bytes(tag(Outer::version), sender.version);
  if (!event.extra.empty()) outer.add_bytes(tag(Outer::extra), event.extra.data(), event.extra.size());
  {
    protozero::pbf_writer message(outer, tag(Outer::message));
    encode_message(event, message);
  }
  outer.add_enum(tag(Outer::type), kTypeMessage);
}

}  // namespace portolan::dnstap
