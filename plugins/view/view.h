// The `view` plugin: says by expressions whose queries a server block takes.
#pragma once

#include <string>
#include <vector>

#include "plugins/common/expression/program.h"
#include "server/setup.h"

namespace portolan::view {

/// Unchanging once it serves, for all workers. The core asks it before the chain runs; in the chain it only passes
/// queries on.
class View : public server::Handler, public server::Viewer, public server::Annotator, public server::Startable {
 public:
  View(std::string name, std::vector<expression::Program> expressions, const server::Block& block, const Clock& clock)
      : name_(std::move(name)), expressions_(std::move(expressions)), block_(block), clock_(clock) {}

  Task<server::Outcome> serve(server::Query& query, server::Next next) override { return next(query); }
  /// Whether every expression is true; one that fails or is no bool is not. Later, for a few seconds from the start:
  /// while a plugin whose labels are asked for is not ready.
  Takes takes(server::Query& query) const override;
  std::string_view view_name() const override { return name_; }
  /// `view/name`.
  void annotate(server::Query& query, server::Metadata& metadata) const override;
  Result<void> prepare() override;

 private:
  std::string name_;
  std::vector<expression::Program> expressions_;
  const server::Block& block_;
  const Clock& clock_;
  std::vector<const server::Readiness*> sources_;  // of the labels
  SteadyTime patience_{};                          // until then they are waited for
};

}  // namespace portolan::view
