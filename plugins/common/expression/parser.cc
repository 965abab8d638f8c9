// Precedences and associativity are expr's; a chain of `and` or `or` becomes one node, so that long lists stay flat.
#include "plugins/common/expression/parser.h"

#include <algorithm>

namespace portolan::expression {
namespace {

constexpr unsigned kMaxHeight = 200;  // of the tree, which the evaluation walks down
constexpr unsigned kMaxNodes = 10000;

struct Infix {
  std::string_view word;
  int precedence;
  Op op;
};
constexpr Infix kInfix[] = {
    {"or", 10, Op::any},
    {"||", 10, Op::any},
    {"and", 15, Op::all},
    {"&&", 15, Op::all},
    {"==", 20, Op::equal},
    {"!=", 20, Op::not_equal},
    {"<", 20, Op::less},
    {">", 20, Op::greater},
    {">=", 20, Op::greater_equal},
    {"<=", 20, Op::less_equal},
    {"in", 20, Op::in},
    {"matches", 20, Op::matches},
    {"contains", 20, Op::contains},
    {"startsWith", 20, Op::starts_with},
    {"endsWith", 20, Op::ends_with},
    {"..", 25, Op::range},
    {"+", 30, Op::add},
    {"-", 30, Op::subtract},
    {"*", 60, Op::multiply},
    {"/", 60, Op::divide},
    {"%", 60, Op::modulo},
    {"**", 100, Op::power},
    {"^", 100, Op::power},
    {"??", 500, Op::coalesce},
};
constexpr int kNotPrecedence = 50, kSignPrecedence = 90;

const Infix* infix_of(const Token& token) {
  if (token.kind != TokenKind::op) return nullptr;
  const auto* found =
      std::find_if(std::begin(kInfix), std::end(kInfix), [&](const Infix& each) { return each.word == token.text; });
  return found == std::end(kInfix) ? nullptr : found;
}

bool is_comparison(Op op) {
  return op == Op::less || op == Op::greater || op == Op::less_equal || op == Op::greater_equal;
}

unsigned count(const Node& node) {
  unsigned all = 1;
  for (const Node& child : node.children) all += count(child);
  return all;
}

bool takes_not(Op op) {
  return op == Op::contains || op == Op::matches || op == Op::starts_with || op == Op::ends_with || op == Op::in;
}

}  // namespace

std::optional<Node> Parser::run() {
  Node root = sequence();
  if (!failed() && current().kind != TokenKind::end) unexpected();
  if (failed()) return std::nullopt;
  return root;
}

Node Parser::sequence() {
  Node first = expression(0);
  if (!current().is_op(";")) return first;
  std::vector<Node> nodes;
  const uint32_t at = first.at;
  nodes.push_back(std::move(first));
  while (!failed() && current().is_op(";")) {
    take();
    if (current().kind == TokenKind::end) break;
    nodes.push_back(expression(0));
  }
  return make(Op::sequence, at, std::move(nodes));
}

Node Parser::expression(int precedence) {
  if (failed()) return {};
  if (++depth_ > kMaxDepth) fail("nested too deep", current().at);
  Node left;
  if (failed()) {
  } else if (precedence == 0 && current().is_op("let")) {
    left = let();
  } else if (precedence == 0 && current().is_op("if")) {
    left = if_else();
  } else {
    left = primary();
    std::string before;
    while (!failed() && infix(left, precedence, before)) {
    }
    if (precedence == 0) left = conditional(std::move(left));
  }
  --depth_;
  return left;
}

// One operator behind `left` and what belongs to it; false when none follows that binds as tightly as `precedence`.
bool Parser::infix(Node& left, int precedence, std::string& before) {
  if (current().is_op("|")) {
    if (precedence > 0) return false;
    take();
    const Token name = take();
    if (name.kind != TokenKind::identifier) {
      fail("unexpected token \"" + name.text + "\"", name.at);
      return false;
    }
    std::vector<Node> arguments;
    arguments.push_back(std::move(left));
    left = call(name, std::move(arguments));
    before = "|";
    return !failed();
  }
  const bool negated = current().is_op("not");
  const Token& op_token = negated && next_ + 1 < tokens_.size() ? tokens_[next_ + 1] : current();
  const Infix* op = infix_of(op_token);
  if (negated && (!op || !takes_not(op->op))) {
    fail("unexpected token \"" + op_token.text + "\"", op_token.at);
    return false;
  }
  if (!op || op->precedence < precedence) return false;
  if (negated) take();
  const Token token = take();
  if (before == "??" && token.text != "??") {
    fail("operator (" + token.text +
             ") and coalesce expressions (?"
             "?) cannot be mixed: wrap either in parentheses",
         token.at);
    return false;
  }
  before = token.text;
  if (is_comparison(op->op)) {
    left = comparison(std::move(left), token, op->precedence);
    return !failed();
  }
  Node right = expression(op->op == Op::power ? op->precedence : op->precedence + 1);
  left = join(op->op, token.at, std::move(left), std::move(right));
  if (negated) {
    std::vector<Node> operand;
    operand.push_back(std::move(left));
    left = make(Op::negation, token.at, std::move(operand));
  }
  return !failed();
}

// a < b < c is a < b and b < c.
Node Parser::comparison(Node left, const Token& op, int precedence) {
  Node all;
  bool first = true;
  for (Token token = op;;) {
    Node right = expression(precedence + 1);
    if (failed()) return {};
    const Infix* following = infix_of(current());
    const bool more = following && is_comparison(following->op);
    Node next = more ? copy(right) : Node{};
    Node one = join(infix_of(token)->op, token.at, std::move(left), std::move(right));
    all = first ? std::move(one) : join(Op::all, token.at, std::move(all), std::move(one));
    if (!more || failed()) return all;
    first = false;
    left = std::move(next);
    token = take();
  }
}

Node Parser::primary() {
  const Token& token = current();
  if (token.is_op("not") || token.is_op("!")) return unary(take(), kNotPrecedence);
  if (token.is_op("-") || token.is_op("+")) return unary(take(), kSignPrecedence);
  if (token.is_bracket("(")) {
    take();
    Node inner = sequence();
    expect_bracket(")");
    inner.closed = true;
    return postfix(std::move(inner));
  }
  if (predicates_ > 0 && (token.is_op("#") || token.is_op("."))) return postfix(pointer());
  if (token.is_op("::")) {
    take();
    const Token name = take();
    if (name.kind != TokenKind::identifier) {
      fail("unexpected token \"" + name.text + "\"", name.at);
      return {};
    }
    return postfix(call(name, {}));
  }
  return secondary();
}

Node Parser::unary(const Token& op, int precedence) {
  std::vector<Node> operand;
  operand.push_back(expression(precedence));
  const bool negation = op.text == "not" || op.text == "!";
  return postfix(make(negation ? Op::negation : op.text == "-" ? Op::minus : Op::plus, op.at, std::move(operand)));
}

Node Parser::secondary() {
  const Token& token = current();
  switch (token.kind) {
    case TokenKind::identifier: {
      const Token name = take();
      if (name.text == "true" || name.text == "false") {
        Node node = make(Op::constant, name.at);
        node.constant = Value::of(name.text == "true");
        return node;
      }
      if (name.text == "nil") return make(Op::constant, name.at);
      if (current().is_bracket("(")) return postfix(call(name, {}));
      Node node = make(Op::identifier, name.at);
      node.name = name.text;
      return postfix(std::move(node));
    }
    case TokenKind::number:
      return number(take());
    case TokenKind::text:
      return postfix(text_node(take()));
    default:
      if (token.is_bracket("[")) return postfix(array());
      if (token.is_bracket("{")) return postfix(map());
      unexpected();
      return {};
  }
}

Node Parser::make(Op op, uint32_t at, std::vector<Node> children) {
  if (++nodes_ > kMaxNodes) fail("more than " + std::to_string(kMaxNodes) + " parts", at);
  Node node;
  node.op = op;
  node.at = at;
  for (const Node& child : children) {
    node.height = static_cast<uint16_t>(std::max<unsigned>(node.height, child.height + 1U));
  }
  if (node.height > kMaxHeight) fail("nested too deep", at);
  node.children = std::move(children);
  return node;
}

Node Parser::join(Op op, uint32_t at, Node left, Node right) {
  if ((op == Op::all || op == Op::any) && left.op == op && !left.closed) {
    left.height = static_cast<uint16_t>(std::max<unsigned>(left.height, right.height + 1U));
    if (left.height > kMaxHeight || ++nodes_ > kMaxNodes) fail("nested too deep", at);
    left.children.push_back(std::move(right));
    return left;
  }
  std::vector<Node> operands;
  operands.push_back(std::move(left));
  operands.push_back(std::move(right));
  return make(op, at, std::move(operands));
}

// Copies count too: nested ones would double with each level.
Node Parser::copy(const Node& node) {
  nodes_ += count(node);
  if (nodes_ > kMaxNodes) {
    fail("more than " + std::to_string(kMaxNodes) + " parts", node.at);
    return {};
  }
  return node;
}

Node Parser::text_node(const Token& token) {
  Node node = make(Op::constant, token.at);
  node.constant = Value::of(texts_.copy(std::string_view(token.text)));
  return node;
}

bool Parser::expect_op(std::string_view word) {
  if (failed()) return false;
  if (!current().is_op(word)) {
    unexpected();
    return false;
  }
  take();
  return true;
}

bool Parser::expect_bracket(std::string_view word) {
  if (failed()) return false;
  if (!current().is_bracket(word)) {
    unexpected();
    return false;
  }
  take();
  return true;
}

Token Parser::take() {
  Token token = tokens_[next_];
  if (next_ + 1 < tokens_.size()) ++next_;  // the end stays
  return token;
}

void Parser::unexpected() {
  const Token& token = current();
  fail(token.kind == TokenKind::end ? "unexpected token EOF" : "unexpected token \"" + token.text + "\"", token.at);
}

void Parser::fail(std::string message, uint32_t at) {
  if (!problem_) problem_ = Problem{std::move(message), at};
}

}  // namespace portolan::expression
