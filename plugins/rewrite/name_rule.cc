// Renaming the question.
#include "plugins/rewrite/name_rule.h"

namespace portolan::rewrite {

bool NameRule::apply(Rewriting& rewriting) const {
  const auto renamed = rewriting.replaced(pattern_, to_);
  if (!renamed) return false;
  const dns::NameView before = rewriting.query().question.lower;
  if (!rewriting.rename(*renamed)) return true;
  if (maps_back_) {
    const NameMap* map = rewriting.arena().make<Remap>(rewriting.query().question.name, before);
    rewriting.later(MapOwner{map});
    rewriting.later(MapValue{map});
  }
  for (const ReplyChange& change : changes_) rewriting.later(change);
  return true;
}

}  // namespace portolan::rewrite
