// Values as text, as Go's fmt writes them, and as conditions.
#include "plugins/template/value.h"

#include "plugins/common/text_buffer.h"

namespace portolan::templates {
namespace {

// A question writes itself as a line of a message, as miekg/dns has it.
void write_question(const dns::Question& question, TextBuffer& out) {
  out.append(';').name(question.name).append('\t');
  out.append(dns::text(question.cls)).append("\t ").append(dns::text(question.type));
}

}  // namespace

Value group_map(const Data& data, Arena& arena) {
  const auto& [matches, names] = data.groups;
  const auto pairs = arena.array<Value>(matches.size() * 4);
  size_t used = 0;
  const auto add = [&](std::string_view key, std::string_view text) {
    pairs[used++] = Value::of(key);
    pairs[used++] = Value::of(text);
  };
  for (size_t i = 0; i < matches.size(); ++i) {
    if (i < names.size() && !names[i].empty()) add(names[i], matches[i]);
    const std::string_view number = TextBuffer(arena, 4).number(i).text();
    bool named = false;
    for (const std::string& name : names) named = named || name == number;
    if (!named) add(number, matches[i]);
  }
  return Value::map_of(pairs.first(used));
}

bool write(const Value& value, const Data& data, TextBuffer& out, Arena& arena) {
  if (value.is_nil()) {
    out.append("<no value>");
    return true;
  }
  if (value.kind() == Kind::array && !value.elements().empty() && value.elements()[0].kind() == Kind::object) {
    return false;
  }
  if (value.kind() != Kind::object) {
    append_text(out, value);
    return true;
  }
  switch (static_cast<Object>(value.tag())) {
    case Object::groups:
      append_text(out, group_map(data, arena));
      return true;
    case Object::question:
      write_question(data.query->question, out);
      return true;
    default:
      return false;
  }
}

int64_t length(const Value& value, const Data& data) {
  switch (value.kind()) {
    case Kind::text:
      return static_cast<int64_t>(value.text().size());
    case Kind::array:
      return static_cast<int64_t>(value.elements().size());
    case Kind::map:
      return static_cast<int64_t>(value.elements().size() / 2);
    case Kind::object: {
      if (!is_object(value, Object::groups)) return -1;
      int64_t count = static_cast<int64_t>(data.groups.matches.size());
      for (const std::string& name : data.groups.names) count += name.empty() ? 0 : 1;
      return count;
    }
    default:
      return -1;
  }
}

bool truth(const Value& value, const Data& data) {
  switch (value.kind()) {
    case Kind::nil:
      return false;
    case Kind::boolean:
      return value.boolean();
    case Kind::integer:
    case Kind::fraction:
      return value.number() != 0;
    default:
      return length(value, data) != 0;
  }
}

}  // namespace portolan::templates
