// One evaluation of an expression for one query: walks the tree, with bounds on steps and memory.
#pragma once

#include <span>
#include <string_view>
#include <utility>

#include "plugins/common/expression/builtins.h"
#include "plugins/common/expression/program.h"

namespace portolan::expression {

/// Used by one worker, for one evaluation. The first failure is kept; from then on everything is nil.
class Evaluation {
 public:
  /// `query` is null while constants are folded: nothing then asks for it.
  Evaluation(Arena& arena, server::Query* query, std::span<const Value> variables, const Groups* groups)
      : arena_(arena), query_(query), variables_(variables), groups_(groups) {}

  Value run(const Node& node);
  bool failed() const { return !error_.empty(); }
  std::string_view error() const { return error_; }
  size_t memory() const { return memory_; }

  // For the functions.
  Value fail(std::string_view what, std::string_view rest = {}, std::string_view end = {});
  Arena& arena() { return arena_; }
  server::Query& query() { return *query_; }
  const Groups* groups() const { return groups_; }
  /// Counts what is allocated from the arena; false and failed() beyond the bound.
  bool spend(size_t octets);
  /// Counts work that is not a node of the tree; false and failed() beyond the bound.
  bool work(size_t steps);
  /// `count` values to be filled in; empty when that is too much.
  std::span<Value> values(size_t count);
  /// A value as text; empty and failed() when that is too much.
  std::string_view text_of(const Value& value);
  /// Whether `value`, an argument of `node`, is of the kind; fails if not.
  bool expect(const Node& node, const Value& value, Kind kind);
  bool expect_number(const Node& node, const Value& value);
  /// Equality: numbers by their amount, arrays and maps by what is in them; values of different kinds are not equal.
  /// All that is looked at is counted as work; false and failed() beyond the bound. Nesting is looked into up to a
  /// depth that no bounded evaluation reaches.
  bool same(const Value& a, const Value& b, unsigned depth = 0);

  /// What a predicate is asked about: # #index and #acc. The innermost one counts, until it goes.
  class Scope {
   public:
    Scope(Evaluation& evaluation, std::span<const Value> over)
        : elements(over), evaluation_(evaluation), outer_(std::exchange(evaluation.scope_, this)) {}
    ~Scope() { evaluation_.scope_ = outer_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

    std::span<const Value> elements;
    size_t index = 0;
    Value total;

   private:
    Evaluation& evaluation_;
    const Scope* outer_;
  };

 private:
  Value binary(const Node& node);
  Value logic(const Node& node);
  Value order(const Node& node, const Value& left, const Value& right);
  Value arithmetic(const Node& node, const Value& left, const Value& right);
  Value membership(const Value& left, const Value& right);
  Value text_operator(const Node& node, const Value& left, const Value& right);
  Value range(const Node& node, const Value& from, const Value& to);
  Value unary(const Node& node);
  Value member(const Node& node);
  Value slice(const Node& node);
  Value collect(const Node& node);
  Value let(const Node& node);
  Value call(const Node& node);
  Value mismatch(const Node& node, const Value& left, const Value& right);

  static constexpr size_t kMaxLocals = 64;  // more than the parser nests

  Arena& arena_;
  server::Query* query_;
  std::span<const Value> variables_;
  const Groups* groups_;
  const Value* locals_[kMaxLocals];  // NOLINT: not cleared for each query; only what a `let` around has set is read
  const Scope* scope_ = nullptr;
  size_t steps_ = 0, memory_ = 0;
  bool broken_ = false;  // a ?. found nil: what is left of the chain is passed over
  std::string_view error_;
};

// The functions, by what they work on; `arguments` are evaluated.
Value call_predicate(Evaluation& evaluation, const Node& node);
Value call_text_function(Evaluation& evaluation, const Node& node, std::span<const Value> arguments);
Value call_array_function(Evaluation& evaluation, const Node& node, std::span<const Value> arguments);
Value call_number_function(Evaluation& evaluation, const Node& node, std::span<const Value> arguments);

/// Brings both into the order of `keys`, numbers or texts; equal ones stay in order. `direction` is asc or desc; false
/// and failed() when there is no such order.
bool sort_values(Evaluation& evaluation, std::span<Value> keys, std::span<Value> elements, std::string_view direction);

/// Whether one number comes before another when they are sorted: NaN first, as Go's sort.Float64s has it. Unlike `<` an
/// order that sorting can rely on.
bool sorts_before(const Value& a, const Value& b);
/// The element or the pair's value, by number (negative ones count from the end) or key; null when there is none.
const Value* element_of(const Value& base, const Value& key);
/// As a number without fraction, as Go converts; what does not fit is the smallest one.
int64_t truncated(double value);

}  // namespace portolan::expression
