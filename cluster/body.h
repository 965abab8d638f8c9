// A reply's body as it arrives, as events or objects, in whichever of the two encodings the server has chosen.
#pragma once

#include <functional>
#include <string_view>

#include "base/result.h"
#include "cluster/decode.h"
#include "cluster/encoding.h"
#include "cluster/protobuf_stream.h"
#include "cluster/stream.h"

namespace portolan::cluster {

/// The body of a watch.
class EventBody {
 public:
  using Each = std::function<bool(Event&& event)>;  // false: no more
  /// `json` outlives it.
  EventBody(Kind kind, Decoder& json) : kind_(kind), json_(json) {}
  /// Calls `each` for every event that is complete. False: `each` said so. Fails when the rest can make no sense.
  Result<bool> feed(Encoding encoding, std::string_view piece, const Each& each);

 private:
  const Kind kind_;
  Decoder& json_;
  LineCutter lines_;
  FrameCutter frames_;
};

/// The body of a list.
class ListBody {
 public:
  struct Receiver {
    std::function<void(Result<Object>)> item;  // an error: one that makes no sense
    std::function<void(ListMetadata&&)> metadata;
  };
  ListBody(Kind kind, Decoder& json) : kind_(kind), json_(json) {}
  Result<void> feed(Encoding encoding, std::string_view piece, const Receiver& receiver);
  /// True once the list has been read to its end.
  bool complete() const { return objects_.complete() || messages_.complete(); }

 private:
  const Kind kind_;
  Decoder& json_;
  ListCutter objects_;
  MessageListCutter messages_;
};

/// What the body of an error reply says.
StatusReply read_status(Encoding encoding, std::string_view body, Decoder& json);

}  // namespace portolan::cluster
