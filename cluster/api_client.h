// HTTP requests to an API server: one at a time per client, with the reply's body handed on as it arrives.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cluster/encoding.h"
#include "cluster/http_client.h"
#include "cluster/source.h"

namespace portolan::cluster {

/// `text` as it stands in a query string (RFC 3986 section 2.1).
std::string query_escape(std::string_view text);

struct Reply {
  int status = 0;                      // 0: there was no complete reply, `problem` says why
  std::string problem;                 // also of a 200 reply whose body was cut off: then status is 200 as well
  Encoding encoding = Encoding::json;  // what its Content-Type says of the body
  std::string body;                    // of any status but 200, its first 64 KiB
  std::chrono::seconds retry_after{0};
  bool silent = false;  // the connection was given up because nothing came
};

/// Used by one thread; stop() may be called by any.
class ApiClient {
 public:
  using BodyReceiver = std::function<bool(Encoding encoding, std::string_view piece)>;
  struct Receiver {
    std::function<void(int status)> begun;  // the reply's head has arrived, or will not come (0); called once
    BodyReceiver body;                      // of a 200 reply; false: enough
  };

  explicit ApiClient(ApiServer server);
  ~ApiClient();

  /// Whether the configuration can work at all.
  static Result<void> check(const ApiServer& server);
  /// GET `path` (with its query). `best`: the encoding asked for, before JSON. `silence`: how long nothing may arrive.
  Reply get(const std::string& path, Encoding best, std::chrono::milliseconds silence, const Receiver& receiver);
  /// Ends the request under way at once; later ones fail.
  void stop();

 private:
  struct Impl;
  Reply request(const std::string& path, Encoding best, std::chrono::milliseconds silence, const BodyReceiver& body,
                const std::function<void(int)>& begin);

  std::unique_ptr<Impl> impl_;
};

}  // namespace portolan::cluster
