// etcd's API over HTTP with JSON (its gRPC gateway, /v3), as far as reading keys needs it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cluster/http_client.h"
#include "cluster/stream.h"

namespace portolan::etcd {

/// A range of keys, [key, end); an empty end: `key` alone.
struct Range {
  std::string key, end;
  bool operator==(const Range&) const = default;
};

struct KeyValue {
  std::string key, value;
  int64_t lease = 0;
  int64_t revision = 0;  // of its last change
};

struct Header {
  std::string cluster;   // the cluster's id
  int64_t revision = 0;  // of the whole store
};

/// Part of a range, read as it was at `header.revision`.
struct Page {
  Header header;
  std::vector<KeyValue> values;
  bool more = false;
};

/// A message of a watch.
struct WatchMessage {
  struct Event {
    bool put = true;
    KeyValue value;  // of a deletion: the key and the revision
  };
  Header header;
  int64_t watch = 0;  // which of the watches, from 1 on
  bool created = false, canceled = false;
  int64_t compacted = 0;  // history before this revision is gone
  std::string reason;     // why it was canceled
  std::vector<Event> events;
};

/// gRPC's codes, as far as they make a difference here; anything else that went wrong is `other`.
enum class Fault : uint8_t {
  none,
  unreachable,      // no reply, or one that is no answer of etcd's
  unauthenticated,  // the token is of no use (any more)
  denied,           // the user may not read this
  compacted,
  not_enabled,  // authentication is off
  too_large,    // a reply, for the memory that one may have
  other,
};

struct Answer {
  Fault fault = Fault::none;
  std::string problem;
  bool silent = false;  // unreachable: nothing came, although there is a connection
  bool ok() const { return fault == Fault::none; }
  /// It says nothing of what was asked for: another connection or another token may get a reply.
  bool is_passing() const { return fault == Fault::unreachable || fault == Fault::unauthenticated; }
};

/// Speaks to one endpoint. Used by one thread; stop() may be called by any.
class Gateway {
 public:
  explicit Gateway(cluster::ApiServer server) : client_(std::move(server)) {}

  /// Asks for a token that all later requests carry.
  Answer authenticate(const std::string& user, const std::string& password);
  /// Up to `limit` keys of `range` in order, as of `revision` (0: now).
  Answer read(const Range& range, int64_t revision, int limit, Page& page);
  /// Whether it reads what a majority of the cluster confirms; `range` is what may be read.
  Answer confirm(const Range& range, std::chrono::milliseconds patience);
  /// Seconds that a lease still has; nothing: there is no such lease.
  Answer time_to_live(int64_t lease, std::optional<int64_t>& seconds, int64_t& granted);
  /// Watches `ranges[i]` from revision `from[i]` on as watch i+1, until `each` says false or the connection ends.
  Answer watch(const std::vector<Range>& ranges, const std::vector<int64_t>& from,
               const std::function<bool(WatchMessage&&)>& each);

  void stop() { client_.stop(); }

 private:
  cluster::HttpRequest request(std::string_view api, std::string body) const;
  Answer call(std::string_view api, std::string body, std::string& reply, std::chrono::milliseconds patience);
  Answer call(std::string_view api, std::string body, std::string& reply);

  cluster::HttpClient client_;
  std::string token_;
};

/// Reads what a gateway sends; for Gateway and for tests and fuzzing.
Result<Page> read_page(std::string_view json);
Result<WatchMessage> read_watch_message(std::string_view json);

}  // namespace portolan::etcd
