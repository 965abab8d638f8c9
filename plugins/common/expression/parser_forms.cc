// Forms with words of their own: choices, let, calls, and what predicates refer to.
#include "plugins/common/expression/builtins.h"
#include "plugins/common/expression/parser.h"

namespace portolan::expression {

Node Parser::conditional(Node condition) {
  while (!failed() && current().is_op("?")) {
    const uint32_t at = take().at;
    std::vector<Node> parts;
    if (current().is_op(":")) {  // a ?: b
      take();
      parts.push_back(copy(condition));
      parts.push_back(std::move(condition));
    } else {
      parts.push_back(std::move(condition));
      parts.push_back(expression(0));
      expect_op(":");
    }
    parts.push_back(expression(0));
    condition = make(Op::conditional, at, std::move(parts));
  }
  return condition;
}

Node Parser::if_else() {
  if (++depth_ > kMaxDepth) fail("nested too deep", current().at);
  const uint32_t at = take().at;
  std::vector<Node> parts;
  parts.push_back(expression(0));
  const auto braced = [&] {
    expect_bracket("{");
    parts.push_back(sequence());
    expect_bracket("}");
  };
  braced();
  expect_op("else");
  if (!failed() && current().is_op("if")) {
    parts.push_back(if_else());
  } else {
    braced();
  }
  --depth_;
  return make(Op::conditional, at, std::move(parts));
}

Node Parser::let() {
  take();
  const Token name = take();
  if (name.kind != TokenKind::identifier) fail("unexpected token \"" + name.text + "\"", name.at);
  if (!failed() && current().is_op("=")) {
    take();
  } else {
    unexpected();
  }
  std::vector<Node> parts;
  parts.push_back(expression(0));
  expect_op(";");
  parts.push_back(sequence());
  Node node = make(Op::let, name.at, std::move(parts));
  node.name = name.text;
  return node;
}

Node Parser::call(const Token& name, std::vector<Node> arguments) {
  const Builtin* builtin = find_builtin(name.text);
  expect_bracket("(");
  const size_t piped = arguments.size();
  while (!failed() && !current().is_bracket(")")) {
    if (arguments.size() > piped && !expect_op(",")) break;
    if (current().is_bracket(")")) break;
    if (builtin && builtin->predicate && arguments.size() == 1) {
      arguments.push_back(predicate());
    } else {
      arguments.push_back(expression(0));
    }
  }
  expect_bracket(")");
  Node node = make(builtin ? Op::builtin : Op::call, name.at, std::move(arguments));
  node.name = name.text;
  if (builtin) node.function = static_cast<uint8_t>(builtin->id);
  return node;
}

Node Parser::predicate() {
  if (++predicates_ > kMaxPredicates) fail("nested too deep", current().at);
  const bool braces = current().is_bracket("{");
  if (braces) take();
  Node body = braces ? sequence() : expression(0);
  if (!braces && current().is_op(";")) fail("wrap predicate with brackets { and }", current().at);
  if (braces) expect_bracket("}");
  --predicates_;
  return body;
}

// #, #index, #acc; a dot alone stands for #.
Node Parser::pointer() {
  const uint32_t at = current().at;
  if (current().is_op(".")) return make(Op::element, at);
  take();
  if (current().kind != TokenKind::identifier) return make(Op::element, at);
  const Token name = take();
  if (name.text != "index" && name.text != "acc") fail("unknown pointer #" + name.text, at);
  return make(name.text == "index" ? Op::index : Op::total, at);
}

}  // namespace portolan::expression
