// The small HTTP services beside DNS (health, ready, metrics): one listening socket an address, shared by everyone who
// names that address, in all server blocks and across a reload.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/result.h"

namespace portolan::server::http {

struct Request {
  std::string_view method;
  std::string_view path;
  std::string_view query;  // what stands behind the `?`, as it was sent
  std::string_view body;
};

struct Response {
  int status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
  std::string location = {};  // of a redirection
};

/// Called on a thread of the endpoint, several at once.
using Handler = std::function<Response(const Request&)>;

/// A listening HTTP server on threads of its own; idle, it uses no CPU. All methods may be called from any thread.
class Endpoint : public std::enable_shared_from_this<Endpoint> {
 public:
  /// The endpoint that listens on `address` ("host:port", ":port" for every address), opened if nobody has it yet. It
  /// closes when the last owner lets go. Error: "listen tcp 127.0.0.1:8080: bind: address already in use".
  static Result<std::shared_ptr<Endpoint>> open(std::string_view address);
  ~Endpoint();

  /// A path is answered for as long as this lives; afterwards its handler does not run any more.
  class Route {
   public:
    Route() = default;
    Route(Route&&) noexcept = default;
    Route& operator=(Route&&) noexcept;
    ~Route() { reset(); }
    void reset();

   private:
    friend class Endpoint;
    std::shared_ptr<Endpoint> endpoint_;
    std::shared_ptr<const void> entry_;
  };

  /// Answers `path` (exactly this one). While the path is taken, by the configuration before a reload, the handler
  /// waits its turn: the oldest answers.
  [[nodiscard]] Route route(std::string path, Handler handler);

  /// What is bound, with the real port where 0 was asked for.
  const SocketAddress& address() const;

  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

 private:
  struct Impl;
  explicit Endpoint(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// One GET over a connection of its own: the status, or why there is none. Every address stands for the loopback one.
Result<int> get_status(const SocketAddress& address, const std::string& path, std::chrono::milliseconds timeout);

}  // namespace portolan::server::http
