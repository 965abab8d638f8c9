// Keeps a sink in step with one kind of object at an API server: a list, then a watch, for ever.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "cluster/api_client.h"
#include "cluster/decode.h"
#include "cluster/encoding.h"
#include "cluster/flow_control.h"
#include "cluster/request_metrics.h"
#include "cluster/source.h"

namespace portolan::cluster {

/// What a reflector asks for.
struct Resource {
  Kind kind = Kind::service;
  std::string group;                       // "discovery.k8s.io"; empty: the core group
  std::string plural;                      // "services", for messages
  std::string path;                        // "/api/v1/services"
  std::string selection;                   // "&labelSelector=...&fieldSelector=...", escaped; may be empty
  Encoding encoding = Encoding::protobuf;  // the best one that servers have; JSON for custom resources
  bool may_be_undefined = false;           // of a CustomResourceDefinition, which a cluster need not have
};
/// The resource of `kind`, with the selectors of `wanted`.
Resource resource(Kind kind, const Wanted& wanted);

/// Pauses, patience and randomness, which tests choose.
struct Pace {
  std::chrono::nanoseconds first_pause = std::chrono::milliseconds(50);
  std::chrono::nanoseconds longest_pause = std::chrono::milliseconds(900);
  std::function<uint64_t()> random;                                          // empty: fast_random64
  std::chrono::nanoseconds first_undefined_pause = std::chrono::seconds(1);  // the kind is not there (yet)
  std::chrono::nanoseconds longest_undefined_pause = std::chrono::seconds(30);
  /// A watch lasts this long or up to two seconds longer: its end is the heartbeat that HTTP/1.1 lacks.
  std::chrono::seconds shortest_watch{5};
  /// How long nothing may arrive: longer than any watch lasts. Doubled each time, up to the second value, until
  /// something does: an API server may need a minute for a list.
  std::chrono::milliseconds silence = std::chrono::seconds(9);
  std::chrono::milliseconds longest_silence = std::chrono::seconds(72);
};

/// run() is the body of a thread; stop(), called after the gate's stop(), ends it.
class Reflector {
 public:
  Reflector(Resource resource, ApiServer server, Gate& gate, Sink& sink, Pace pace);
  void run();
  void stop() { client_.stop(); }

 private:
  enum class End : uint8_t {
    clean,      // the server ended the request as it should
    failed,     // it did not; try again after a pause
    gone,       // the resource version is too old (or unknown to a restored server): list again
    refused,    // the server does not know streaming lists
    undefined,  // the server does not know this kind of object
  };

  End stream(bool initial);
  bool take_event(Event&& event, bool& syncing, End& end);
  End list();
  End list_page(const std::string& query, ListMetadata& meta);
  Reply request(const std::string& query, const std::function<bool(Encoding, std::string_view)>& body);
  void count(int status, std::chrono::nanoseconds duration);
  End judge(const Reply& reply, std::string_view verb);
  End broken(std::string_view verb, const std::string& problem);
  End unreadable(std::string_view verb, Encoding encoding, const std::string& problem);
  void open_snapshot();
  void close_snapshot(const std::string& version);
  void take_object(Result<Object> object);
  void report_undefined();

  const Resource resource_;
  Gate& gate_;
  Sink& sink_;
  const Pace pace_;
  const RequestMetrics metrics_;
  ApiClient client_;
  Decoder decoder_;
  Backoff backoff_, undefined_backoff_;
  Encoding best_;        // what is asked for
  std::string version_;  // where the next watch resumes; empty: a snapshot is needed
  std::chrono::seconds retry_after_{0};
  bool snapshot_open_ = false;
  bool progress_ = false;   // something was read since the last pause
  bool current_ = false;    // and with it the state was current
  bool read_once_ = false;  // a snapshot has been complete
  bool undefined_ = false;  // it has been said that the kind is not there
  std::chrono::milliseconds patience_;
};

}  // namespace portolan::cluster
