// Actions, expressions and constants, in Go's spelling.
#include "plugins/template/template_parser.h"

#include <array>
#include <charconv>

namespace portolan::templates {
namespace {

constexpr unsigned kMaxDepth = 32;
constexpr std::string_view kBlanks = " \t\r\n";

struct NamedFunction {
  std::string_view name;
  Function function;
  unsigned min, max;  // arguments
};
constexpr unsigned kMany = 64;
constexpr std::string_view kMeta = ".Meta";  // a field that is called like a function
constexpr NamedFunction kFunctions[] = {
    {"printf", Function::printf, 1, kMany}, {"len", Function::len, 1, 1},
    {"index", Function::index, 1, 2},       {"parseInt", Function::parse_int, 3, 3},
    {"eq", Function::equal, 2, kMany},      {"ne", Function::not_equal, 2, 2},
    {"lt", Function::less, 2, 2},           {"le", Function::less_equal, 2, 2},
    {"gt", Function::greater, 2, 2},        {"ge", Function::greater_equal, 2, 2},
    {"and", Function::all, 1, kMany},       {"or", Function::any, 1, kMany},
    {"not", Function::negate, 1, 1},        {kMeta, Function::meta, 1, 1},
};
// Words of Go's templates that are not built.
constexpr std::string_view kNotBuilt[] = {"range", "with", "define", "template", "block",    "break", "continue",
                                          "html",  "js",   "slice",  "call",     "urlquery", "print", "println"};

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

std::string_view trimmed_left(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlanks);
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}
std::string_view trimmed_right(std::string_view text) {
  const size_t last = text.find_last_not_of(kBlanks);
  return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

std::string quote(std::string_view text) { return "\"" + std::string(text) + "\""; }

}  // namespace

Error TemplateParser::error_at(uint32_t column, std::string_view message) {
  return fail("col " + std::to_string(column) + ": " + std::string(message));
}

Error TemplateParser::not_built(uint32_t at, std::string_view what) const {
  return error_at(at, quote(what) + " is not built into portolan");
}

Result<std::vector<Node>> TemplateParser::parse() {
  std::vector<Node> out;
  const auto end = list(out, 0);
  if (end.has_error()) return end.error();
  if (*end != End::text) return error("unexpected {{else}} or {{end}}");
  return {boost::system::in_place_value, std::move(out)};
}

// Nodes up to the text's end or the word that ends a branch; behind {{else if the condition is left to be read.
Result<TemplateParser::End> TemplateParser::list(std::vector<Node>& out, unsigned depth) {
  if (depth > kMaxDepth) return error("nested too deep");
  while (at_ < text_.size()) {
    const size_t open = std::min(text_.find("{{", at_), text_.size());
    std::string_view plain = text_.substr(at_, open - at_);
    at_ = open;
    if (trim_next_) plain = trimmed_left(plain);
    trim_next_ = false;
    const bool action = at_ < text_.size();
    if (action && open_action()) plain = trimmed_right(plain);
    if (!plain.empty()) out.push_back({Node::Form::text, std::string(plain), {}, {}, {}});
    if (!action) break;
    if (text_.substr(at_).starts_with("/*")) {
      const size_t close = text_.find("*/", at_);
      if (close == std::string_view::npos) return error("unclosed comment");
      at_ = close + 2;
      if (auto done = close_action(); done.has_error()) return done.error();
      continue;
    }
    skip_blanks();
    const size_t before = at_;
    const std::string_view first = word();
    if (first == "end" || first == "else") {
      skip_blanks();
      if (first == "else" && word() == "if") return End::otherwise_if;
      if (auto done = close_action(); done.has_error()) return done.error();
      return first == "end" ? End::end : End::otherwise;
    }
    Node node;
    if (first == "if") {
      node.form = Node::Form::branch;
      if (auto done = branch(node, depth); done.has_error()) return done.error();
    } else {
      at_ = before;
      node.form = Node::Form::action;
      auto expression = pipeline(depth);
      if (expression.has_error()) return expression.error();
      node.expression = std::move(*expression);
      if (auto done = close_action(); done.has_error()) return done.error();
    }
    out.push_back(std::move(node));
  }
  return End::text;
}

Result<void> TemplateParser::branch(Node& node, unsigned depth) {
  auto condition = pipeline(depth);
  if (condition.has_error()) return condition.error();
  node.expression = std::move(*condition);
  if (auto done = close_action(); done.has_error()) return done;
  auto end = list(node.then, depth + 1);
  if (end.has_error()) return end.error();
  if (*end == End::otherwise_if) {
    // {{else if}} is an {{if}} inside the other branch that shares its {{end}}.
    if (depth > kMaxDepth) return error("nested too deep");
    Node inner;
    inner.form = Node::Form::branch;
    if (auto done = branch(inner, depth + 1); done.has_error()) return done;
    node.otherwise.push_back(std::move(inner));
    return {};
  }
  if (*end == End::otherwise) {
    end = list(node.otherwise, depth + 1);
    if (end.has_error()) return end.error();
  }
  if (*end != End::end) return error("unexpected EOF, expecting {{end}}");
  return {};
}

// Commands joined by |: what one makes is the last argument of the next.
Result<Expression> TemplateParser::pipeline(unsigned depth) {
  auto value = command(depth, nullptr);
  unsigned joined = 0;
  for (skip_blanks(); !value.has_error() && peek() == '|'; skip_blanks()) {
    if (++joined > kMaxDepth) return error("too many commands in a pipeline");
    ++at_;
    Expression piped = std::move(*value);
    value = command(depth, &piped);
  }
  return value;
}

// A call or a single operand.
Result<Expression> TemplateParser::command(unsigned depth, Expression* piped) {
  if (depth > kMaxDepth) return error("nested too deep");
  skip_blanks();
  if (at_ >= text_.size()) return error("unclosed action");
  if (at_close()) return error("missing value");
  const bool is_meta = at_meta();
  if (!is_meta && (!is_word(peek()) || (peek() >= '0' && peek() <= '9'))) {
    if (piped) return error("non executable command in pipeline");
    return operand(depth);
  }
  Expression call;
  call.column = column();
  if (is_meta) at_ += kMeta.size();
  const std::string_view name = is_meta ? kMeta : word();
  if (name == "true" || name == "false" || name == "nil") {
    if (piped) return error_at(call.column, "non executable command in pipeline");
    at_ = call.column - 1;
    return operand(depth);
  }
  const NamedFunction* function = nullptr;
  for (const NamedFunction& each : kFunctions) {
    if (each.name == name) function = &each;
  }
  for (const std::string_view each : kNotBuilt) {
    if (each == name) return not_built(call.column, name);
  }
  if (!function) return error_at(call.column, "function " + quote(name) + " not defined");
  call.form = Expression::Form::call;
  call.function = function->function;
  for (skip_blanks(); at_ < text_.size() && !at_close() && peek() != ')' && peek() != '|'; skip_blanks()) {
    auto argument = operand(depth);
    if (argument.has_error()) return argument.error();
    call.arguments.push_back(std::move(*argument));
  }
  if (piped) call.arguments.push_back(std::move(*piped));
  if (call.arguments.size() < function->min || call.arguments.size() > function->max) {
    return error_at(call.column,
                    "wrong number of args for " + std::string(name) + ": got " + std::to_string(call.arguments.size()));
  }
  return {boost::system::in_place_value, std::move(call)};
}

Result<Expression> TemplateParser::operand(unsigned depth) {
  const char c = peek();
  if (c == '.') return path();
  if (c == '"' || c == '`') return quoted();
  if (c == '-' || c == '+' || (c >= '0' && c <= '9')) return number();
  if (c == '$') return not_built(column(), "$");
  if (c == '(') {
    ++at_;
    auto inner = pipeline(depth + 1);
    if (inner.has_error()) return inner.error();
    skip_blanks();
    if (peek() != ')') return error("unclosed left paren");
    ++at_;
    if (peek() == '.') return not_built(column(), ".");
    return inner;
  }
  Expression constant;
  constant.column = column();
  const std::string_view name = word();
  if (name == "true" || name == "false") {
    constant.constant_kind = Kind::boolean;
    constant.boolean = name == "true";
    return {boost::system::in_place_value, std::move(constant)};
  }
  if (name.empty()) return error("unexpected " + quote(text_.substr(at_, 1)));
  return not_built(constant.column, name);
}

// ".", ".Name", ".Group.a"
Result<Expression> TemplateParser::path() {
  Expression out;
  out.form = Expression::Form::path;
  out.column = column();
  while (peek() == '.') {
    ++at_;
    const std::string_view field = word();
    if (field.empty()) break;
    out.path.emplace_back(field);
  }
  if (auto checked = check_path(out); checked.has_error()) return checked.error();
  return {boost::system::in_place_value, std::move(out)};
}

// Fields that exist in CoreDNS and are not built. Fields that do not exist fail when the template is rendered, as
// there.
Result<void> TemplateParser::check_path(const Expression& path) const {
  if (path.path.empty()) return not_built(path.column, ".");
  if (path.path[0] == "Var") return not_built(path.column, ".Var");
  if (path.path[0] == "Meta") return error_at(path.column, "wrong number of args for Meta: got 0");
  if (path.path[0] != "Message" || path.path.size() < 2) return {};
  static constexpr std::array kSections = {"Question", "Answer", "Ns", "Extra", "MsgHdr", "Compress"};
  for (const std::string_view each : kSections) {
    if (path.path[1] == each) return not_built(path.column, ".Message." + std::string(each));
  }
  return {};
}

Result<Expression> TemplateParser::quoted() {
  Expression out;
  out.column = column();
  out.constant_kind = Kind::text;
  const char mark = text_[at_++];
  for (; at_ < text_.size() && text_[at_] != mark; ++at_) {
    char c = text_[at_];
    if (c == '\\' && mark == '"' && at_ + 1 < text_.size()) {
      c = text_[++at_];
      switch (c) {
        case 'n':
          c = '\n';
          break;
        case 't':
          c = '\t';
          break;
        case '\\':
        case '"':
          break;
        default:
          return error("escape \"\\" + std::string(1, c) + "\" is not built into portolan");
      }
    }
    out.text += c;
  }
  if (at_ >= text_.size()) return error_at(out.column, "unterminated quoted string");
  ++at_;
  return {boost::system::in_place_value, std::move(out)};
}

Result<Expression> TemplateParser::number() {
  Expression out;
  out.column = column();
  out.constant_kind = Kind::integer;
  bool negative = false;
  if (peek() == '-' || peek() == '+') negative = text_[at_++] == '-';
  const std::string_view digits = word();
  std::string_view plain = digits;
  int base = 10;
  if (plain.starts_with("0x") || plain.starts_with("0X")) {
    plain.remove_prefix(2);
    base = 16;
  }
  const auto [end, failed] = std::from_chars(plain.data(), plain.data() + plain.size(), out.integer, base);
  if (plain.empty() || failed != std::errc() || end != plain.data() + plain.size() || peek() == '.') {
    return error_at(out.column, "bad number syntax: " + quote(digits));
  }
  if (negative) out.integer = -out.integer;
  return {boost::system::in_place_value, std::move(out)};
}

// Behind "{{"; true when "{{- " asks for the blanks in front to go.
bool TemplateParser::open_action() {
  at_ += 2;
  if (peek() != '-' || at_ + 1 >= text_.size() || kBlanks.find(text_[at_ + 1]) == std::string_view::npos) return false;
  at_ += 2;
  return true;
}

Result<void> TemplateParser::close_action() {
  skip_blanks();
  const bool trim = text_.substr(at_).starts_with("-}}");
  if (trim) ++at_;
  if (!text_.substr(at_).starts_with("}}")) {
    if (at_ >= text_.size()) return error("unclosed action");
    return error("unexpected " + quote(text_.substr(at_, 1)) + " in action");
  }
  at_ += 2;
  trim_next_ = trim;
  return {};
}

void TemplateParser::skip_blanks() {
  while (at_ < text_.size() && kBlanks.find(text_[at_]) != std::string_view::npos) ++at_;
}

bool TemplateParser::at_close() const {
  return text_.substr(at_).starts_with("}}") || text_.substr(at_).starts_with("-}}");
}

bool TemplateParser::at_meta() const {
  if (!text_.substr(at_).starts_with(kMeta)) return false;
  const size_t behind = at_ + kMeta.size();
  return behind >= text_.size() || (!is_word(text_[behind]) && text_[behind] != '.');
}

std::string_view TemplateParser::word() {
  const size_t begin = at_;
  while (at_ < text_.size() && is_word(text_[at_])) ++at_;
  return text_.substr(begin, at_ - begin);
}

}  // namespace portolan::templates
