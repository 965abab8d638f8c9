// Keeps a sink in step with one kind of object at an API server: a list, then a watch, for ever.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "cluster/api_client.h"
#include "cluster/decode.h"
#include "cluster/flow_control.h"
#include "cluster/source.h"

namespace portolan::cluster {

/// What a reflector asks for.
struct Resource {
  Kind kind = Kind::service;
  std::string plural;     // "services", for messages
  std::string path;       // "/api/v1/services"
  std::string selection;  // "&labelSelector=...&fieldSelector=...", escaped; may be empty
};
/// The resource of `kind`, with the selectors of `wanted`.
Resource resource(Kind kind, const Wanted& wanted);

/// Pauses and randomness, which tests choose.
struct Pace {
  std::chrono::nanoseconds first_pause = std::chrono::milliseconds(50);
  std::chrono::nanoseconds longest_pause = std::chrono::seconds(1);
  std::function<uint64_t()> random;  // empty: fast_random64
};

/// run() is the body of a thread; stop(), called after the gate's stop(), ends it.
class Reflector {
 public:
  Reflector(Resource resource, ApiServer server, Gate& gate, Sink& sink, Pace pace);
  void run();
  void stop() { client_.stop(); }

 private:
  enum class End : uint8_t {
    clean,    // the server ended the request as it should
    failed,   // it did not; try again after a pause
    gone,     // the resource version is too old (or unknown to a restored server): list again
    refused,  // the server does not know streaming lists
  };

  End stream(bool initial);
  bool take_event(std::string_view line, bool& initial, End& end);
  End list();
  End list_page(const std::string& query, ListMetadata& meta);
  Reply request(const std::string& query, std::chrono::seconds silence,
                const std::function<bool(std::string_view)>& body);
  End judge(const Reply& reply, std::string_view verb);
  End broken(std::string_view verb, const std::string& problem);
  void open_snapshot();
  void close_snapshot(const std::string& version);
  void take_object(Result<Object> object);

  const Resource resource_;
  Gate& gate_;
  Sink& sink_;
  const Pace pace_;
  ApiClient client_;
  Decoder decoder_;
  Backoff backoff_;
  std::string version_;  // where the next watch resumes; empty: a snapshot is needed
  std::chrono::seconds retry_after_{0};
  bool snapshot_open_ = false;
  bool progress_ = false;  // something was read since the last pause
};

}  // namespace portolan::cluster
