// Fuzzes what a dnstap collector says: no octets may crash the reader of control frames, and where they are cut must
// not matter.
#include <cstdint>
#include <cstdlib>

#include "plugins/dnstap/frame_stream.h"

using namespace portolan::dnstap;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view octets(reinterpret_cast<const char*>(data), size);
  for (;;) {
    const ControlFrame frame = read_control_frame(octets);
    if (frame.state != ControlFrame::State::whole) return 0;
    if (frame.size < 12 || frame.size > octets.size()) std::abort();
    const ControlFrame alone = read_control_frame(octets.substr(0, frame.size));
    if (alone.state != frame.state || alone.type != frame.type || alone.size != frame.size) std::abort();
    if (read_control_frame(octets.substr(0, frame.size - 1)).state == ControlFrame::State::whole) std::abort();
    octets.remove_prefix(frame.size);
  }
}
