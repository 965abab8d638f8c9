// What a real API server replied, in both encodings: the same objects, events and errors come out.
#include "cluster/body.h"

#include <doctest/doctest.h>

#include <charconv>
#include <string>
#include <vector>

#include "cluster/recorded_replies.h"

namespace portolan::cluster {
namespace {

std::string octets(std::string_view digits) {
  std::string out;
  for (size_t at = 0; at + 1 < digits.size(); at += 2) {
    unsigned octet = 0;
    std::from_chars(digits.data() + at, digits.data() + at + 2, octet, 16);
    out.push_back(static_cast<char>(octet));
  }
  return out;
}

/// All that a body holds.
struct Holding {
  std::vector<Object> objects;
  std::vector<std::string> said;
  bool operator==(const Holding&) const = default;
};

Holding read_list(Kind kind, Encoding encoding, std::string_view body, size_t piece) {
  Decoder decoder;
  Holding holding;
  ListBody list(kind, decoder);
  const ListBody::Receiver receiver{
      [&](Result<Object> object) {
        REQUIRE(object.has_value());
        holding.objects.push_back(std::move(*object));
      },
      [&](ListMetadata&& meta) {  // its version, and so the token, move on between two requests
        CHECK(!meta.resource_version.empty());
        holding.said.push_back(meta.continue_token.empty() ? "all" : "more");
      }};
  for (size_t at = 0; at < body.size(); at += piece) {
    REQUIRE(list.feed(encoding, body.substr(at, piece), receiver).has_value());
  }
  CHECK(list.complete());
  return holding;
}

Holding read_watch(Kind kind, Encoding encoding, std::string_view body, size_t piece) {
  Decoder decoder;
  Holding holding;
  EventBody events(kind, decoder);
  const auto take = [&](Event&& event) {
    const bool bookmark = event.type == Event::Type::bookmark;  // its version moves on between two requests
    CHECK(event.resource_version.empty() == (event.type == Event::Type::error));
    holding.said.push_back(std::to_string(static_cast<int>(event.type)) + " " +
                           (bookmark ? "" : event.resource_version) + " " + std::to_string(event.code) + " " +
                           event.message + (event.initial_events_end ? " end" : ""));
    if (event.object) holding.objects.push_back(std::move(*event.object));
    return true;
  };
  for (size_t at = 0; at < body.size(); at += piece) {
    REQUIRE(events.feed(encoding, body.substr(at, piece), take).has_value());
  }
  return holding;
}

}  // namespace

TEST_CASE("body: a real API server's replies hold the same in JSON and in protobuf") {
  for (const RecordedReply& each : kRecordedReplies) {
    CAPTURE(each.about);
    const std::string protobuf = octets(each.protobuf);
    CHECK(encoding_of(each.json_type) == Encoding::json);
    CHECK(encoding_of(each.protobuf_type) == Encoding::protobuf);
    if (each.kind < 0) {
      Decoder decoder;
      const StatusReply json_says = read_status(Encoding::json, each.json, decoder);
      const StatusReply protobuf_says = read_status(Encoding::protobuf, protobuf, decoder);
      CHECK(!json_says.message.empty());
      CHECK(json_says.message == protobuf_says.message);
      CHECK(json_says.reason == protobuf_says.reason);
      continue;
    }
    const auto kind = static_cast<Kind>(each.kind);
    const auto read = each.list ? read_list : read_watch;
    const Holding from_json = read(kind, Encoding::json, each.json, 4096);
    CHECK(!from_json.said.empty());
    for (const size_t piece : {size_t{1}, size_t{7}, size_t{4096}}) {
      CAPTURE(piece);
      CHECK(read(kind, Encoding::protobuf, protobuf, piece) == from_json);
    }
  }
}

TEST_CASE("body: the Content-Type decides how a reply is read") {
  CHECK(encoding_of("application/json") == Encoding::json);
  CHECK(encoding_of("application/json;stream=watch") == Encoding::json);
  CHECK(encoding_of("application/vnd.kubernetes.protobuf") == Encoding::protobuf);
  CHECK(encoding_of("application/vnd.kubernetes.protobuf;stream=watch") == Encoding::protobuf);
  CHECK(encoding_of("application/vnd.kubernetes.protobuf; stream=watch") == Encoding::protobuf);
  CHECK(encoding_of("application/vnd.kubernetes.protobufs") == Encoding::json);
  CHECK(encoding_of("text/plain") == Encoding::json);
  CHECK(encoding_of("") == Encoding::json);
}

}  // namespace portolan::cluster
