// `name [KIND] FROM TO [answer auto|name FROM TO|value FROM TO]...`.
#include "plugins/rewrite/grammar.h"
#include "plugins/rewrite/name_rule.h"

namespace portolan::rewrite {
namespace {

constexpr std::string_view kForm = "name [exact|prefix|suffix|substring|regex] FROM TO [answer auto|name|value ...]";

/// What `answer` says, in order; the maps of names and values.
struct Answers {
  struct Map {
    bool value;  // else the owner
    std::unique_ptr<PatternMap> map;
  };
  bool automatic = false;
  std::vector<Map> maps;
};

// CoreDNS counts; it does not look at which groups are there.
Result<void> check_groups(const Pattern& from, std::string_view from_text, std::string_view to) {
  if (groups_used(to) <= from.groups()) return {};
  return fail("the rewrite regex pattern (" + std::string(to) +
              ") uses more subexpressions than its corresponding matching regex pattern (" + std::string(from_text) +
              ")");
}

Result<Pattern> regex_for(std::string_view from, std::string_view to) {
  auto pattern = parse_regex(from);
  if (pattern.has_error()) {
    return fail("invalid regex matching pattern " + quoted(from) + ": " + pattern.error().message);
  }
  if (auto checked = check_groups(*pattern, from, to); checked.has_error()) return checked.error();
  return pattern;
}

Result<Answers::Map> parse_map(const std::string& what, std::string_view from, std::string_view to) {
  auto pattern = regex_for(from, to);
  if (pattern.has_error()) return fail(what + " answer rule: " + pattern.error().message);
  const Replacement replacement(normalized(to), pattern->groups());
  return Answers::Map{what == "value", std::make_unique<PatternMap>(std::move(*pattern), replacement)};
}

Result<Answers> parse_answers(Tokens tokens) {
  Answers answers;
  bool names = false;
  for (bool first = true; !tokens.empty(); first = false) {
    if (tokens[0].text == "answer") {
      tokens = tokens.subspan(1);
    } else if (first) {
      return wrong_form("unexpected " + quoted(tokens[0].text) + " in a name rule", kForm);
    }
    if (tokens.empty()) return fail("'answer' without a type, expected auto, name FROM TO or value FROM TO");
    const std::string what = tokens[0].text;
    if (what == "auto") {
      answers.automatic = true;
      tokens = tokens.subspan(1);
      continue;
    }
    if (what != "name" && what != "value") {
      return fail("invalid type " + quoted(what) + " for an answer rule, expected auto, name FROM TO or value FROM TO");
    }
    if (tokens.size() < 3) return fail("2 arguments required for '" + what + "' in an answer rule: FROM TO");
    auto map = parse_map(what, tokens[1].text, tokens[2].text);
    if (map.has_error()) return map.error();
    names = names || !map->value;
    answers.maps.push_back(std::move(*map));
    tokens = tokens.subspan(3);
  }
  if (answers.automatic && names) {
    return fail("'answer auto' cannot be combined with 'answer name': both say what owners become");
  }
  return {boost::system::in_place_value, std::move(answers)};
}

Result<std::shared_ptr<NameRule>> parse_question(Kind kind, const std::string& from, const std::string& to) {
  if (kind == Kind::regex) {
    auto pattern = regex_for(from, to);
    if (pattern.has_error()) return pattern.error();
    const Replacement replacement(normalized(to), pattern->groups());
    return std::make_shared<NameRule>(std::move(*pattern), replacement);
  }
  if (kind == Kind::exact) {  // CoreDNS takes TO as an expression, whose groups FROM must not outnumber
    if (auto checked = regex_for(normalized(to), normalized(from)); checked.has_error()) return checked.error();
  }
  auto pattern = parse_pattern(kind, from);
  return std::make_shared<NameRule>(std::move(*pattern), Replacement(normalized(to)));
}

}  // namespace

Result<RulePtr> parse_name_rule(Tokens tokens, bool stops) {
  if (tokens.size() < 2) return wrong_form("too few arguments for a name rule", kForm);
  std::optional<Kind> kind = Kind::exact;
  if (tokens.size() > 2) {
    kind = parse_kind(tokens[0].text);
    if (!kind) {
      return fail("name rule supports only exact, prefix, suffix, substring, and regex name matching, received: " +
                  quoted(tokens[0].text));
    }
    tokens = tokens.subspan(1);
  }
  const std::string &from = tokens[0].text, &to = tokens[1].text;
  if (tokens.size() == 3) return wrong_form("unexpected " + quoted(tokens[2].text) + " in a name rule", kForm);
  auto answers = parse_answers(tokens.subspan(2));
  if (answers.has_error()) return answers.error();
  auto rule = parse_question(*kind, from, to);
  if (rule.has_error()) return rule.error();
  if (*kind == Kind::suffix && answers->automatic) {
    auto back = parse_pattern(Kind::suffix, to);
    (*rule)->map_names(std::make_unique<PatternMap>(std::move(*back), Replacement(normalized(from))));
  } else if (*kind == Kind::exact || answers->automatic) {
    (*rule)->map_back();
  }
  for (Answers::Map& each : answers->maps) {
    if (each.value) {
      (*rule)->map_values(std::move(each.map));
    } else {
      (*rule)->map_owners(std::move(each.map));
    }
  }
  return finished(std::move(*rule), stops);
}

}  // namespace portolan::rewrite
