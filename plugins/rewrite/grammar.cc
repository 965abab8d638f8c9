// Mode and field; the fields with a short syntax: type, class, ttl, rcode, cname.
#include "plugins/rewrite/grammar.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "corefile/suggest.h"
#include "plugins/rewrite/plain_rules.h"

namespace portolan::rewrite {
namespace {

constexpr uint32_t kHighestTtl = 2147483647;  // RFC 2181 section 8
constexpr unsigned kHighestRcodeNumber = 23;  // the highest with a name
constexpr std::string_view kFields = "name, type, class, ttl, cname, rcode or edns0";
constexpr std::string_view kKinds = "exact, prefix, suffix, substring or regex";

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Mnemonics only: CoreDNS knows neither TYPE65 nor RCODE3 here.
bool is_numbered(std::string_view text, std::string_view prefix) {
  return text.size() > prefix.size() && lowered(text.substr(0, prefix.size())) == lowered(prefix) &&
         parse_number<uint32_t>(text.substr(prefix.size()));
}

Result<RulePtr> parse_type_rule(Tokens tokens, bool stops) {
  if (tokens.size() != 2) return wrong_form("type rules must have exactly two arguments", "type FROM TO");
  dns::RRType types[2];
  for (size_t i = 0; i < 2; ++i) {
    const auto type = dns::parse_type(tokens[i].text);
    if (type.has_error() || *type == dns::RRType::none || is_numbered(tokens[i].text, "TYPE")) {
      return fail("invalid type " + quoted(tokens[i].text) + ", expected a record type such as A or MX");
    }
    types[i] = *type;
  }
  return finished(std::make_shared<TypeRule>(types[0], types[1]), stops);
}

Result<RulePtr> parse_class_rule(Tokens tokens, bool stops) {
  if (tokens.size() != 2) return wrong_form("class rules must have exactly two arguments", "class FROM TO");
  dns::RRClass classes[2];
  for (size_t i = 0; i < 2; ++i) {
    const auto cls = dns::parse_class(tokens[i].text);
    if (cls.has_error() || is_numbered(tokens[i].text, "CLASS")) {
      return fail("invalid class " + quoted(tokens[i].text) + ", expected IN, CS, CH, HS, NONE or ANY");
    }
    classes[i] = *cls;
  }
  return finished(std::make_shared<ClassRule>(classes[0], classes[1]), stops);
}

/// The name of `ttl` and `rcode` rules: `[KIND] NAME` in front of `behind` more tokens, which are left in `tokens`.
Result<Pattern> take_pattern(std::string_view field, std::string_view form, size_t behind, Tokens& tokens) {
  const bool with_kind = tokens.size() == behind + 2;
  if (!with_kind && tokens.size() != behind + 1) {
    const bool few = tokens.size() <= behind;
    return wrong_form(std::string(few ? "too few" : "too many") + " (" + std::to_string(tokens.size()) +
                          ") arguments for a " + std::string(field) + " rule",
                      form);
  }
  Kind kind = Kind::exact;
  if (with_kind) {
    const auto given = parse_kind(tokens[0].text);
    if (!given) {
      return fail(std::string(field) + " rules match names by " + std::string(kKinds) + ", not " +
                  quoted(tokens[0].text));
    }
    kind = *given;
    tokens = tokens.subspan(1);
  }
  auto pattern = parse_pattern(kind, tokens[0].text);
  tokens = tokens.subspan(1);
  return pattern;
}

/// "30", "30-300", "-300", "30-".
std::optional<ClampTtl> parse_ttl(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == text.npos) {
    const auto ttl = parse_number<uint32_t>(text);
    return ttl ? std::optional(ClampTtl{*ttl, *ttl}) : std::nullopt;
  }
  const std::string_view low = text.substr(0, dash), high = text.substr(dash + 1);
  if (low.empty() && high.empty()) return std::nullopt;
  const auto least = low.empty() ? 0 : parse_number<uint32_t>(low);
  const auto most = high.empty() ? kHighestTtl : parse_number<uint32_t>(high);
  if (!least || !most || *least > *most) return std::nullopt;
  return ClampTtl{*least, *most};
}

Result<RulePtr> parse_ttl_rule(Tokens tokens, bool stops) {
  auto name = take_pattern("ttl", "ttl [exact|prefix|suffix|substring|regex] NAME SECONDS|MIN-MAX", 1, tokens);
  if (name.has_error()) return name.error();
  const auto ttl = parse_ttl(tokens[0].text);
  if (!ttl) {
    return fail("invalid TTL " + quoted(tokens[0].text) + " for a ttl rule, expected seconds or a range MIN-MAX");
  }
  return finished(std::make_shared<ReplyRule>(std::move(*name), *ttl), stops);
}

Result<dns::Rcode> read_rcode(const std::string& text, std::string_view which) {
  if (const auto number = parse_number<unsigned>(text); number && *number <= kHighestRcodeNumber) {
    return static_cast<dns::Rcode>(*number);
  }
  const auto rcode = dns::parse_rcode(text);
  if (rcode.has_error() || is_numbered(text, "RCODE")) {
    return fail("invalid " + std::string(which) + " RCODE " + quoted(text) +
                " for a rcode rule, expected a name such as NXDOMAIN or a number up to 23");
  }
  return *rcode;
}

Result<RulePtr> parse_rcode_rule(Tokens tokens, bool stops) {
  auto name = take_pattern("rcode", "rcode [exact|prefix|suffix|substring|regex] NAME FROM TO", 2, tokens);
  if (name.has_error()) return name.error();
  const auto from = read_rcode(tokens[0].text, "matching");
  if (from.has_error()) return from.error();
  const auto to = read_rcode(tokens[1].text, "replacement");
  if (to.has_error()) return to.error();
  return finished(std::make_shared<ReplyRule>(std::move(*name), SwapRcode{*from, *to}), stops);
}

// Targets have no final dot of their own here: a prefix is a prefix. Compared in lower case, and so are expressions.
Result<RulePtr> parse_cname_rule(Tokens tokens, bool stops) {
  constexpr std::string_view kForm = "cname [exact|prefix|suffix|substring|regex] FROM TO";
  if (tokens.size() != 2 && tokens.size() != 3) {
    return wrong_form(std::string(tokens.size() < 2 ? "too few" : "too many") + " (" + std::to_string(tokens.size()) +
                          ") arguments for a cname rule",
                      kForm);
  }
  const auto kind = tokens.size() == 3 ? parse_kind(tokens[0].text) : Kind::exact;
  if (!kind) {
    return fail("unknown cname rewrite type " + quoted(tokens[0].text) + ", expected " + std::string(kKinds));
  }
  const std::string& from = tokens[tokens.size() - 2].text;
  const std::string to = lowered(tokens.back().text);
  if (from.empty() || to.empty()) return wrong_form("an empty name in a cname rule", kForm);
  if (*kind != Kind::regex) {
    const bool exact = *kind == Kind::exact;
    auto pattern = Pattern::make(*kind, exact ? normalized(from) : lowered(from));
    auto map = std::make_unique<PatternMap>(std::move(*pattern), Replacement(exact ? normalized(to) : to), true);
    return finished(std::make_shared<ReplyRule>(std::move(map)), stops);
  }
  auto pattern = parse_regex(from, Regex::Case::ignored);
  if (pattern.has_error()) return fail("invalid cname rewrite regex pattern: " + pattern.error().message);
  const size_t groups = pattern->groups();
  auto map = std::make_unique<PatternMap>(std::move(*pattern), Replacement(to, groups), true);
  return finished(std::make_shared<ReplyRule>(std::move(map)), stops);
}

Result<RulePtr> parse_answer_rule(Tokens, bool) {
  return fail("response rewrites must begin with a name rule: 'answer' stands behind 'name FROM TO'");
}

struct Field {
  std::string_view name;
  Result<RulePtr> (*parse)(Tokens, bool stops);
};
constexpr Field kParsers[] = {{"name", parse_name_rule},  {"type", parse_type_rule},    {"class", parse_class_rule},
                              {"ttl", parse_ttl_rule},    {"cname", parse_cname_rule},  {"rcode", parse_rcode_rule},
                              {"edns0", parse_edns_rule}, {"answer", parse_answer_rule}};

Error unknown_field(const std::string& word) {
  std::vector<std::string_view> names;
  for (const Field& field : kParsers) names.push_back(field.name);
  return fail("invalid rule type " + quoted(word) + ", expected " + std::string(kFields) +
              corefile::did_you_mean(word, names));
}

}  // namespace

