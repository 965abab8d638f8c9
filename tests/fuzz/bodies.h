// What the two fuzz targets of the API server's replies share: a body is read whole and in pieces, as a watch or as a
// list, and both ways must give the same.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/body.h"

namespace portolan::cluster {

/// What came out of a body, in words that can be compared.
struct Outcome {
  std::vector<Object> objects;
  std::string said;
  bool operator==(const Outcome&) const = default;
};

inline void take_object(Outcome& outcome, Result<Object> object) {
  outcome.said += object ? "object\n" : object.error().message + "\n";
  if (object) outcome.objects.push_back(std::move(*object));
}

inline void take_event(Outcome& outcome, Event&& event) {
  outcome.said += std::to_string(static_cast<int>(event.type)) + " " + event.resource_version + " " +
                  std::to_string(event.code) + (event.initial_events_end ? " end " : " ") + event.message + "\n";
  if (event.object) outcome.objects.push_back(std::move(*event.object));
}

inline Outcome read_watch(Kind kind, Encoding encoding, std::string_view body, size_t piece) {
  Decoder decoder;
  Outcome outcome;
  EventBody events(kind, decoder);
  for (; !body.empty(); body.remove_prefix(std::min(piece, body.size()))) {
    const auto fed = events.feed(encoding, body.substr(0, piece), [&](Event&& event) {
      take_event(outcome, std::move(event));
      return true;
    });
    if (fed) continue;
    outcome.said += fed.error().message;
    break;
  }
  return outcome;
}

inline Outcome read_list(Kind kind, Encoding encoding, std::string_view body, size_t piece) {
  Decoder decoder;
  Outcome outcome;
  ListBody list(kind, decoder);
  const ListBody::Receiver receiver{
      [&](Result<Object> object) { take_object(outcome, std::move(object)); },
      [&](ListMetadata&& meta) { outcome.said += meta.resource_version + " " + meta.continue_token + "\n"; }};
  for (; !body.empty(); body.remove_prefix(std::min(piece, body.size()))) {
    const auto fed = list.feed(encoding, body.substr(0, piece), receiver);
    if (fed) continue;
    outcome.said += fed.error().message;
    return outcome;
  }
  if (list.complete()) outcome.said += "complete";
  return outcome;
}

/// The first octet of the input says which kind, whether it is a list, and how large the pieces are.
inline void fuzz_body(Encoding encoding, std::string_view input) {
  if (input.empty()) return;
  const auto choice = static_cast<uint8_t>(input.front());
  input.remove_prefix(1);
  const auto kind = static_cast<Kind>(choice & 3);
  const size_t piece = size_t{1} << (choice >> 3 & 7);
  const auto read = choice & 4 ? read_list : read_watch;
  if (read(kind, encoding, input, piece) != read(kind, encoding, input, input.size() + 1)) std::abort();
  Decoder decoder;
  read_status(encoding, input, decoder);
}

}  // namespace portolan::cluster
