// Pipelines: commands joined by |, their operands, variables and fields.
#include <algorithm>
#include <array>

#include "plugins/template/template_parser.h"

namespace portolan::templates {
namespace {

constexpr unsigned kMaxDepth = 32;
constexpr size_t kMaxVariables = 100;
constexpr unsigned kMany = 64;

struct NamedFunction {
  std::string_view name;
  Function function;
  unsigned min, max;  // arguments
};
constexpr NamedFunction kFunctions[] = {
    {"and", Function::all, 1, kMany},
    {"or", Function::any, 1, kMany},
    {"not", Function::negate, 1, 1},
    {"len", Function::len, 1, 1},
    {"index", Function::index, 1, kMany},
    {"slice", Function::slice, 1, 4},
    {"print", Function::print, 0, kMany},
    {"println", Function::println, 0, kMany},
    {"printf", Function::printf, 1, kMany},
    {"html", Function::html, 0, kMany},
    {"js", Function::js, 0, kMany},
    {"urlquery", Function::urlquery, 0, kMany},
    {"eq", Function::equal, 2, kMany},
    {"ne", Function::not_equal, 2, 2},
    {"lt", Function::less, 2, 2},
    {"le", Function::less_equal, 2, 2},
    {"gt", Function::greater, 2, 2},
    {"ge", Function::greater_equal, 2, 2},
    {"parseInt", Function::parse_int, 3, 3},
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Result<TemplateParser::Pipeline> TemplateParser::pipeline(bool in_range, unsigned depth) {
  Pipeline out;
  skip_blanks();
  if (peek() == '$') {
    if (auto done = declaration(out, in_range); done.has_error()) return done.error();
  }
  auto read = commands(depth);
  if (read.has_error()) return read.error();
  out.expression = std::move(*read);
  // Only now: in {{ $x := $x }} the second one is that of outside.
  for (const std::string& name : out.names) {
    if (variables_.size() >= kMaxVariables) return error("too many variables");
    variables_.push_back(name);
  }
  most_variables_ = std::max(most_variables_, variables_.size());
  return {boost::system::in_place_value, std::move(out)};
}

// $x :=, $x =, and in a range $i, $e :=; nothing when the variable is an operand.
Result<void> TemplateParser::declaration(Pipeline& out, bool in_range) {
  const size_t before = at_;
  const uint32_t start = column();
  std::string names[2];
  size_t count = 0;
  const auto name = [&] {
    ++at_;
    names[count++] = word();
    skip_blanks();
  };
  name();
  if (in_range && peek() == ',') {
    ++at_;
    skip_blanks();
    if (peek() != '$') return error("range can only initialize variables");
    name();
  }
  const bool declares = peek() == ':' && peek(1) == '=';
  if (!declares && (peek() != '=' || count == 0)) {
    if (count == 2) return error("missing := in range");
    at_ = before;
    return {};
  }
  at_ += declares ? 2 : 1;
  for (size_t i = 0; i < count; ++i) {
    if (names[i].empty()) return error("a variable without a name cannot be set");
    if (declares) {
      out.slots[i] = static_cast<uint16_t>(variables_.size() + i);
      out.names.push_back(names[i]);
      continue;
    }
    const auto found = std::find(variables_.rbegin(), variables_.rend(), names[i]);
    if (found == variables_.rend()) return error_at(start, "undefined variable \"$" + names[i] + "\"");
    out.slots[i] = static_cast<uint16_t>(variables_.rend() - found - 1);
  }
  out.declared = static_cast<uint8_t>(count);
  out.quiet = true;
  return {};
}

// What one command makes is the last argument of the next.
Result<Expression> TemplateParser::commands(unsigned depth) {
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
  if (at_close() || peek() == '|') return error("missing value");
  const uint32_t start = column();
  if (is_word(peek()) && !is_digit(peek())) {
    const size_t before = at_;
    const std::string_view name = word();
    if (name == "nil") return error_at(start, "nil is not a command");
    if (name != "true" && name != "false") return call(name, start, depth, piped);
    at_ = before;
  }
  auto out = operand(depth);
  if (out.has_error()) return out;
  skip_blanks();
  const bool alone = at_ >= text_.size() || at_close() || peek() == '|' || peek() == ')';
  if (!out->path.empty() && out->path.back() == "Meta") {
    const bool of_data = out->path.size() == 1 && (out->form == Expression::Form::dot ||  //
                                                   out->form == Expression::Form::data);
    if (!of_data) return error_at(start, "Meta is a function of the data alone");
    Expression base = std::move(*out);
    base.path.clear();
    Expression meta;
    meta.form = Expression::Form::call;
    meta.function = Function::meta;
    meta.column = start;
    meta.arguments.push_back(std::move(base));
    if (auto done = arguments(meta, depth, piped); done.has_error()) return done.error();
    if (meta.arguments.size() != 2) {
      return error_at(start, "wrong number of args for Meta: got " + std::to_string(meta.arguments.size() - 1));
    }
    return {boost::system::in_place_value, std::move(meta)};
  }
  if (piped) return error_at(start, "non executable command in pipeline");
  if (!alone) {
    return error_at(column(), out->path.empty() ? "unexpected " + quote(text_.substr(at_, 1)) + " in action"
                                                : out->path.back() + " is not a method but has arguments");
  }
  return out;
}

Result<Expression> TemplateParser::call(std::string_view name, uint32_t start, unsigned depth, Expression* piped) {
  const auto* function = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                      [&](const NamedFunction& each) { return each.name == name; });
  if (name == "call" || name == "define" || name == "template" || name == "block") return not_built(start, name);
  if (function == std::end(kFunctions)) return error_at(start, "function " + quote(name) + " not defined");
  Expression out;
  out.form = Expression::Form::call;
  out.function = function->function;
  out.column = start;
  if (auto done = arguments(out, depth, piped); done.has_error()) return done.error();
  if (out.arguments.size() < function->min || out.arguments.size() > function->max) {
    return error_at(start,
                    "wrong number of args for " + std::string(name) + ": got " + std::to_string(out.arguments.size()));
  }
  return {boost::system::in_place_value, std::move(out)};
}

Result<void> TemplateParser::arguments(Expression& call, unsigned depth, Expression* piped) {
  for (skip_blanks(); at_ < text_.size() && !at_close() && peek() != ')' && peek() != '|'; skip_blanks()) {
    auto argument = operand(depth);
    if (argument.has_error()) return argument.error();
    if (!argument->path.empty() && argument->path.back() == "Meta") {
      return error_at(argument->column, "wrong number of args for Meta: got 0");
    }
    call.arguments.push_back(std::move(*argument));
    if (call.arguments.size() > kMany) return error("too many arguments");
  }
  if (piped) call.arguments.push_back(std::move(*piped));
  return {};
}

Result<Expression> TemplateParser::operand(unsigned depth) {
  const char c = peek();
  if (c == '"' || c == '`') return quoted();
  if (c == '\'') return character();
  if (c == '-' || c == '+' || is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
  if (c == '$') return variable();
  Expression out;
  out.column = column();
  if (c == '.') {
    out.form = Expression::Form::dot;
    if (!is_word(peek(1))) {
      ++at_;
      return {boost::system::in_place_value, std::move(out)};
    }
    if (auto done = fields(out); done.has_error()) return done.error();
    return {boost::system::in_place_value, std::move(out)};
  }
  if (c != '(') return constant();
  ++at_;
  auto inner = commands(depth + 1);
  if (inner.has_error()) return inner;
  skip_blanks();
  if (peek() != ')') return error("unclosed left paren");
  ++at_;
  if (peek() != '.') return inner;
  out.form = Expression::Form::nested;
  out.arguments.push_back(std::move(*inner));
  if (auto done = fields(out); done.has_error()) return done.error();
  return {boost::system::in_place_value, std::move(out)};
}

// $, $x, $x.Field
Result<Expression> TemplateParser::variable() {
  Expression out;
  out.column = column();
  ++at_;
  const std::string_view name = word();
  out.form = Expression::Form::data;
  if (!name.empty()) {
    const auto found = std::find(variables_.rbegin(), variables_.rend(), name);
    if (found == variables_.rend()) return error_at(out.column, "undefined variable \"$" + std::string(name) + "\"");
    out.form = Expression::Form::variable;
    out.slot = static_cast<uint16_t>(variables_.rend() - found - 1);
  }
  if (auto done = fields(out); done.has_error()) return done.error();
  return {boost::system::in_place_value, std::move(out)};
}

// true, false, nil
Result<Expression> TemplateParser::constant() {
  Expression out;
  out.column = column();
  const std::string_view name = word();
  if (name.empty()) return error("unexpected " + quote(text_.substr(at_, 1)));
  if (name == "true" || name == "false") {
    out.constant = Value::of(name == "true");
  } else if (name != "nil") {
    // A function without arguments as an argument: none of those that are built makes sense so.
    return error_at(out.column, "function " + quote(name) + " needs parentheses as an argument");
  }
  return {boost::system::in_place_value, std::move(out)};
}

Result<void> TemplateParser::fields(Expression& base) {
  while (peek() == '.') {
    ++at_;
    const std::string_view field = word();
    if (field.empty()) return error("unexpected " + quote(".") + " in operand");
    base.path.emplace_back(field);
  }
  return check_fields(base);
}

// Fields that exist in CoreDNS and are not built. Those that do not exist fail when the template is rendered, as there.
Result<void> TemplateParser::check_fields(const Expression& base) const {
  const bool of_data = base.form == Expression::Form::data || (base.form == Expression::Form::dot && dot_is_data_);
  if (!of_data || base.path.size() < 2) return {};
  if (base.path[0] == "Meta") return error_at(base.column, "wrong number of args for Meta: got 0");
  if (base.path[0] != "Message") return {};
  static constexpr std::array kSections = {"Answer", "Ns", "Extra", "Compress"};
  for (const std::string_view each : kSections) {
    if (base.path[1] == each) return not_built(base.column, ".Message." + std::string(each));
  }
  return {};
}

}  // namespace portolan::templates
