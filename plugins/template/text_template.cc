// Rendering a template: nodes in order, expressions by value. Errors are Go's, with the column in place of its name.
#include "plugins/template/text_template.h"

#include <charconv>

#include "plugins/template/go_printf.h"
#include "plugins/template/template_parser.h"
#include "server/metadata.h"

namespace portolan::templates {
namespace {

constexpr size_t kMaxSize = 64 * 1024;  // of a template, and of what it renders to

class Renderer {
 public:
  Renderer(const Data& data, Arena& arena) : data_(data), arena_(arena), out_(arena) {}

  void run(std::span<const Node> nodes) {
    for (const Node& node : nodes) {
      if (failed()) return;
      switch (node.form) {
        case Node::Form::text:
          append(node.text, 0);
          break;
        case Node::Form::action: {
          const Value value = evaluate(node.expression);
          if (failed()) return;
          const Written written = write(value, data_, arena_);
          if (!written.good) return fail(node.expression.column, "the value has no text in portolan");
          append(written.text, node.expression.column);
          break;
        }
        case Node::Form::branch: {
          const Value value = evaluate(node.expression);
          if (!failed()) run(truth(value, data_) ? node.then : node.otherwise);
          break;
        }
      }
    }
  }

  TextTemplate::Rendered result() const { return {failed() ? std::string_view() : out_.text(), error_}; }

 private:
  bool failed() const { return !error_.empty(); }

  void fail(uint32_t column, std::string_view message) {
    if (failed()) return;
    error_ = TextBuffer(arena_).append("template: col ").number(column).append(": ").append(message).text();
  }

  void append(std::string_view text, uint32_t column) {
    if (out_.text().size() + text.size() > kMaxSize) return fail(column, "more than 64 KiB");
    out_.append(text);
  }

  Value evaluate(const Expression& e) {
    if (failed()) return {};
    switch (e.form) {
      case Expression::Form::constant:
        return {e.constant_kind, e.boolean, e.integer, e.text};
      case Expression::Form::path:
        return path(e);
      case Expression::Form::call:
        return call(e);
    }
    return {};
  }

  Value path(const Expression& e) {
    const std::string_view first = e.path[0];
    if (first == "Group" && e.path.size() == 2) {
      std::string_view text;
      return data_.group(e.path[1], text) ? Value::of(text) : Value{};
    }
    if (first == "Question" && e.path.size() == 2) return question_field(e);
    if (first == "Message" && e.path.size() == 2) return message_field(e);
    if (e.path.size() > 1) return unknown(e, 1);
    if (first == "Name") return Value::of(data_.name);
    if (first == "Zone") return Value::of(data_.zone);
    if (first == "Regex") return Value::of(data_.regex);
    if (first == "Class") return Value::of(data_.cls);
    if (first == "Type") return Value::of(data_.type);
    if (first == "Remote") return Value::of(data_.remote);
    if (first == "Match") return Value::of(Kind::matches);
    if (first == "Group") return Value::of(Kind::groups);
    if (first == "Question") return Value::of(Kind::question);
    if (first == "Message") return Value::of(Kind::message);
    return unknown(e, 0);
  }

  Value unknown(const Expression& e, size_t index) {
    fail(e.column, TextBuffer(arena_).append("can't evaluate field ").append(e.path[index]).text());
    return {};
  }

  Value question_field(const Expression& e) {
    const dns::Question& question = data_.query->question;
    if (e.path[1] == "Name") return Value::of(TextBuffer(arena_).name(question.name).text());
    if (e.path[1] == "Qtype") return Value::of(int64_t{static_cast<uint16_t>(question.type)});
    if (e.path[1] == "Qclass") return Value::of(int64_t{static_cast<uint16_t>(question.cls)});
    return unknown(e, 1);
  }

  Value message_field(const Expression& e) {
    const dns::Header& header = data_.query->header;
    const std::string_view field = e.path[1];
    if (field == "Id") return Value::of(int64_t{header.id});
    if (field == "Opcode") return Value::of(int64_t{static_cast<uint8_t>(header.opcode)});
    if (field == "Rcode") return Value::of(int64_t{header.rcode});
    if (field == "Response") return Value::of(header.qr);
    if (field == "Authoritative") return Value::of(header.aa);
    if (field == "Truncated") return Value::of(header.tc);
    if (field == "RecursionDesired") return Value::of(header.rd);
    if (field == "RecursionAvailable") return Value::of(header.ra);
    if (field == "Zero") return Value::of(header.z);
    if (field == "AuthenticatedData") return Value::of(header.ad);
    if (field == "CheckingDisabled") return Value::of(header.cd);
    return unknown(e, 1);
  }

  Value call(const Expression& e) {
    switch (e.function) {
      case Function::all:
      case Function::any: {  // the first argument that decides is the value
        Value value;
        for (const Expression& argument : e.arguments) {
          value = evaluate(argument);
          if (failed() || truth(value, data_) == (e.function == Function::any)) break;
        }
        return value;
      }
      case Function::negate:
        return Value::of(!truth(evaluate(e.arguments[0]), data_));
      default:
        break;
    }
    ArenaVector<Value> arguments(arena_);
    for (const Expression& argument : e.arguments) arguments.push_back(evaluate(argument));
    if (failed()) return {};
    switch (e.function) {
      case Function::printf:
        return printf(e, arguments);
      case Function::len:
        return length(e, arguments[0]);
      case Function::index:
        return index(e, arguments);
      case Function::parse_int:
        return parse_int(e, arguments);
      case Function::meta:
        return metadata(e, arguments[0]);
      default:
        return compare(e, arguments);
    }
  }

