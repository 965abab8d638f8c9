// Reads tokens into a tree, by operator precedence.
#pragma once

#include <initializer_list>
#include <optional>
#include <vector>

#include "plugins/common/expression/node.h"
#include "plugins/common/expression/token.h"

namespace portolan::expression {

/// The first thing that is wrong is kept; from then on everything returns at once.
class Parser {
 public:
  /// Texts of constants are copied into `texts`, which must outlive the tree.
  Parser(std::vector<Token> tokens, Arena& texts) : tokens_(std::move(tokens)), texts_(texts) {}
  /// Empty with problem() set when the tokens are no expression.
  std::optional<Node> run();
  const Problem& problem() const { return *problem_; }

 private:
  static constexpr unsigned kMaxDepth = 64;  // of what is nested by hand

  Node sequence();
  Node expression(int precedence);
  bool infix(Node& left, int precedence, std::string& before);
  Node comparison(Node left, const Token& op, int precedence);
  Node primary();
  Node secondary();
  Node unary(const Token& op, int precedence);
  Node conditional(Node condition);
  Node if_else();
  Node let();
  Node number(const Token& token);
  Node array();
  Node map();
  Node postfix(Node base);
  Node member(Node base, bool optional);
  Node subscript(Node base, bool optional);
  Node pointer();
  Node call(const Token& name, std::vector<Node> arguments);
  Node predicate();

  Node make(Op op, uint32_t at, std::vector<Node> children = {});
  Node join(Op op, uint32_t at, Node left, Node right);
  Node copy(const Node& node);
  Node text_node(const Token& token);
  bool expect_op(std::string_view word);
  bool expect_bracket(std::string_view word);
  const Token& current() const { return tokens_[next_]; }
  Token take();
  void unexpected();
  void fail(std::string message, uint32_t at);
  bool failed() const { return problem_.has_value(); }

  std::vector<Token> tokens_;
  Arena& texts_;
  size_t next_ = 0;
  unsigned depth_ = 0;       // of calls
  unsigned predicates_ = 0;  // that what is read lies within
  unsigned nodes_ = 0;
  std::optional<Problem> problem_;
};

}  // namespace portolan::expression
