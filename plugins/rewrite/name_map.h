// Names of a reply led back to what the client knows.
#pragma once

#include "base/arena.h"
#include "dns/name.h"
#include "plugins/rewrite/pattern.h"

namespace portolan::rewrite {

enum class Mapped : uint8_t { same, changed, invalid };

/// From names to names. Lies in a rule or in the query's arena, where nothing is destroyed.
class NameMap {
 public:
  /// Makes `name` what it leads to, in `arena`. Invalid: what comes out is no name; `name` stays.
  virtual Mapped map(dns::NameView& name, Arena& arena) const = 0;

 protected:
  ~NameMap() = default;
};

/// One name to another, and what lies below it: the way back of a question that was renamed. Case counts, as with
/// CoreDNS.
class Remap final : public NameMap {
 public:
  Remap(dns::NameView from, dns::NameView to) : from_(from), to_(to), labels_(from.label_count()) {}
  Mapped map(dns::NameView& name, Arena& arena) const override;

 private:
  dns::NameView from_, to_;
  unsigned labels_;
};

/// Names that match a pattern.
class PatternMap final : public NameMap {
 public:
  /// `in_lower_case`: names are compared, and given back, in lower case.
  PatternMap(Pattern pattern, Replacement to, bool in_lower_case = false)
      : pattern_(std::move(pattern)), to_(std::move(to)), in_lower_case_(in_lower_case) {}
  Mapped map(dns::NameView& name, Arena& arena) const override;

 private:
  Pattern pattern_;
  Replacement to_;
  bool in_lower_case_;
};

}  // namespace portolan::rewrite
