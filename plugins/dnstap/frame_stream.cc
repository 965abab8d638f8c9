// Control frames.
#include "plugins/dnstap/frame_stream.h"

namespace portolan::dnstap {
namespace {

constexpr size_t kNumber = 4;
constexpr size_t kLongest = 512;  // of a control frame, as in the fstrm library
constexpr uint32_t kContentTypeField = 1;

void put(std::string& out, size_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(number >> shift & 255));
}

uint32_t number_at(std::string_view octets, size_t at) {
  uint32_t number = 0;
  for (size_t i = 0; i < kNumber; ++i) number = number << 8 | static_cast<uint8_t>(octets[at + i]);
  return number;
}

}  // namespace

std::string control_frame(Control type) {
  std::string content;
  put(content, static_cast<uint32_t>(type));
  if (type == Control::ready || type == Control::start || type == Control::accept) {
    put(content, kContentTypeField);
    put(content, kContentType.size());
    content += kContentType;
  }
  std::string frame;
  put(frame, 0);
  put(frame, content.size());
  return frame + content;
}

ControlFrame read_control_frame(std::string_view octets) {
  ControlFrame frame;
  const auto malformed = [&] {
    frame.state = ControlFrame::State::malformed;
    return frame;
  };
  if (octets.size() >= kNumber && number_at(octets, 0) != 0) return malformed();  // a data frame
  if (octets.size() < 2 * kNumber) return frame;
  const size_t size = number_at(octets, kNumber);
  if (size < kNumber || size > kLongest) return malformed();
  if (octets.size() < 2 * kNumber + size) return frame;
  const std::string_view content = octets.substr(2 * kNumber, size);
  const uint32_t type = number_at(content, 0);
  if (type < static_cast<uint32_t>(Control::accept) || type > static_cast<uint32_t>(Control::finish))
    return malformed();
  bool any = false, ours = false;
  for (size_t at = kNumber; at < content.size();) {
    if (content.size() - at < 2 * kNumber) return malformed();
    const uint32_t field = number_at(content, at), length = number_at(content, at + kNumber);
    at += 2 * kNumber;
    if (field != kContentTypeField || length > content.size() - at) return malformed();
    any = true;
    ours |= content.substr(at, length) == kContentType;
    at += length;
  }
  frame.state = ControlFrame::State::whole;
  frame.type = static_cast<Control>(type);
  frame.content_type = ours || !any;
  frame.size = 2 * kNumber + size;
  return frame;
}

}  // namespace portolan::dnstap
