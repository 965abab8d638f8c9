// Frame Streams, the framing that dnstap travels in (https://farsightsec.github.io/fstrm): data frames are a length and
// a message; a length of zero announces a control frame.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace portolan::dnstap {

constexpr std::string_view kContentType = "protobuf:dnstap.Dnstap";

/// The writer says READY, the reader ACCEPT, the writer START, data, STOP, and the reader FINISH.
enum class Control : uint32_t { accept = 1, start = 2, stop = 3, ready = 4, finish = 5 };

/// The frame with its escape; READY and START name our content type.
std::string control_frame(Control type);

/// What stands at the beginning of `octets`, which come from a peer: partial frames are waited for.
struct ControlFrame {
  enum class State : uint8_t { partial, whole, malformed };
  State state = State::partial;
  Control type = Control::accept;
  bool content_type = true;  // ours is among those it names, or it names none
  size_t size = 0;           // of the frame with its escape
};
ControlFrame read_control_frame(std::string_view octets);

}  // namespace portolan::dnstap
