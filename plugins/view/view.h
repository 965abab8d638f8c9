// The `view` plugin: says by expressions whose queries a server block takes.
#pragma once

#include <string>
#include <vector>

#include "plugins/common/expression/program.h"
#include "server/plugin.h"

namespace portolan::view {

/// Unchanging, for all workers. The core asks it before the chain runs; in the chain it only passes queries on.
class View : public server::Handler, public server::Viewer, public server::Annotator {
 public:
  View(std::string name, std::vector<expression::Program> expressions)
      : name_(std::move(name)), expressions_(std::move(expressions)) {}

  Task<server::Outcome> serve(server::Query& query, server::Next next) override { return next(query); }
  /// Whether every expression is true; one that fails or is no bool is not.
  bool accepts(server::Query& query) const override;
  std::string_view view_name() const override { return name_; }
  /// `view/name`.
  void annotate(server::Query& query, server::Metadata& metadata) const override;

 private:
  std::string name_;
  std::vector<expression::Program> expressions_;
};

}  // namespace portolan::view
