// The `errors` plugin: says why a query failed, and puts repeated errors together.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/loop.h"
#include "plugins/common/regex.h"
#include "server/plugin.h"

namespace portolan::errors {

/// A `consolidate` line.
struct Consolidation {
  std::chrono::nanoseconds period;
  Regex pattern;
  log::Level level = log::Level::error;
  bool show_first = false;
};

struct Options {
  bool stacktrace = false;
  bool ede = false;
  std::vector<Consolidation> consolidations;
};

/// One instance for all workers; counts of errors that are put together are shared, since they are rare.
class Errors : public server::Handler, public server::Startable {
 public:
  Errors(Options options, Loop& background);
  ~Errors() override;
  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  /// What was counted so far is written.
  void stop(server::Deadline) noexcept override;

 private:
  class Counted;

  Task<server::Outcome> report_later(server::Query& query, Task<server::Outcome> rest);
  Task<server::Outcome> serve_traced(server::Query& query, server::Next next);
  void look_at(server::Query& query, const server::Outcome& outcome);
  void report(server::Query& query, const server::Outcome& outcome);

  bool stacktrace_;
  bool ede_;
  std::vector<std::shared_ptr<Counted>> counted_;
};

}  // namespace portolan::errors
