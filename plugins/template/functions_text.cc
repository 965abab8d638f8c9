// print, println, and the escaping functions: html, js, urlquery.
#include "plugins/template/go_printf.h"
#include "plugins/template/renderer.h"

namespace portolan::templates {
namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";

std::string_view html(std::string_view text, Arena& arena) {
  TextBuffer out(arena, text.size());
  for (const char c : text) {
    switch (c) {
      case '\0':
        out.append("\xEF\xBF\xBD");
        break;
      case '"':
        out.append("&#34;");
        break;
      case '\'':
        out.append("&#39;");
        break;
      case '&':
        out.append("&amp;");
        break;
      case '<':
        out.append("&lt;");
        break;
      case '>':
        out.append("&gt;");
        break;
      default:
        out.append(c);
        break;
    }
  }
  return out.text();
}

std::string_view js(std::string_view text, Arena& arena) {
  TextBuffer out(arena, text.size());
  for (const char c : text) {
    const auto octet = static_cast<uint8_t>(c);
    if (c == '\\' || c == '\'' || c == '"') {
      out.append('\\').append(c);
    } else if (octet < ' ' || octet == 0x7F || c == '<' || c == '>' || c == '&' || c == '=') {
      out.append("\\u00").append(kHex[octet >> 4]).append(kHex[octet & 15]);
    } else {
      out.append(c);
    }
  }
  return out.text();
}

std::string_view urlquery(std::string_view text, Arena& arena) {
  TextBuffer out(arena, text.size());
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    const auto octet = static_cast<uint8_t>(c);
    if (plain) {
      out.append(c);
    } else if (c == ' ') {
      out.append('+');
    } else {
      out.append('%').append(kHex[octet >> 4]).append(kHex[octet & 15]);
    }
  }
  return out.text();
}

}  // namespace

// Go puts a blank between two values that are no texts; println between all. What escapes takes a missing value for the
// text "<no value>".
std::string_view print(Function function, std::span<const Value> arguments, const Data& data, Arena& arena) {
  TextBuffer out(arena);
  const bool line = function == Function::println;
  const bool escapes = function != Function::print && !line;
  const auto as_text = [&](const Value& value) { return value.is_text() || (escapes && value.is_nil()); };
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (i > 0 && (line || (!as_text(arguments[i - 1]) && !as_text(arguments[i])))) out.append(' ');
    if (escapes && arguments[i].is_nil()) {
      out.append("<no value>");
    } else {
      go_print(out, arguments[i], data, arena);
    }
  }
  if (line) out.append('\n');
  switch (function) {
    case Function::html:
      return html(out.text(), arena);
    case Function::js:
      return js(out.text(), arena);
    case Function::urlquery:
      return urlquery(out.text(), arena);
    default:
      return out.text();
  }
}

}  // namespace portolan::templates
