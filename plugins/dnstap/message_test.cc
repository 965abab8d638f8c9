// Events against messages that are put together here by hand, octet by octet, after dnstap.proto.
#include "plugins/dnstap/message.h"

#include <doctest/doctest.h>

#include "plugins/dnstap/endpoint.h"
#include "plugins/dnstap/frame_stream.h"

namespace portolan::dnstap {
namespace {

using namespace std::string_literals;

constexpr uint8_t kQuestion[] = {'q', 's'};
constexpr uint8_t kAnswer[] = {'a', 'n', 's'};

// A field with a length in front: tag octet, one octet of length, text. Everything here is shorter than 128 octets.
std::string field(char tag, const std::string& text) {
  return tag + std::string(1, static_cast<char>(text.size())) + text;
}

std::string message(const std::string& prefix, const std::string& inner) {
  return prefix + field('\x72', inner) + "\x78\x01"s;  // field 14; field 15: MESSAGE
}

SocketAddress at(const char* ip, uint16_t port) { return {*IpAddress::parse(ip), port}; }

TEST_CASE("dnstap: a client's query says who asked, how and when") {
  Event event;
  event.query_address = at("192.0.2.7", 300);
  event.query_time = WallTime(std::chrono::seconds(5) + std::chrono::microseconds(1));
  std::string out;
  encode({"me", "v1"}, event, out);
  const std::string inner =
      "\x08\x05"s                  // type CLIENT_QUERY
      "\x10\x01"s                  // INET
      "\x18\x01"s                  // UDP
      "\x22\x04\xc0\x00\x02\x07"s  // query_address
      "\x30\xac\x02"s              // query_port 300
      "\x40\x05"s                  // query_time_sec
      "\x4d\xe8\x03\x00\x00"s;     // query_time_nsec 1000
  CHECK(out == message(field('\x0a', "me") + field('\x12', "v1"), inner));
}

TEST_CASE("dnstap: a forwarder's answer has both addresses, both times, the message and the extra text") {
  Event event;
  event.type = Type::forwarder_response;
  event.transport = server::Transport::tcp;
  event.query_address = at("2001:db8::1", 1);
  event.response_address = at("2001:db8::2", 53);
  event.query_time = WallTime(std::chrono::seconds(1));
  event.response_time = WallTime(std::chrono::seconds(2));
  event.response_message = kAnswer;
  event.extra = "x";
  std::string out;
  encode({}, event, out);
  const std::string prefix = "\x20\x01\x0d\xb8"s + std::string(11, '\0');
  const std::string inner = "\x08\x08\x10\x02\x18\x02"s + field('\x22', prefix + "\x01") +
                            field('\x2a', prefix + "\x02") + "\x30\x01\x38\x35"s + "\x40\x01\x4d\0\0\0\0"s +
                            "\x60\x02\x6d\0\0\0\0"s + field('\x72', "ans");
  CHECK(out == message(field('\x1a', "x"), inner));
}

TEST_CASE("dnstap: an address that IPv6 carries is an IPv4 one, and a buffer is used again") {
  Event event;
  event.query_address = at("::ffff:192.0.2.7", 1);
  event.query_message = kQuestion;
  std::string out = "what was there before";
  encode({}, event, out);
  const std::string inner =
      "\x08\x05\x10\x01\x18\x01\x22\x04\xc0\x00\x02\x07\x30\x01\x40\x00\x4d\0\0\0\0"s + field('\x52', "qs");
  CHECK(out == message("", inner));
}

TEST_CASE("dnstap: frames that open and end a stream are those of the Frame Streams specification") {
  const std::string type = "\0\0\0\1\0\0\0\x16protobuf:dnstap.Dnstap"s;
  CHECK(control_frame(Control::ready) == "\0\0\0\0\0\0\0\x22\0\0\0\4"s + type);
  CHECK(control_frame(Control::start) == "\0\0\0\0\0\0\0\x22\0\0\0\2"s + type);
  CHECK(control_frame(Control::stop) == "\0\0\0\0\0\0\0\4\0\0\0\3"s);
}

TEST_CASE("dnstap: what a collector says is read with care") {
  using State = ControlFrame::State;
  static const std::string kAccept = "\0\0\0\0\0\0\0\x22\0\0\0\1\0\0\0\1\0\0\0\x16protobuf:dnstap.Dnstap"s;
  static const struct {
    const char* what;
    std::string octets;
    State state;
    bool content_type;
    size_t size;
  } kCases[] = {
      {"our type", kAccept, State::whole, true, 42},
      {"more behind it", kAccept + "\0\0"s, State::whole, true, 42},
      {"no type", "\0\0\0\0\0\0\0\4\0\0\0\1"s, State::whole, true, 12},
      {"another type", "\0\0\0\0\0\0\0\x0d\0\0\0\1\0\0\0\1\0\0\0\1x"s, State::whole, false, 21},
      {"nothing yet", ""s, State::partial, true, 0},
      {"a part", kAccept.substr(0, 41), State::partial, true, 0},
      {"a data frame", "\0\0\0\5hello"s, State::malformed, true, 0},
      {"an unknown kind", "\0\0\0\0\0\0\0\4\0\0\0\6"s, State::malformed, true, 0},
      {"a frame without a kind", "\0\0\0\0\0\0\0\0"s, State::malformed, true, 0},
      {"a huge frame", "\0\0\0\0\xff\xff\xff\xff"s, State::malformed, true, 0},
      {"a type longer than its frame", "\0\0\0\0\0\0\0\x0d\0\0\0\1\0\0\0\1\0\0\0\2x"s, State::malformed, true, 0},
      {"half a field", "\0\0\0\0\0\0\0\6\0\0\0\1\0\0"s, State::malformed, true, 0},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.what);
    const ControlFrame frame = read_control_frame(each.octets);
    CHECK(frame.state == each.state);
    CHECK(frame.content_type == each.content_type);
    CHECK(frame.size == each.size);
  }
}

TEST_CASE("dnstap: endpoints are sockets and addresses") {
  static constexpr struct {
    const char *text, *meaning;
  } kCases[] = {
      {"/run/s.sock", "unix:///run/s.sock"},
      {"unix:///run/s.sock", "unix:///run/s.sock"},
      {"s.sock", "unix://s.sock"},
      {"tcp://127.0.0.1:6000", "tcp://127.0.0.1:6000"},
      {"tcp://example.com:6000/", "tcp://example.com:6000"},
      {"tls://[2001:db8::1]:6000", "tls://[2001:db8::1]:6000"},
      {"tcp://127.0.0.1", "'tcp://127.0.0.1': address 127.0.0.1: missing port in address"},
      {"tcp://127.0.0.1:", "'tcp://127.0.0.1:': missing port in address"},
      {"tcp://h:1/x", "'tcp://h:1/x': a path makes no sense behind tcp://"},
      {"unix://", "'unix://': the path of a socket was expected"},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.text);
    const auto endpoint = parse_endpoint(each.text);
    CHECK((endpoint ? endpoint->text() : endpoint.error().message) == each.meaning);
  }
}

}  // namespace
}  // namespace portolan::dnstap
