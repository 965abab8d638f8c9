// For each encoding a cutter and a decoder; one of the two pairs stays unused.
#include "cluster/body.h"

#include <utility>

#include "cluster/protobuf.h"

namespace portolan::cluster {

Result<bool> EventBody::feed(Encoding encoding, std::string_view piece, const Each& each) {
  Result<void> readable;
  const auto take = [&](Result<Event> event) {
    if (event) return each(std::move(*event));
    readable = event.error();
    return false;
  };
  const auto fed =
      encoding == Encoding::protobuf
          ? frames_.feed(piece, [&](std::string_view frame) { return take(protobuf::event(kind_, frame)); })
          : lines_.feed(piece, [&](std::string_view line) { return take(json_.event(kind_, line)); });
  if (!readable) return readable.error();
  return fed;
}

Result<void> ListBody::feed(Encoding encoding, std::string_view piece, const Receiver& receiver) {
  const auto metadata = [&](Result<ListMetadata> read) {
    if (read) receiver.metadata(std::move(*read));
  };
  if (encoding == Encoding::json) {
    return objects_.feed(piece, {[&](std::string_view item) { receiver.item(json_.object(kind_, item)); },
                                 [&](std::string_view text) { metadata(json_.list_metadata(text)); }});
  }
  return messages_.feed(piece, {[&](std::string_view item) { receiver.item(protobuf::object(kind_, item)); },
                                [&](std::string_view message) { metadata(protobuf::list_metadata(message)); }});
}

StatusReply read_status(Encoding encoding, std::string_view body, Decoder& json) {
  return encoding == Encoding::protobuf ? protobuf::status(body) : json.status(body);
}

}  // namespace portolan::cluster
