// The `pprof` plugin: profiles of the process over HTTP, for `go tool pprof`.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/http/endpoint.h"
#include "server/plugin.h"

namespace portolan::pprof {

/// Not in the chain. Nothing is measured unless somebody asks.
class Pprof : public server::Startable {
 public:
  explicit Pprof(std::string address) : address_(std::move(address)) {}
  Result<void> prepare() override;
  void stop(server::Deadline) noexcept override;

  /// What is listened on, from prepare() to stop().
  const server::http::Endpoint& endpoint() const { return *endpoint_; }

 private:
  const std::string address_;
  std::shared_ptr<server::http::Endpoint> endpoint_;
  std::vector<server::http::Endpoint::Route> routes_;
};

}  // namespace portolan::pprof
