// HTTP requests to a server that is named by an ApiServer: one at a time per client, over a connection that is kept,
// with the reply's body handed on as it arrives.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cluster/source.h"

namespace portolan::cluster {

/// Where a URL points to.
struct Address {
  bool tls = false;
  std::string host;  // without brackets
  int port = 0;
  std::string prefix;  // what stands before every path, "" or "/k8s/clusters/x"
};
/// Without a scheme it is https when anything about TLS is configured, as in client-go.
Result<Address> parse_url(const ApiServer& server);

struct HttpRequest {
  std::string method = "GET";
  std::string path;  // with its query
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct HttpReply {
  int status = 0;       // 0: there was no complete reply, `problem` says why
  std::string problem;  // also of a 200 reply whose body was cut off: then status is 200 as well
  std::string body;     // of any status but 200, its first 64 KiB
  bool silent = false;  // the connection was given up because nothing came
};

/// Used by one thread; stop() may be called by any.
class HttpClient {
 public:
  using HeaderOf = std::function<std::string(const char* name)>;
  struct Receiver {
    std::function<void(int status, const HeaderOf& header)> head;  // called once the reply's head has arrived
    std::function<bool(std::string_view piece)> body;              // of a 200 reply; false: enough
  };

  explicit HttpClient(ApiServer server);
  ~HttpClient();

  /// `silence`: how long nothing may arrive.
  HttpReply send(const HttpRequest& request, std::chrono::milliseconds silence, const Receiver& receiver);
  /// What the next connection is made with; a change needs drop() to show on a connection that is open.
  ApiServer& server();
  void drop();
  /// Ends the request under way at once; later ones fail.
  void stop();
  bool is_stopped();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace portolan::cluster
