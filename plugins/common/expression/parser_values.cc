// Numbers, arrays, maps, and what stands behind a value: .name, [index], [from:to].
#include <algorithm>
#include <charconv>

#include "plugins/common/expression/parser.h"

namespace portolan::expression {

Node Parser::number(const Token& token) {
  std::string digits = token.text;
  std::erase(digits, '_');
  Node node = make(Op::constant, token.at);
  const char base = digits.size() > 1 && digits[0] == '0' ? static_cast<char>(digits[1] | 0x20) : '\0';
  const int radix = base == 'x' ? 16 : base == 'o' ? 8 : base == 'b' ? 2 : 10;
  const char* begin = digits.data() + (radix == 10 ? 0 : 2);
  const char* end = digits.data() + digits.size();
  if (radix == 10 && digits.find_first_of(".eE") != std::string::npos) {
    double value = 0;
    const auto [stop, error] = std::from_chars(begin, end, value);
    if (error != std::errc() || stop != end) fail("invalid float literal: \"" + token.text + "\"", token.at);
    node.constant = Value::of(value);
    return node;
  }
  int64_t value = 0;
  const auto [stop, error] = std::from_chars(begin, end, value, radix);
  if (error != std::errc() || stop != end || begin == end) {
    fail("invalid integer literal: \"" + token.text + "\"", token.at);
  }
  node.constant = Value::of(value);
  return node;
}

Node Parser::array() {
  const uint32_t at = take().at;
  std::vector<Node> elements;
  while (!failed() && !current().is_bracket("]")) {
    if (!elements.empty() && !expect_op(",")) break;
    if (current().is_bracket("]")) break;  // a comma behind the last
    elements.push_back(expression(0));
  }
  expect_bracket("]");
  return make(Op::array, at, std::move(elements));
}

// Keys are numbers, texts, words, or expressions in parentheses; all are texts in the end.
Node Parser::map() {
  const uint32_t at = take().at;
  std::vector<Node> pairs;
  while (!failed() && !current().is_bracket("}")) {
    if (!pairs.empty() && !expect_op(",")) break;
    if (current().is_bracket("}")) break;
    const TokenKind kind = current().kind;
    if (kind == TokenKind::number || kind == TokenKind::text || kind == TokenKind::identifier) {
      pairs.push_back(text_node(take()));
    } else if (current().is_bracket("(")) {
      pairs.push_back(expression(0));
    } else {
      fail("a map key must be a quoted string, a number, a identifier, or an expression enclosed in parentheses",
           current().at);
    }
    expect_op(":");
    pairs.push_back(expression(0));
  }
  expect_bracket("}");
  return make(Op::map, at, std::move(pairs));
}

Node Parser::postfix(Node base) {
  bool chained = false;
  const uint32_t at = base.at;
  while (!failed()) {
    const Token& token = current();
    if (token.is_op(".")) {
      take();
      base = member(std::move(base), false);
    } else if (token.is_op("?.")) {
      take();
      chained = true;
      base = current().is_bracket("[") ? subscript(std::move(base), true) : member(std::move(base), true);
    } else if (token.is_bracket("[")) {
      base = subscript(std::move(base), false);
    } else {
      break;
    }
  }
  if (!chained) return base;
  std::vector<Node> inner;
  inner.push_back(std::move(base));
  return make(Op::chain, at, std::move(inner));
}

Node Parser::member(Node base, bool optional) {
  const Token name = take();
  const bool word = !name.text.empty() && std::all_of(name.text.begin(), name.text.end(), is_word);
  if (name.kind != TokenKind::identifier && !(name.kind == TokenKind::op && word)) fail("expected name", name.at);
  if (current().is_bracket("(")) fail("methods are not built into portolan: \"" + name.text + "\"", name.at);
  std::vector<Node> parts;
  parts.push_back(std::move(base));
  parts.push_back(text_node(name));
  Node node = make(Op::member, name.at, std::move(parts));
  node.optional = optional;
  return node;
}

Node Parser::subscript(Node base, bool optional) {
  const uint32_t at = take().at;
  std::vector<Node> parts;
  parts.push_back(std::move(base));
  const auto nothing = [&] { return make(Op::constant, current().at); };
  parts.push_back(current().is_op(":") ? nothing() : expression(0));
  if (!failed() && current().is_op(":")) {
    take();
    parts.push_back(current().is_bracket("]") ? nothing() : expression(0));
    expect_bracket("]");
    return make(Op::slice, at, std::move(parts));
  }
  expect_bracket("]");
  Node node = make(Op::member, at, std::move(parts));
  node.optional = optional;
  return node;
}

}  // namespace portolan::expression
