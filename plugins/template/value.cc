// Values as text, as Go's fmt writes them, and as conditions.
#include "plugins/template/value.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "plugins/common/text_buffer.h"

namespace portolan::templates {
namespace {

void append_number(TextBuffer& out, int64_t value) {
  char digits[24];
  out.append({digits, static_cast<size_t>(std::to_chars(digits, digits + sizeof digits, value).ptr - digits)});
}

}  // namespace

bool Data::group(std::string_view key, std::string_view& text) const {
  for (size_t i = 0; i < group_names.size() && i < matches.size(); ++i) {
    if (!group_names[i].empty() && group_names[i] == key) {
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

Written write(const Value& value, const Data& data, Arena& arena) {
  TextBuffer out(arena, 64);
  switch (value.kind) {
    case Kind::no_value:
      return {"<no value>"};
    case Kind::boolean:
      return {value.boolean ? "true" : "false"};
    case Kind::text:
      return {value.text};
    case Kind::integer:
      append_number(out, value.integer);
      break;
    case Kind::matches:
      out.append('[');
      for (size_t i = 0; i < data.matches.size(); ++i) {
        if (i > 0) out.append(' ');
        out.append(data.matches[i]);
      }
      out.append(']');
      break;
    case Kind::question: {
      const dns::Question& question = data.query->question;
      out.append("&{").name(question.name).append(' ');
      append_number(out, static_cast<uint16_t>(question.type));
      append_number(out.append(' '), static_cast<uint16_t>(question.cls));
      out.append('}');
      break;
    }
    case Kind::groups:
    case Kind::message:
      return {{}, false};
  }
  return {out.text()};
}

bool truth(const Value& value, const Data& data) {
  switch (value.kind) {
    case Kind::no_value:
      return false;
    case Kind::boolean:
      return value.boolean;
    case Kind::integer:
      return value.integer != 0;
    case Kind::text:
      return !value.text.empty();
    case Kind::matches:
    case Kind::groups:
      return !data.matches.empty();
    case Kind::question:
    case Kind::message:
      return true;
  }
  return false;
}

}  // namespace portolan::templates
