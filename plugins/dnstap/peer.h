// Peer: one collector that is connected, from the first step of the connection to the last frame.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "plugins/dnstap/stream.h"

namespace portolan::dnstap {

/// Never blocks; owned and used by the thread of its sink.
class Peer {
 public:
  static constexpr auto kPatience = std::chrono::seconds(4);  // with a peer that does not go on, as CoreDNS

  /// `stream` may still be connecting.
  Peer(std::unique_ptr<Stream> stream, bool connecting, SteadyTime now);

  /// What poll(2) has to wait for.
  short events() const;
  int descriptor() const { return stream_->descriptor(); }
  /// As far as it goes without waiting. False: the connection is over; error() says why.
  bool progress(SteadyTime now);

  /// The handshake is done: frames may be queued.
  bool streaming() const { return state_ == State::streaming; }
  void queue(std::string_view frames) { output_ += frames; }
  size_t queued() const { return output_.size() - sent_; }
  /// When patience with it ends; only while something is awaited of it.
  bool waits() const { return state_ != State::streaming || queued() > 0; }
  SteadyTime gives_up() const { return moved_ + kPatience; }
  /// Says STOP behind what is queued; finished() when the peer has said FINISH.
  void stop();
  bool finished() const { return state_ == State::finished; }

  /// Whole data frames that have not left entirely.
  size_t unsent() const;
  /// Octets that are kept, sent or not.
  size_t kept() const { return output_.size(); }
  const std::string& error() const { return error_; }

 private:
  enum class State : uint8_t { connecting, securing, greeting, streaming, stopping, finished };
  bool step(SteadyTime now);
  bool connected();
  bool read();
  bool take_control_frames();
  bool flush(SteadyTime now);
  void forget_sent();
  bool over(std::string error) {
    error_ = std::move(error);
    return false;
  }

  std::unique_ptr<Stream> stream_;
  State state_;
  SteadyTime moved_;
  std::string output_, input_;
  size_t sent_ = 0;
  short output_events_ = 0;  // that poll(2) has to wait for until more can be written
  std::string error_;
};

}  // namespace portolan::dnstap
