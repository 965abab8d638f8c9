// The `health` plugin: an HTTP endpoint that says that the process lives.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "server/http/endpoint.h"
#include "server/plugin.h"

namespace portolan::health {

struct Options {
  std::string address = ":8080";
  std::chrono::nanoseconds lameduck{0};
};

/// Not in the chain. Always healthy, also before everything is synchronized and while the process is being shut down; a
/// thread asks the endpoint once a second, as a client would, and counts how that goes.
class Health : public server::Startable {
 public:
  explicit Health(Options options) : options_(std::move(options)) {}
  Result<void> prepare() override;
  void lameduck() noexcept override;
  void stop(server::Deadline) noexcept override;

 private:
  class Checker;
  Options options_;
  std::shared_ptr<server::http::Endpoint> endpoint_;
  server::http::Endpoint::Route route_;
  std::shared_ptr<Checker> checker_;
};

}  // namespace portolan::health
