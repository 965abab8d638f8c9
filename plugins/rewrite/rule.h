// Rules, and one query's way through them: its question as it stands, and what the rules want of the reply.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "plugins/rewrite/name_map.h"
#include "server/query.h"

namespace portolan::rewrite {

// What is to be done to the reply. Plain values, so that they can lie in the query's arena.
struct MapOwner {
  const NameMap* map;
};
/// The name in the rdata of CNAME, DNAME, MX, NAPTR, NS, PTR, SOA and SRV records.
struct MapValue {
  const NameMap* map;
};
/// A CNAME's target; what is behind it is looked up anew.
struct MapAlias {
  const NameMap* map;
};
struct ClampTtl {
  uint32_t least, most;
};
struct SwapRcode {
  dns::Rcode from, to;
};
/// An option that the query got from a rule.
struct DropOption {
  uint16_t code;
};
/// An option of the query that a rule changed.
struct RestoreOption {
  dns::EdnsOption before;
};
using ReplyChange = std::variant<MapOwner, MapValue, MapAlias, ClampTtl, SwapRcode, DropOption, RestoreOption>;

/// One query's; refers to it and lies on the stack or in a coroutine of it.
class Rewriting {
 public:
  explicit Rewriting(server::Query& query)
      : query_(&query), asked_(query.question), repeated_(query.reply().question), changes_(query.arena()) {}

  server::Query& query() const { return *query_; }
  Arena& arena() const { return query_->arena(); }
  /// The question before all rules, in the query and in the reply.
  void restore_question() const {
    query_->question = asked_;
    query_->reply().question = repeated_;
  }
  /// The name of the question as it stands: lower case, presentation form.
  std::string_view name();
  /// Whether the name of the question as it stands matches.
  bool fits(const Pattern& pattern) {
    return pattern.is_exact() ? pattern.equals(query_->question.lower) : pattern.matches(name());
  }
  /// What the name of the question as it stands is to become; nothing when it does not match.
  std::optional<std::string_view> replaced(const Pattern& pattern, const Replacement& to) {
    if (!pattern.is_exact()) return pattern.replaced(name(), to, arena());
    return fits(pattern) ? std::optional<std::string_view>(to.text()) : std::nullopt;
  }
  /// Gives the question another name, from presentation form. False, and noted in broken(): it is no name.
  bool rename(std::string_view text);
  std::optional<std::string_view> broken() const { return broken_; }

  /// To be done to the reply. What is wanted last is done first.
  void later(const ReplyChange& change) { changes_.push_back(change); }
  std::span<const ReplyChange> changes() const { return changes_; }

 private:
  server::Query* query_;
  dns::Question asked_, repeated_;
  std::string_view name_;  // empty: to be made
  std::optional<std::string_view> broken_;
  ArenaVector<ReplyChange> changes_;
};

/// One `rewrite` directive. Unchanging; for all workers.
class Rule {
 public:
  virtual ~Rule() = default;
  /// Does what the rule says; false when it does not fit the query.
  virtual bool apply(Rewriting& rewriting) const = 0;
  /// An option that replies repeat because this rule is there.
  virtual std::optional<uint16_t> echoed() const { return std::nullopt; }

  bool stops = true;  // no rule behind one that fits is looked at
};

using RulePtr = std::shared_ptr<const Rule>;

}  // namespace portolan::rewrite
