// Functions of texts; what they make lies in the arena.
#include <algorithm>

#include "plugins/common/expression/evaluation.h"

namespace portolan::expression {
namespace {

using Id = BuiltinId;
using Values = std::span<const Value>;

constexpr std::string_view kBlanks = " \t\n\v\f\r";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string_view trimmed(std::string_view text, std::string_view cut) {
  const size_t first = text.find_first_not_of(cut);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(cut) - first + 1);
}

size_t occurrences(std::string_view text, std::string_view part) {
  if (part.empty()) return text.size() + 1;
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string_view::npos; at += part.size()) ++count;
  return count;
}

Value cased(Evaluation& evaluation, Id id, std::string_view text) {
  if (!evaluation.spend(text.size())) return {};
  TextBuffer out(evaluation.arena(), text.size());
  for (const char c : text) {
    const bool change = id == Id::upper ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z';
    out.append(static_cast<char>(change ? c ^ 0x20 : c));
  }
  return Value::of(out.text());
}

// An empty separator stands between all octets; `limit` < 0: none.
Value split(Evaluation& evaluation, Id id, std::string_view text, std::string_view by, int64_t limit) {
  if (limit == 0) return Value::of(Values());
  size_t count = by.empty() ? text.size() : occurrences(text, by) + 1;
  if (limit > 0) count = std::min(count, static_cast<size_t>(limit));
  if (!evaluation.work(count)) return {};
  const auto out = evaluation.values(count);
  if (evaluation.failed()) return {};
  for (size_t i = 0; i < count; ++i) {
    if (i + 1 == count) {
      out[i] = Value::of(text);
      break;
    }
    const size_t at = by.empty() ? 1 : text.find(by);
    out[i] = Value::of(text.substr(0, at + (id == Id::split_after ? by.size() : 0)));
    text.remove_prefix(at + by.size());
  }
  return Value::of(Values(out));
}

Value replace(Evaluation& evaluation, std::string_view text, std::string_view from, std::string_view to,
              int64_t limit) {
  size_t left = occurrences(text, from);
  if (limit >= 0) left = std::min(left, static_cast<size_t>(limit));
  if (!evaluation.work(left) || !evaluation.spend(text.size() + left * to.size())) return {};
  TextBuffer out(evaluation.arena(), text.size() + left * to.size());
  if (from.empty()) {  // in front of every octet and at the end
    for (const char c : text) {
      if (left > 0) out.append(to);
      left -= left > 0;
      out.append(c);
    }
    if (left > 0) out.append(to);
    return Value::of(out.text());
  }
  for (; left > 0; --left) {
    const size_t at = text.find(from);
    out.append(text.substr(0, at)).append(to);
    text.remove_prefix(at + from.size());
  }
  return Value::of(out.append(text).text());
}

Value repeat(Evaluation& evaluation, std::string_view text, int64_t times) {
  if (times < 0) return evaluation.fail("invalid argument for repeat: a negative number");
  if (times > 1'000'000 || !evaluation.spend(text.size() * static_cast<size_t>(times))) {
    return evaluation.fail("more than 256 KiB");
  }
  if (text.empty()) return Value::of(text);
  TextBuffer out(evaluation.arena(), text.size() * static_cast<size_t>(times));
  for (int64_t i = 0; i < times; ++i) out.append(text);
  return Value::of(out.text());
}

Value join(Evaluation& evaluation, const Node& node, Values parts, std::string_view glue) {
  size_t size = 0;
  for (const Value& each : parts) {
    if (!evaluation.expect(node, each, Kind::text)) return {};
    size += each.text().size() + glue.size();
  }
  if (!evaluation.work(parts.size()) || !evaluation.spend(size)) return {};
  TextBuffer out(evaluation.arena(), size);
  for (size_t i = 0; i < parts.size(); ++i) out.append(i > 0 ? glue : "").append(parts[i].text());
  return Value::of(out.text());
}

Value position(size_t at) { return Value::of(at == std::string_view::npos ? int64_t{-1} : static_cast<int64_t>(at)); }

