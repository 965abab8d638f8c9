// The `ready` plugin: an HTTP endpoint that says whether all plugins have what they need.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/endpoint.h"
#include "server/plugin.h"
#include "server/setup.h"

namespace portolan::ready {

struct Options {
  std::string address = ":8181";
  bool continuously = false;  // else a plugin that was ready once is not asked again
};

/// The plugins that are asked: those of all blocks of one configuration that have the directive. Asked on the
/// endpoint's threads.
class Plugins {
 public:
  void add(std::string_view name, const server::Readiness& readiness, bool continuously);
  /// The names of those that are not ready, sorted and each once: "kubernetes,secondary"; empty: all are.
  std::string waiting();

 private:
  struct Asked {
    std::string name;
    const server::Readiness* readiness;  // null: was ready once
    bool continuously;
  };
  std::mutex mutex_;
  std::vector<Asked> asked_;
};

/// One server block's directive. Not in the chain.
class Ready : public server::Startable {
 public:
  Ready(Options options, const server::Block& block, std::shared_ptr<Plugins> plugins)
      : options_(std::move(options)), block_(block), plugins_(std::move(plugins)) {}
  Result<void> prepare() override;
  void lameduck() noexcept override { close(); }
  void stop(server::Deadline) noexcept override { close(); }

  /// Where it listens; for tests.
  const server::http::Endpoint* endpoint() const { return endpoint_.get(); }

 private:
  void close() noexcept;

  Options options_;
  const server::Block& block_;
  std::shared_ptr<Plugins> plugins_;
  std::shared_ptr<server::http::Endpoint> endpoint_;
  server::http::Endpoint::Route route_;
};

}  // namespace portolan::ready