  Value printf(const Expression& e, std::span<const Value> arguments) {
    if (arguments[0].kind != Kind::text) return wrong(e, "printf: expected string as format");
    TextBuffer out(arena_);
    go_printf(out, arguments[0].text, arguments.subspan(1), data_, arena_);
    return Value::of(out.text());
  }

  Value length(const Expression& e, const Value& value) {
    if (value.kind == Kind::text) return Value::of(static_cast<int64_t>(value.text.size()));
    if (value.kind == Kind::matches) return Value::of(static_cast<int64_t>(data_.matches.size()));
    if (value.kind != Kind::groups) return wrong(e, "len: value has no length");
    int64_t count = static_cast<int64_t>(data_.matches.size());
    for (const std::string& name : data_.group_names) count += name.empty() ? 0 : 1;
    return Value::of(count);
  }

  Value index(const Expression& e, std::span<const Value> arguments) {
    if (arguments.size() == 1) return arguments[0];
    const Value& key = arguments[1];
    if (arguments[0].kind == Kind::groups && key.kind == Kind::text) {
      std::string_view text;
      data_.group(key.text, text);
      return Value::of(text);
    }
    if (arguments[0].kind != Kind::matches || key.kind != Kind::integer) return wrong(e, "index: can't index item");
    if (key.integer < 0 || static_cast<size_t>(key.integer) >= data_.matches.size()) {
      return wrong(e, "index: index out of range");
    }
    return Value::of(data_.matches[static_cast<size_t>(key.integer)]);
  }

  // strconv.ParseUint(text, base, bits)
  Value parse_int(const Expression& e, std::span<const Value> arguments) {
    const Value &text = arguments[0], &base = arguments[1], &bits = arguments[2];
    if (text.kind != Kind::text || base.kind != Kind::integer || bits.kind != Kind::integer) {
      return wrong(e, "parseInt: expected a string and two integers");
    }
    const bool fits = base.integer >= 2 && base.integer <= 36 && bits.integer >= 0 && bits.integer <= 64;
    uint64_t value = 0;
    const char* end = text.text.data() + text.text.size();
    if (!fits || text.text.empty()) return wrong(e, "parseInt: invalid syntax");
    const auto [stop, error] = std::from_chars(text.text.data(), end, value, static_cast<int>(base.integer));
    if (error == std::errc::invalid_argument || stop != end) return wrong(e, "parseInt: invalid syntax");
    const int64_t width = bits.integer == 0 ? 64 : bits.integer;
    if (error != std::errc() || value > INT64_MAX || (width < 64 && value >> width != 0)) {
      return wrong(e, "parseInt: value out of range");
    }
    return Value::of(static_cast<int64_t>(value));
  }

  Value metadata(const Expression& e, const Value& label) {
    if (label.kind != Kind::text) return wrong(e, "Meta: expected string");
    const server::Metadata* metadata = data_.query->metadata;
    return Value::of(metadata ? metadata->value(label.text).value_or("") : std::string_view());
  }

  Value compare(const Expression& e, std::span<const Value> arguments) {
    for (size_t i = 1; i < arguments.size(); ++i) {
      int order = 0;
      if (!order_of(e, arguments[0], arguments[i], order)) return {};
      bool holds = false;
      switch (e.function) {
        case Function::equal:
          holds = order == 0;  // eq has any number of candidates
          if (!holds && i + 1 < arguments.size()) continue;
          break;
        case Function::not_equal:
          holds = order != 0;
          break;
        case Function::less:
          holds = order < 0;
          break;
        case Function::less_equal:
          holds = order <= 0;
          break;
        case Function::greater:
          holds = order > 0;
          break;
        default:
          holds = order >= 0;
          break;
      }
      return Value::of(holds);
    }
    return {};
  }

  bool order_of(const Expression& e, const Value& a, const Value& b, int& order) {
    const bool equality = e.function == Function::equal || e.function == Function::not_equal;
    if (equality && (a.kind == Kind::no_value || b.kind == Kind::no_value)) {
      order = a.kind == b.kind ? 0 : 1;
      return true;
    }
    if (a.kind == b.kind && a.kind == Kind::text) {
      order = a.text.compare(b.text);
    } else if (a.kind == b.kind && a.kind == Kind::integer) {
      order = a.integer < b.integer ? -1 : a.integer > b.integer;
    } else if (equality && a.kind == b.kind && a.kind == Kind::boolean) {
      order = a.boolean != b.boolean;
    } else {
      wrong(e, "incompatible types for comparison");
      return false;
    }
    return true;
  }

  Value wrong(const Expression& e, std::string_view message) {
    fail(e.column, TextBuffer(arena_).append("error calling ").append(message).text());
    return {};
  }

  const Data& data_;
  Arena& arena_;
  TextBuffer out_;
  std::string_view error_;
};

}  // namespace

Result<TextTemplate> TextTemplate::parse(std::string_view text) {
  if (text.size() > kMaxSize) return portolan::fail("col 1: a template of more than 64 KiB");
  TextTemplate out;
  out.source_ = text;
  auto nodes = TemplateParser(text).parse();
  if (nodes.has_error()) return nodes.error();
  out.nodes_ = std::move(*nodes);
  return {boost::system::in_place_value, std::move(out)};
}

TextTemplate::Rendered TextTemplate::render(const Data& data, Arena& arena) const {
  Renderer renderer(data, arena);
  renderer.run(nodes_);
  return renderer.result();
}

bool TextTemplate::is_plain() const {
  for (const Node& node : nodes_) {
    if (node.form != Node::Form::text) return false;
  }
  return true;
}

}  // namespace portolan::templates