Value to_base64(Evaluation& evaluation, std::string_view text) {
  if (!evaluation.spend((text.size() + 2) / 3 * 4)) return {};
  TextBuffer out(evaluation.arena(), (text.size() + 2) / 3 * 4);
  for (size_t i = 0; i < text.size(); i += 3) {
    uint32_t group = 0;
    const size_t octets = std::min<size_t>(3, text.size() - i);
    for (size_t j = 0; j < 3; ++j) group = group << 8 | (j < octets ? static_cast<uint8_t>(text[i + j]) : 0U);
    for (size_t j = 0; j < 4; ++j) out.append(j <= octets ? kBase64[group >> (18 - 6 * j) & 63] : '=');
  }
  return Value::of(out.text());
}

Value from_base64(Evaluation& evaluation, std::string_view text) {
  const size_t digits = text.find_last_not_of('=') + 1;
  const size_t padding = text.size() - digits;
  if (text.size() % 4 != 0 || padding > 2) return evaluation.fail("illegal base64 data");
  if (!evaluation.spend(text.size())) return {};
  TextBuffer out(evaluation.arena(), text.size());
  uint32_t bits = 0, count = 0;
  for (const char c : text.substr(0, digits)) {
    const size_t value = kBase64.find(c);
    if (value == std::string_view::npos) return evaluation.fail("illegal base64 data");
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.append(static_cast<char>(bits >> count & 0xFF));
  }
  return Value::of(out.text());
}

}  // namespace

Value call_text_function(Evaluation& evaluation, const Node& node, Values arguments) {
  const auto id = static_cast<Id>(node.function);
  if (id == Id::to_string) {
    const std::string_view text = evaluation.text_of(arguments[0]);
    return evaluation.failed() ? Value() : Value::of(text);
  }
  const size_t letters = builtin_of(id).arguments.find_first_of("i");  // the only argument that is no text, if any
  for (size_t i = 0; i < arguments.size(); ++i) {
    const bool number = letters != std::string_view::npos && i > 0 && i + 1 == arguments.size() &&
                        arguments.size() == (id == Id::replace  ? 4U
                                             : id == Id::repeat ? 2U
                                                                : 3U);
    const Kind wanted = number ? Kind::integer : id == Id::join && i == 0 ? Kind::array : Kind::text;
    if (!evaluation.expect(node, arguments[i], wanted)) return {};
  }
  const auto text = [&](size_t i, std::string_view fallback = {}) {
    return i < arguments.size() ? arguments[i].text() : fallback;
  };
  const auto number = [&](size_t i) { return i < arguments.size() ? arguments[i].integer() : int64_t{-1}; };
  switch (id) {
    case Id::trim:
      return Value::of(trimmed(text(0), text(1, kBlanks)));
    case Id::trim_prefix:
      return Value::of(text(0).starts_with(text(1, " ")) ? text(0).substr(text(1, " ").size()) : text(0));
    case Id::trim_suffix: {
      const std::string_view suffix = text(1, " ");
      return Value::of(text(0).ends_with(suffix) ? text(0).substr(0, text(0).size() - suffix.size()) : text(0));
    }
    case Id::upper:
    case Id::lower:
      return cased(evaluation, id, text(0));
    case Id::split:
    case Id::split_after:
      return split(evaluation, id, text(0), text(1), number(2));
    case Id::replace:
      return replace(evaluation, text(0), text(1), text(2), number(3));
    case Id::repeat:
      return repeat(evaluation, text(0), number(1));
    case Id::join:
      return join(evaluation, node, arguments[0].elements(), text(1));
    case Id::index_of:
      return position(text(0).find(text(1)));
    case Id::last_index_of:
      return position(text(0).rfind(text(1)));
    case Id::has_prefix:
      return Value::of(text(0).starts_with(text(1)));
    case Id::has_suffix:
      return Value::of(text(0).ends_with(text(1)));
    case Id::to_base64:
      return to_base64(evaluation, text(0));
    default:
      return from_base64(evaluation, text(0));
  }
}

}  // namespace portolan::expression
