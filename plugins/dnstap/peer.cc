// The states of a connection.
#include "plugins/dnstap/peer.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/error_text.h"
#include "plugins/dnstap/frame_stream.h"

namespace portolan::dnstap {
namespace {

constexpr size_t kMostSent = 1024 * 1024;  // octets that are kept although they have left

// The length and the octets of the frame at `at`; a control frame has length 0 and its own length behind.
size_t frame_end(std::string_view frames, size_t at, bool& control) {
  const auto number = [&](size_t from) {
    size_t value = 0;
    for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(frames[from + i]);
    return value;
  };
  const size_t size = number(at);
  control = size == 0;
  return control ? at + 8 + number(at + 4) : at + 4 + size;
}

}  // namespace

Peer::Peer(std::unique_ptr<Stream> stream, bool connecting, SteadyTime now)
    : stream_(std::move(stream)), state_(connecting ? State::connecting : State::securing), moved_(now) {}

short Peer::events() const {
  if (state_ == State::connecting) return POLLOUT;
  if (state_ == State::securing) return stream_->waits_for();
  return static_cast<short>(POLLIN | output_events_);
}

bool Peer::progress(SteadyTime now) {
  for (State before = State::finished; before != state_;) {
    before = state_;
    if (!step(now)) return false;
  }
  if (waits() && now > gives_up())
    return over(state_ == State::streaming ? "the collector does not read" : "i/o timeout");
  return true;
}

bool Peer::step(SteadyTime now) {
  switch (state_) {
    case State::connecting:
      return connected();
    case State::securing:
      switch (stream_->handshake()) {
        case Stream::Step::waits:
          return true;
        case Stream::Step::over:
          return over(stream_->error());
        case Stream::Step::done:
          output_ = control_frame(Control::ready);
          state_ = State::greeting;
          moved_ = now;
          return true;
      }
      return true;
    default:
      return flush(now) && read();
  }
}

bool Peer::connected() {
  pollfd wait{stream_->descriptor(), POLLOUT, 0};
  if (poll(&wait, 1, 0) == 0) return true;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(stream_->descriptor(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return over("connect: " + error_text(error));
  state_ = State::securing;
  return true;
}

bool Peer::read() {
  if (stream_->read(input_) == Stream::Step::over) {
    // A reader may close once it has said FINISH.
    if (!take_control_frames()) return false;
    return finished() || over(stream_->error());
  }
  return take_control_frames();
}

bool Peer::take_control_frames() {
  for (;;) {
    const ControlFrame frame = read_control_frame(input_);
    if (frame.state == ControlFrame::State::partial) return true;
    if (frame.state == ControlFrame::State::malformed) return over("the collector does not speak Frame Streams");
    input_.erase(0, frame.size);
    if (frame.type == Control::accept && state_ == State::greeting) {
      if (!frame.content_type) return over("the collector does not take " + std::string(kContentType));
      queue(control_frame(Control::start));
      state_ = State::streaming;
    } else if (frame.type == Control::finish && state_ == State::stopping) {
      state_ = State::finished;
      return true;
    } else {
      return over("the collector says something out of turn");
    }
  }
}

bool Peer::flush(SteadyTime now) {
  std::string_view left = std::string_view(output_).substr(sent_);
  if (left.empty()) return true;
  const size_t before = left.size();
  const Stream::Step step = stream_->write(left);
  if (left.size() != before) moved_ = now;
  sent_ = output_.size() - left.size();
  output_events_ = step == Stream::Step::waits ? stream_->waits_for() : short{0};
  if (left.empty()) {
    output_.clear();
    sent_ = 0;
  } else if (sent_ > std::max(kMostSent, left.size())) {  // what is moved is less than what has left
    forget_sent();
  }
  return step != Stream::Step::over || over(stream_->error());
}

// Whole frames only: what is left begins with a length.
void Peer::forget_sent() {
  bool control = false;
  size_t whole = 0;
  for (size_t end = frame_end(output_, 0, control); end <= sent_; end = frame_end(output_, end, control)) whole = end;
  output_.erase(0, whole);
  sent_ -= whole;
}

void Peer::stop() {
  queue(control_frame(Control::stop));
  state_ = State::stopping;
}

size_t Peer::unsent() const {
  size_t frames = 0;
  bool control = false;
  for (size_t at = 0; at < output_.size();) {
    at = frame_end(output_, at, control);
    frames += !control && at > sent_;
  }
  return frames;
}

}  // namespace portolan::dnstap
