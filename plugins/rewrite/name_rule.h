// `rewrite name`: another name for the question, and the way back for the names of the reply.
#pragma once

#include <memory>
#include <vector>

#include "plugins/rewrite/rule.h"

namespace portolan::rewrite {

class NameRule final : public Rule {
 public:
  NameRule(Pattern pattern, Replacement to) : pattern_(std::move(pattern)), to_(std::move(to)) {}
  bool apply(Rewriting& rewriting) const override;

  /// Whatever the question was called is called again as it was asked for (`answer auto`).
  void map_back() { maps_back_ = true; }
  void map_owners(std::unique_ptr<PatternMap> map) { add<MapOwner>(std::move(map)); }
  void map_values(std::unique_ptr<PatternMap> map) { add<MapValue>(std::move(map)); }
  /// Both with one map.
  void map_names(std::unique_ptr<PatternMap> map) {
    changes_.push_back(MapOwner{map.get()});
    add<MapValue>(std::move(map));
  }

 private:
  template <class Change>
  void add(std::unique_ptr<PatternMap> map) {
    changes_.push_back(Change{map.get()});
    maps_.push_back(std::move(map));
  }

  Pattern pattern_;
  Replacement to_;
  bool maps_back_ = false;
  std::vector<std::unique_ptr<PatternMap>> maps_;
  std::vector<ReplyChange> changes_;
};

}  // namespace portolan::rewrite
