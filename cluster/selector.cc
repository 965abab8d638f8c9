// The selector's grammar and its messages are Kubernetes' (labels, "Label selectors"), since people search for them.
#include "cluster/selector.h"

#include <algorithm>
#include <cctype>

namespace portolan::cluster {
namespace {

enum class Token : uint8_t { end, identifier, in, not_in, equal, not_equal, compare, bang, comma, open, close, broken };

struct Lexeme {
  Token token = Token::end;
  std::string text;
};

bool special(char c) { return std::string_view("=!(),<>").find(c) != std::string_view::npos; }
bool blank(char c) { return std::string_view(" \t\r\n").find(c) != std::string_view::npos; }

Lexeme special_lexeme(std::string_view text, size_t& at) {
  const std::string_view two = text.substr(at, 2);
  if (two == "==" || two == "!=") {
    at += 2;
    return {two == "==" ? Token::equal : Token::not_equal, std::string(two)};
  }
  const char c = text[at++];
  const Token token = c == '='   ? Token::equal
                      : c == '!' ? Token::bang
                      : c == ',' ? Token::comma
                      : c == '(' ? Token::open
                      : c == ')' ? Token::close
                                 : Token::compare;
  return {token, std::string(1, c)};
}

std::vector<Lexeme> lex(std::string_view text) {
  std::vector<Lexeme> lexemes;
  for (size_t at = 0; at < text.size();) {
    if (blank(text[at])) {
      ++at;
    } else if (special(text[at])) {
      lexemes.push_back(special_lexeme(text, at));
    } else {
      const size_t start = at;
      while (at < text.size() && !blank(text[at]) && !special(text[at])) ++at;
      std::string word(text.substr(start, at - start));
      const Token token = word == "in" ? Token::in : word == "notin" ? Token::not_in : Token::identifier;
      lexemes.push_back({token, std::move(word)});
    }
  }
  lexemes.push_back({});
  return lexemes;
}

/// A qualified name's last part, or a value: 1 to 63 letters, digits, `-`, `_`, `.`; a letter or digit at both ends.
bool label_text(std::string_view text) {
  const auto alphanumeric = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  return !text.empty() && text.size() <= 63 && alphanumeric(text.front()) && alphanumeric(text.back()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

/// RFC 1123 section 2.1, lower case: what may stand before the slash of a key.
bool subdomain(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  while (true) {
    const size_t dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    if (part.empty() || !letter(part.front()) || !letter(part.back()) ||
        !std::all_of(part.begin(), part.end(), [&](char c) { return letter(c) || c == '-'; })) {
      return false;
    }
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool label_key(std::string_view key) {
  const size_t slash = key.find('/');
  return slash == std::string_view::npos ? label_text(key)
                                         : subdomain(key.substr(0, slash)) && label_text(key.substr(slash + 1));
}

class Parser {
 public:
  explicit Parser(std::string_view text) : lexemes_(lex(text)) {}

  Result<std::vector<Selector::Requirement>> parse() {
    std::vector<Selector::Requirement> requirements;
    if (peek() == Token::end) return requirements;
    while (true) {
      if (peek() != Token::identifier && peek() != Token::bang) {
        const bool first = requirements.empty();
        return fail("found '" + lexemes_[at_].text +
                    (first ? "', expected: !, identifier, or 'end of string'" : "', expected: identifier after ','"));
      }
      auto requirement = parse_requirement();
      if (!requirement) return fail("unable to parse requirement: " + requirement.error().message);
      requirements.push_back(std::move(*requirement));
      const Lexeme next = take();
      if (next.token == Token::end) return requirements;
      if (next.token != Token::comma) return fail("found '" + next.text + "', expected: ',' or 'end of string'");
    }
  }

  /// An operator that the grammar knows and CoreDNS refuses.
  const std::string& refused() const { return refused_; }

 private:
  /// `in` and `notin` are words like others where no operator is expected.
  Token peek() const {
    const Token token = lexemes_[at_].token;
    return token == Token::in || token == Token::not_in ? Token::identifier : token;
  }
  const Lexeme& take() { return at_ + 1 < lexemes_.size() ? lexemes_[at_++] : lexemes_.back(); }

  Result<Selector::Requirement> parse_requirement() {
    Selector::Requirement requirement;
    const bool absent = peek() == Token::bang;
    if (absent) take();
    if (peek() != Token::identifier) return fail("found '" + lexemes_[at_].text + "', expected: identifier");
    requirement.key = take().text;
    if (!label_key(requirement.key)) return fail("\"" + requirement.key + "\" is no valid label key");
    if (absent) {
      requirement.op = Selector::Operator::does_not_exist;
      return requirement;
    }
    if (peek() == Token::end || peek() == Token::comma) return requirement;
    auto values = parse_restriction(requirement);
    if (!values) return values.error();
    for (const std::string& value : requirement.values) {
      if (!value.empty() && !label_text(value)) return fail("\"" + value + "\" is no valid label value");
    }
    return requirement;
  }

  Result<void> parse_restriction(Selector::Requirement& requirement) {
    const Lexeme op = take();
    switch (op.token) {
      case Token::in:
      case Token::not_in:
        requirement.op = op.token == Token::in ? Selector::Operator::in : Selector::Operator::not_in;
        return parse_values(requirement.values);
      case Token::not_equal:
      case Token::compare:
        if (refused_.empty()) {
          refused_ = op.token == Token::not_equal
                         ? "\"!=\" is not a valid label selector operator"
                         : "\"" + std::string(op.text == ">" ? "gt" : "lt") + "\" isn't supported in label selectors";
        }
        [[fallthrough]];
      case Token::equal:
        break;
      default:
        return fail("found '" + op.text + "', expected: in, notin, =, ==, !=, gt, lt");
    }
    requirement.op = Selector::Operator::in;
    requirement.values = {""};
    if (peek() == Token::end || peek() == Token::comma) return {};
    if (peek() != Token::identifier) return fail("found '" + lexemes_[at_].text + "', expected: identifier");
    requirement.values = {take().text};
    return {};
  }

  /// `(a, b)`; a place without a word is the empty value.
  Result<void> parse_values(std::vector<std::string>& values) {
    const Lexeme first = take();
    if (first.token != Token::open) return fail("found '" + first.text + "' expected: '('");
    while (true) {
      std::string value;
      if (peek() == Token::identifier) value = take().text;
      if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
      const Lexeme next = take();
      if (next.token == Token::close) return {};
      if (next.token != Token::comma) return fail("found '" + next.text + "', expected: ',' or ')'");
    }
  }

  std::vector<Lexeme> lexemes_;
  size_t at_ = 0;
  std::string refused_;
};

bool holds(const Selector::Requirement& requirement, const Labels& labels) {
  const auto found =
      std::find_if(labels.begin(), labels.end(), [&](const auto& each) { return each.first == requirement.key; });
  const bool there = found != labels.end();
  const auto listed = [&] {
    return std::find(requirement.values.begin(), requirement.values.end(), found->second) != requirement.values.end();
  };
  switch (requirement.op) {
    case Selector::Operator::in:
      return there && listed();
    case Selector::Operator::not_in:
      return !there || !listed();
    case Selector::Operator::exists:
      return there;
    case Selector::Operator::does_not_exist:
      return !there;
  }
  return false;
}

}  // namespace

bool Selector::matches(const Labels& labels) const {
  return std::all_of(requirements_.begin(), requirements_.end(),
                     [&](const Requirement& requirement) { return holds(requirement, labels); });
}

std::string Selector::text() const {
  std::string out;
  for (const Requirement& requirement : requirements_) {
    if (!out.empty()) out += ',';
    if (requirement.op == Operator::does_not_exist) out += '!';
    out += requirement.key;
    if (requirement.values.empty()) continue;
    out += requirement.op == Operator::in ? " in (" : " notin (";
    for (size_t i = 0; i < requirement.values.size(); ++i) out += (i == 0 ? "" : ",") + requirement.values[i];
    out += ')';
  }
  return out;
}

Result<Selector> parse_selector(std::string_view text) {
  Parser parser(text);
  auto requirements = parser.parse();
  if (!requirements) {
    return fail("couldn't parse the selector string \"" + std::string(text) + "\": " + requirements.error().message);
  }
  if (!parser.refused().empty()) return fail(parser.refused());
  return Selector(std::move(*requirements));
}

}  // namespace portolan::cluster
