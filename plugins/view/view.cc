// Asking the expressions, and those whose labels they need.
#include "plugins/view/view.h"

#include <algorithm>

namespace portolan::view {
namespace {

// How long CoreDNS, which is silent meanwhile, waits for the cluster.
constexpr std::chrono::seconds kPatience{5};

}  // namespace

// Who is in front of a label's slash, where it is a plugin of this block that can be ready or not.
Result<void> View::prepare() {
  for (const expression::Program& each : expressions_) {
    for (const std::string& label : each.labels()) {
      const auto* source = dynamic_cast<const server::Readiness*>(block_.other(label.substr(0, label.find('/'))));
      if (source && std::find(sources_.begin(), sources_.end(), source) == sources_.end()) sources_.push_back(source);
    }
  }
  patience_ = clock_.now() + kPatience;
  return {};
}

server::Viewer::Takes View::takes(server::Query& query) const {
  for (const server::Readiness* source : sources_) {
    if (!source->ready() && clock_.now() < patience_) return Takes::later;
  }
  for (const expression::Program& each : expressions_) {
    const expression::Evaluated result = each.evaluate(query);
    if (!result.error.empty() || !result.value.is_true()) return Takes::no;
  }
  return Takes::yes;
}

void View::annotate(server::Query&, server::Metadata& metadata) const { metadata.set("view/name", name_); }

}  // namespace portolan::view
