// Gives every part of an expression its type and resolves its names, so that most mistakes show at start.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "plugins/common/expression/program.h"
#include "plugins/common/expression/token.h"
#include "plugins/common/regex.h"

namespace portolan::expression {

struct Builtin;

/// What nodes point to.
struct Constants {
  Arena arena;
  std::deque<Regex> patterns;
  std::deque<IpPrefix> prefixes;
};

class Checker {
 public:
  Checker(const Environment& environment, Constants& constants) : environment_(environment), constants_(constants) {}
  /// False with problem() set when the expression means nothing.
  bool run(Node& root) {
    check(root);
    return !problem_;
  }
  const Problem& problem() const { return *problem_; }

 private:
  struct Local {
    std::string_view name;
    Type type;
  };
  struct Scope {
    Type collection;
    bool indexed, totalled;  // #index and #acc are there
  };

  Type check(Node& node);
  Type of(Node& node);
  Type identifier(Node& node);
  Type pointer(Node& node);
  Type unary(Node& node);
  Type binary(Node& node);
  Type arithmetic(Node& node, const Type& left, const Type& right);
  Type membership(Node& node, const Type& left, const Type& right);
  Type conditional(Node& node);
  Type member(Node& node);
  Type slice(Node& node);
  Type array(Node& node);
  Type let(Node& node);
  Type call(Node& node);
  Type builtin(Node& node);
  Type predicate(Node& node, const Type& collection);
  Type given(const Node& node, const Builtin& builtin, const Type& predicate) const;
  void arguments(Node& node, std::string_view wanted, bool has_predicate);
  bool count_fits(const Node& node, std::string_view wanted);
  void argument(const Node& node, const Node& given, char wanted);
  Type mismatch(const Node& node, const Type& left, const Type& right);
  Type fail(const Node& node, std::string message);

  const Environment& environment_;
  Constants& constants_;
  std::vector<Local> locals_;
  std::vector<Scope> scopes_;
  std::optional<Problem> problem_;
};

/// A text as messages have it.
std::string_view operator_text(Op op);

}  // namespace portolan::expression