Result<std::any> parse_rule(Tokens tokens) {
  bool stops = true;
  if (!tokens.empty()) {
    const std::string mode = lowered(tokens[0].text);
    stops = mode != "continue";
    if (mode == "continue" || mode == "stop") {
      tokens = tokens.subspan(1);
      if (tokens.empty()) {
        return corefile::not_parsed(mode + " rule must begin with a rule type: " + std::string(kFields));
      }
    }
  }
  if (tokens.empty()) {
    return corefile::not_parsed("no rule type specified for rewrite, expected " + std::string(kFields));
  }
  const std::string word = lowered(tokens[0].text);
  for (const Field& field : kParsers) {
    if (word != field.name) continue;
    auto rule = field.parse(tokens.subspan(1), stops);
    if (rule.has_error()) return corefile::not_parsed(rule.error().message);
    return corefile::parsed(std::move(*rule));
  }
  return corefile::not_parsed(unknown_field(tokens[0].text).message);
}

// As in CoreDNS a prefix ends with a dot, written or not, so that it takes whole labels; no label ends so.
std::string doubt_about(Tokens tokens) {
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    const std::string& from = tokens[i + 1].text;
    if (lowered(tokens[i].text) == "cname") return {};
    if (parse_kind(tokens[i].text) != Kind::prefix || !(from.ends_with('-') || from.ends_with('_'))) continue;
    return "the prefix " + quoted(from) + " is taken as " + quoted(from + ".") +
           ", which no name begins with; use regex for a part of a label";
  }
  return {};
}

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 0x20) : c;
  return out;
}

std::string normalized(std::string_view text) {
  std::string out = lowered(text);
  size_t backslashes = 0;  // in front of the final dot: an odd number makes it part of a label
  while (backslashes + 1 < out.size() && out[out.size() - 2 - backslashes] == '\\') ++backslashes;
  if (!out.ends_with('.') || backslashes % 2 == 1) out += '.';
  return out;
}

Result<Pattern> parse_regex(std::string_view text, Regex::Case letters) {
  return Pattern::make(Kind::regex, std::string(text), letters);
}

Result<Pattern> parse_pattern(Kind kind, std::string_view text) {
  if (kind != Kind::regex) return Pattern::make(kind, normalized(text));
  auto pattern = parse_regex(text);
  if (pattern.has_error()) return fail("invalid regex pattern " + quoted(text) + ": " + pattern.error().message);
  return pattern;
}

Error wrong_form(std::string_view what, std::string_view form) {
  return fail(std::string(what) + ", expected '" + std::string(form) + "'");
}

}  // namespace portolan::rewrite
