// Label selectors in Kubernetes' syntax: `app=web,tier in (front, data),!canary`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cluster/objects.h"

namespace portolan::cluster {

/// All requirements must hold. Without requirements it matches everything.
class Selector {
 public:
  enum class Operator : uint8_t { in, not_in, exists, does_not_exist };
  struct Requirement {
    std::string key;
    Operator op = Operator::exists;
    std::vector<std::string> values;
  };

  Selector() = default;
  explicit Selector(std::vector<Requirement> requirements) : requirements_(std::move(requirements)) {}

  bool matches(const Labels& labels) const;
  bool empty() const { return requirements_.empty(); }
  /// The form an API server takes as `labelSelector`.
  std::string text() const;

 private:
  std::vector<Requirement> requirements_;
};

/// Equality (`=`, `==`) and set-based (`in`, `notin`, existence) requirements. CoreDNS takes no other in `labels` and
/// `namespace_labels`: `!=`, `gt` and `lt` are refused. The error is what CoreDNS says after the quoted value.
Result<Selector> parse_selector(std::string_view text);

}  // namespace portolan::cluster
