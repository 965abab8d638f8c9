// Asking the expressions.
#include "plugins/view/view.h"

namespace portolan::view {

bool View::accepts(server::Query& query) const {
  for (const expression::Program& each : expressions_) {
    const expression::Evaluated result = each.evaluate(query);
    if (!result.error.empty() || !result.value.is_true()) return false;
  }
  return true;
}

void View::annotate(server::Query&, server::Metadata& metadata) const { metadata.set("view/name", name_); }

}  // namespace portolan::view
