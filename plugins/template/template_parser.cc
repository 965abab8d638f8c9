// Text, actions and control structures, in Go's spelling.
#include "plugins/template/template_parser.h"

#include <algorithm>

namespace portolan::templates {
namespace {

constexpr unsigned kMaxDepth = 32;
constexpr std::string_view kBlanks = " \t\r\n";

std::string_view trimmed_left(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlanks);
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}
std::string_view trimmed_right(std::string_view text) {
  const size_t last = text.find_last_not_of(kBlanks);
  return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

}  // namespace

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<uint8_t>(c) >= 0x80;
}

std::string quote(std::string_view text) { return "\"" + std::string(text) + "\""; }

Error TemplateParser::error_at(uint32_t column, std::string_view message) {
  return fail("col " + std::to_string(column) + ": " + std::string(message));
}

Error TemplateParser::not_built(uint32_t column, std::string_view what) {
  return error_at(column, quote(what) + " is not built into portolan");
}

Result<std::vector<Node>> TemplateParser::parse() {
  std::vector<Node> out;
  const auto end = list(out, 0);
  if (end.has_error()) return end.error();
  if (*end != End::text) return error("unexpected {{else}} or {{end}}");
  return {boost::system::in_place_value, std::move(out)};
}

// Nodes up to the text's end or the word that ends them; variables declared among them end there too.
Result<TemplateParser::End> TemplateParser::list(std::vector<Node>& out, unsigned depth) {
  if (depth > kMaxDepth) return error("nested too deep");
  const size_t outer = variables_.size();
  while (at_ < text_.size()) {
    const size_t open = std::min(text_.find("{{", at_), text_.size());
    std::string_view plain = text_.substr(at_, open - at_);
    at_ = open;
    if (trim_next_) plain = trimmed_left(plain);
    trim_next_ = false;
    const bool more = at_ < text_.size();
    if (more && open_action()) plain = trimmed_right(plain);
    if (!plain.empty()) {
      Node node;
      node.text = plain;
      out.push_back(std::move(node));
    }
    if (!more) break;
    const auto end = action(out, depth);
    if (end.has_error()) return end.error();
    if (!*end) continue;
    variables_.resize(outer);
    return **end;
  }
  variables_.resize(std::min(outer, variables_.size()));
  return End::text;
}

// One action, read up to its }}; an end when it ends the list.
Result<std::optional<TemplateParser::End>> TemplateParser::action(std::vector<Node>& out, unsigned depth) {
  if (text_.substr(at_).starts_with("/*")) {
    if (auto done = comment(); done.has_error()) return done.error();
    return std::optional<End>();
  }
  skip_blanks();
  const size_t before = at_;
  const std::string_view first = word();
  if (first == "end" || first == "else") {
    const auto end = ending(first);
    if (end.has_error()) return end.error();
    return std::optional<End>(*end);
  }
  static constexpr std::string_view kKeywords[] = {"if",     "range",    "with",  "break",
                                                   "define", "template", "block", "continue"};
  if (std::find(std::begin(kKeywords), std::end(kKeywords), first) != std::end(kKeywords)) {
    return keyword(out, first, static_cast<uint32_t>(before + 1), depth);
  }
  at_ = before;
  auto read = pipeline(false, depth);
  if (read.has_error()) return read.error();
  Node node;
  node.form = Node::Form::action;
  node.quiet = read->quiet;
  node.declared = read->declared;
  std::copy(std::begin(read->slots), std::end(read->slots), node.slots);
  node.expression = std::move(read->expression);
  out.push_back(std::move(node));
  if (auto done = close_action(); done.has_error()) return done.error();
  return std::optional<End>();
}

Result<std::optional<TemplateParser::End>> TemplateParser::keyword(std::vector<Node>& out, std::string_view word,
                                                                   uint32_t column, unsigned depth) {
  Node node;
  if (word == "break" || word == "continue") {
    if (loops_ == 0) return error_at(column, "{{" + std::string(word) + "}} outside {{range}}");
    node.form = word == "break" ? Node::Form::leave : Node::Form::again;
    if (auto done = close_action(); done.has_error()) return done.error();
  } else if (word == "if" || word == "range" || word == "with") {
    const auto form = word == "if" ? Node::Form::branch : word == "range" ? Node::Form::range : Node::Form::with;
    if (auto done = control(node, form, depth); done.has_error()) return done.error();
  } else {
    return not_built(column, word);
  }
  out.push_back(std::move(node));
  return std::optional<End>();
}

// {{end}}, {{else}}, or {{else if and {{else with up to their pipelines.
Result<TemplateParser::End> TemplateParser::ending(std::string_view first) {
  skip_blanks();
  if (first == "else") {
    const size_t before = at_;
    const std::string_view second = word();
    if (second == "if" || second == "with") {
      chained_ = second == "if" ? Node::Form::branch : Node::Form::with;
      return End::chained;
    }
    at_ = before;
  }
  if (auto done = close_action(); done.has_error()) return done.error();
  return first == "end" ? End::end : End::otherwise;
}

// Behind {{if, {{range or {{with: the pipeline, the nodes, those behind {{else}}, and {{end}}.
Result<void> TemplateParser::control(Node& node, Node::Form form, unsigned depth) {
  if (depth > kMaxDepth) return error("nested too deep");
  node.form = form;
  const size_t outer = variables_.size();
  auto read = pipeline(form == Node::Form::range, depth);
  if (read.has_error()) return read.error();
  node.expression = std::move(read->expression);
  node.declared = read->declared;
  std::copy(std::begin(read->slots), std::end(read->slots), node.slots);
  if (auto done = close_action(); done.has_error()) return done;
  const bool before = dot_is_data_;
  dot_is_data_ = before && form == Node::Form::branch;
  loops_ += form == Node::Form::range;
  auto end = list(node.then, depth + 1);
  loops_ -= form == Node::Form::range;
  dot_is_data_ = before;
  if (end.has_error()) return end.error();
  if (*end == End::chained) {
    // Another control structure inside the other branch, which shares the {{end}}.
    const bool fits = form != Node::Form::range && (chained_ == form || chained_ == Node::Form::branch);
    if (!fits) return error("unexpected {{else}} with another keyword");
    Node inner;
    if (auto done = control(inner, chained_, depth + 1); done.has_error()) return done;
    node.otherwise.push_back(std::move(inner));
    variables_.resize(outer);
    return {};
  }
  if (*end == End::otherwise) {
    end = list(node.otherwise, depth + 1);
    if (end.has_error()) return end.error();
  }
  if (*end != End::end) return error("unexpected EOF, expecting {{end}}");
  variables_.resize(outer);
  return {};
}

Result<void> TemplateParser::comment() {
  const size_t close = text_.find("*/", at_);
  if (close == std::string_view::npos) return error("unclosed comment");
  at_ = close + 2;
  const std::string_view rest = text_.substr(at_);
  if (!rest.starts_with("}}") && trimmed_left(rest).data() == rest.data())
    return error("comment ends before closing delimiter");
  return close_action();
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

std::string_view TemplateParser::word() {
  const size_t begin = at_;
  while (at_ < text_.size() && is_word(text_[at_])) ++at_;
  return text_.substr(begin, at_ - begin);
}

}  // namespace portolan::templates
