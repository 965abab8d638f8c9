// What expressions stand for: the data of the query, field by field.
#include "plugins/template/renderer.h"

namespace portolan::templates {

Value Renderer::evaluate(const Expression& e) {
  if (!step(e.column)) return {};
  Value value;
  switch (e.form) {
    case Expression::Form::constant:
      value = e.value();
      break;
    case Expression::Form::dot:
      value = dot_;
      break;
    case Expression::Form::data:
      value = object(Object::data);
      break;
    case Expression::Form::variable:
      value = variables_[e.slot];
      break;
    case Expression::Form::call:
      value = call(e);
      break;
    case Expression::Form::nested:
      value = evaluate(e.arguments[0]);
      break;
  }
  for (const std::string& name : e.path) {
    if (failed()) return {};
    value = field(e, value, name);
  }
  return value;
}

Value Renderer::field(const Expression& e, const Value& base, std::string_view name) {
  if (base.is_nil()) return {};  // below a key that is missing, as in Go
  if (base.kind() == Kind::map) {
    const Value* found = base.find(name);
    return found ? *found : Value();
  }
  if (base.kind() == Kind::object) {
    switch (static_cast<Object>(base.tag())) {
      case Object::data:
        return data_field(e, name);
      case Object::groups: {
        std::string_view text;
        return data_.groups.find(name, text) ? Value::of(text) : Value();
      }
      case Object::question: {
        const dns::Question& question = data_.query->question;
        if (name == "Name" && spend(question.name.size(), e.column)) {
          return Value::of(name_text(question.name, arena_));
        }
        if (name == "Qtype") return Value::of(int64_t{static_cast<uint16_t>(question.type)});
        if (name == "Qclass") return Value::of(int64_t{static_cast<uint16_t>(question.cls)});
        break;
      }
      case Object::message:
        return message_field(e, name);
    }
  }
  fail(e.column, "can't evaluate field ", name);
  return {};
}

Value Renderer::data_field(const Expression& e, std::string_view name) {
  if (name == "Name") return Value::of(data_.name);
  if (name == "Zone") return Value::of(data_.zone);
  if (name == "Regex") return Value::of(data_.regex);
  if (name == "Class") return Value::of(data_.cls);
  if (name == "Type") return Value::of(data_.type);
  if (name == "Remote") return Value::of(data_.remote);
  if (name == "Group") return object(Object::groups);
  if (name == "Var") return Value::map_of(data_.variables);
  if (name == "Question") return object(Object::question);
  if (name == "Message") return object(Object::message);
  if (name == "Match") {
    if (matches_.empty()) {
      const auto matches = arena_.array<Value>(data_.groups.matches.size());
      for (size_t i = 0; i < matches.size(); ++i) matches[i] = Value::of(data_.groups.matches[i]);
      matches_ = matches;
    }
    return Value::of(matches_);
  }
  fail(e.column, "can't evaluate field ", name);
  return {};
}

Value Renderer::message_field(const Expression& e, std::string_view name) {
  const dns::Header& header = data_.query->header;
  if (name == "Id") return Value::of(int64_t{header.id});
  if (name == "Opcode") return Value::of(int64_t{static_cast<uint8_t>(header.opcode)});
  if (name == "Rcode") return Value::of(int64_t{header.rcode});
  if (name == "Response") return Value::of(header.qr);
  if (name == "Authoritative") return Value::of(header.aa);
  if (name == "Truncated") return Value::of(header.tc);
  if (name == "RecursionDesired") return Value::of(header.rd);
  if (name == "RecursionAvailable") return Value::of(header.ra);
  if (name == "Zero") return Value::of(header.z);
  if (name == "AuthenticatedData") return Value::of(header.ad);
  if (name == "CheckingDisabled") return Value::of(header.cd);
  if (name == "MsgHdr") return object(Object::message);
  if (name == "Question") {
    const auto questions = arena_.array<Value>(1);
    questions[0] = object(Object::question);
    return Value::of(std::span<const Value>(questions));
  }
  fail(e.column, "can't evaluate field ", name);
  return {};
}

}  // namespace portolan::templates
