// Comparing and replacing.
#include "plugins/rewrite/pattern.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "corefile/argument.h"
#include "plugins/common/text_buffer.h"

namespace portolan::rewrite {
namespace {

constexpr std::pair<std::string_view, Kind> kKinds[] = {{"exact", Kind::exact},
                                                        {"prefix", Kind::prefix},
                                                        {"suffix", Kind::suffix},
                                                        {"substring", Kind::substring},
                                                        {"regex", Kind::regex}};
constexpr size_t kHighestGroup = 100;

struct Reference {
  size_t at, end;  // of "{12}" in the text
  size_t group;
};

// The first group named in `text` from `from` on.
std::optional<Reference> next_reference(std::string_view text, size_t from) {
  for (size_t open = text.find('{', from); open != text.npos; open = text.find('{', open + 1)) {
    const size_t close = text.find('}', open);
    if (close == text.npos) return std::nullopt;
    const std::string_view digits = text.substr(open + 1, close - open - 1);
    size_t group = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), group);
    const bool plain = digits == "0" || !digits.starts_with('0');
    if (error == std::errc() && end == digits.data() + digits.size() && plain) return Reference{open, close + 1, group};
  }
  return std::nullopt;
}

std::string_view joined(std::string_view a, std::string_view b, Arena& arena) {
  return TextBuffer(arena, a.size() + b.size()).append(a).append(b).text();
}

}  // namespace

std::optional<Kind> parse_kind(std::string_view word) {
  for (const auto& [name, kind] : kKinds) {
    if (corefile::equal_in_any_case(name, word)) return kind;
  }
  return std::nullopt;
}

Replacement::Replacement(std::string text) { parts_.push_back({std::move(text), std::nullopt}); }

Replacement::Replacement(std::string_view text, size_t groups) {
  std::string literal;
  size_t at = 0;
  while (const auto reference = next_reference(text, at)) {
    const bool known = reference->group <= groups;
    literal += text.substr(at, (known ? reference->at : reference->end) - at);
    at = reference->end;
    if (!known) continue;
    parts_.push_back({std::exchange(literal, {}), reference->group});
    wanted_ = std::max(wanted_, reference->group + 1);
  }
  literal += text.substr(at);
  parts_.push_back({std::move(literal), std::nullopt});
}

std::string_view Replacement::filled(std::span<const std::string_view> groups, Arena& arena) const {
  if (parts_.size() == 1) return text();
  TextBuffer out(arena);
  for (const Part& part : parts_) {
    out.append(part.text);
    if (part.group) out.append(groups[*part.group]);
  }
  return out.text();
}

size_t groups_used(std::string_view text) {
  std::vector<bool> used(kHighestGroup + 1);
  size_t at = 0;
  while (const auto reference = next_reference(text, at)) {
    if (reference->group <= kHighestGroup) used[reference->group] = true;
    at = reference->end;
  }
  return static_cast<size_t>(std::count(used.begin(), used.end(), true));
}

Result<Pattern> Pattern::make(Kind kind, std::string from, Regex::Case letters) {
  Pattern pattern(kind, std::move(from));
  if (kind == Kind::regex) {
    auto compiled = Regex::compile(pattern.from_, letters);
    if (compiled.has_error()) return compiled.error();
    pattern.regex_ = std::move(*compiled);
  }
  if (kind == Kind::exact) {
    auto name = dns::Name::parse(pattern.from_);
    Arena arena;
    // No name has a text that is written in another way than names are: it matches nothing.
    if (name && name_text(*name, arena) == pattern.from_) pattern.name_ = std::move(*name);
  }
  return {boost::system::in_place_value, std::move(pattern)};
}

bool Pattern::matches(std::string_view text) const {
  switch (kind_) {
    case Kind::exact:
      return text == from_;
    case Kind::prefix:
      return text.starts_with(from_);
    case Kind::suffix:
      return text.ends_with(from_);
    case Kind::substring:
      return text.find(from_) != text.npos;
    case Kind::regex:
      return regex_->matches(text);
  }
  return false;
}

std::optional<std::string_view> Pattern::replaced(std::string_view text, const Replacement& to, Arena& arena) const {
  if (kind_ == Kind::regex && to.wanted() > 0) {
    std::span<const std::string_view> groups;
    if (!regex_->match(text, arena, groups, to.wanted())) return std::nullopt;
    return to.filled(groups, arena);
  }
  if (!matches(text)) return std::nullopt;
  if (kind_ == Kind::exact || kind_ == Kind::regex) return to.text();
  if (kind_ == Kind::prefix) return joined(to.text(), text.substr(from_.size()), arena);
  if (kind_ == Kind::suffix) return joined(text.substr(0, text.size() - from_.size()), to.text(), arena);
  TextBuffer out(arena);
  for (size_t found = text.find(from_); found != text.npos; found = text.find(from_)) {
    out.append(text.substr(0, found)).append(to.text());
    text.remove_prefix(found + from_.size());
  }
  return out.append(text).text();
}

}  // namespace portolan::rewrite
