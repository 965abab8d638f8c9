// Reading, checking and folding of constants at start; evaluation.
#include "plugins/common/expression/program.h"

#include <algorithm>
#include <charconv>

#include "plugins/common/expression/builtins.h"
#include "plugins/common/expression/checker.h"
#include "plugins/common/expression/evaluation.h"
#include "plugins/common/expression/parser.h"
#include "plugins/common/expression/query_functions.h"

namespace portolan::expression {
namespace {

constexpr size_t kMaxSource = 64 * 1024;
constexpr size_t kMaxFolded = 1 << 20;  // octets that constants of one expression may take
constexpr size_t kMaxQuoted = 200;      // octets of the expression in a message

// Lines and columns count characters, from 1.
std::string place(std::string_view source, size_t at) {
  size_t line = 1, column = 1;
  for (size_t i = 0; i < at && i < source.size(); ++i) {
    if (source[i] == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<uint8_t>(source[i]) & 0xC0) != 0x80) {
      ++column;
    }
  }
  return " (" + std::to_string(line) + ":" + std::to_string(column) + ")";
}

// One line: what is quoted may hold line ends.
std::string printable(std::string_view text) {
  std::string out(text.substr(0, kMaxQuoted));
  std::replace_if(out.begin(), out.end(), [](char c) { return static_cast<uint8_t>(c) < ' ' || c == 0x7F; }, ' ');
  return text.size() > kMaxQuoted ? out + "..." : out;
}

Error error_of(std::string_view source, const Problem& problem) {
  if (source.empty()) return fail(problem.message);
  return fail(printable(problem.message) + place(source, problem.at) + " in \"" + printable(source) + "\"");
}

bool depends_on_nothing(const Node& node) {
  switch (node.op) {
    case Op::constant:
    case Op::identifier:
    case Op::variable:
    case Op::local:
    case Op::element:
    case Op::index:
    case Op::total:
    case Op::let:
    case Op::chain:
    case Op::call:
      return false;
    case Op::member:
      if (node.optional) return false;  // what follows it in the chain depends on it
      break;
    case Op::builtin:
      if (builtin_of(static_cast<BuiltinId>(node.function)).predicate) return false;
      break;
    default:
      break;
  }
  return std::all_of(node.children.begin(), node.children.end(),
                     [](const Node& child) { return child.op == Op::constant; });
}

void gather_labels(const Node& node, std::vector<std::string>& out) {
  const bool asks = node.op == Op::call && static_cast<QueryFunctionId>(node.function) == QueryFunctionId::metadata;
  if (asks && node.children[0].op == Op::constant) out.emplace_back(node.children[0].constant.text());
  for (const Node& child : node.children) gather_labels(child, out);
}

// What is the same for every query is made once. What fails is left to fail for each query, as without folding.
void fold(Node& node, Arena& arena, size_t& folded) {
  for (Node& child : node.children) fold(child, arena, folded);
  if (folded > kMaxFolded || !depends_on_nothing(node)) return;
  Evaluation evaluation(arena, nullptr, {}, nullptr);
  const Value value = evaluation.run(node);
  folded += evaluation.memory();
  if (evaluation.failed()) return;
  node.op = Op::constant;
  node.constant = value;
  node.children.clear();
}

}  // namespace

bool Groups::find(std::string_view key, std::string_view& text) const {
  for (size_t i = 0; i < names.size() && i < matches.size(); ++i) {
    if (!names[i].empty() && names[i] == key) {
      text = matches[i];
      return true;
    }
  }
  size_t number = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number);
  if (error != std::errc() || end != key.data() + key.size() || number >= matches.size()) return false;
  if (key.size() > 1 && key[0] == '0') return false;
  text = matches[number];
  return true;
}

struct Program::Parts {
  Constants constants;
  Node root;
  std::vector<std::string> labels;
};

Program::Program() : parts_(std::make_unique<Parts>()) {}
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;
Program::~Program() = default;

Result<Program> Program::compile(std::string_view source, const Environment& environment) {
  if (source.size() > kMaxSource) return fail("an expression of more than 64 KiB");
  Lexer lexer(source);
  if (!lexer.run()) return error_of(source, lexer.problem());
  Program out;
  Constants& constants = out.parts_->constants;
  Parser parser(std::move(lexer.tokens()), constants.arena);
  auto root = parser.run();
  if (!root) return error_of(source, parser.problem());
  out.parts_->root = std::move(*root);
  Checker checker(environment, constants);
  if (!checker.run(out.parts_->root)) return error_of(source, checker.problem());
  gather_labels(out.parts_->root, out.parts_->labels);
  size_t folded = 0;
  fold(out.parts_->root, constants.arena, folded);
  return {boost::system::in_place_value, std::move(out)};
}

Evaluated Program::evaluate(server::Query& query, std::span<const Value> variables, const Groups* groups) const {
  Evaluation evaluation(query.arena(), &query, variables, groups);
  const Value value = evaluation.run(parts_->root);
  if (evaluation.failed()) return {Value(), evaluation.error()};
  return {value, {}};
}

std::span<const std::string> Program::labels() const { return parts_->labels; }

Type Program::type() const { return parts_->root.type; }

bool is_free_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9') || !std::all_of(name.begin(), name.end(), is_word)) {
    return false;
  }
  static constexpr std::string_view kTaken[] = {"true", "false", "nil", "$env"};
  if (std::find(std::begin(kTaken), std::end(kTaken), name) != std::end(kTaken)) return false;
  if (find_query_function(name) || find_builtin(name)) return false;
  Lexer lexer(name);
  return lexer.run() && lexer.tokens()[0].kind == TokenKind::identifier;  // no operator such as "in"
}

}  // namespace portolan::expression
