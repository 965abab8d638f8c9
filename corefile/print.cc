// Printing: one directive a line, four blanks a level, quotes only where the lexer asks for them.
#include "corefile/print.h"

#include "corefile/lexer.h"

namespace portolan::corefile {

namespace {

constexpr size_t kIndent = 4;

bool needs_quotes(const std::string& text) {
  if (text.empty() || text[0] == '"' || text == "{" || text == "}" || text == "import") return true;
  if (text.starts_with("\xEF\xBB\xBF")) return true;  // at the head of a file it would be its byte order mark
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '#' || blank_at(std::string_view(text).substr(i)) != 0) return true;
  }
  return false;
}

void print(const Directive& directive, size_t depth, std::string& out) {
  out.append(depth * kIndent, ' ');
  out += word(directive.name.text);
  for (const Token& argument : directive.args) out += " " + word(argument.text);
  if (!directive.block) {
    out += "\n";
    return;
  }
  out += " {\n";
  for (const Directive& option : *directive.block) print(option, depth + 1, out);
  out.append(depth * kIndent, ' ');
  out += "}\n";
}

}  // namespace

std::string print(const File& file) {
  std::string out;
  for (const ServerBlock& block : file.blocks) {
    if (!out.empty()) out += "\n";
    for (const Key& key : block.keys) {
      if (&key != &block.keys.front()) out += " ";
      out += word(key.text.ends_with(',') ? key.text + "," : key.text);  // the parser takes one comma off
    }
    out += " {\n";
    for (const Directive& directive : block.directives) print(directive, 1, out);
    out += "}\n";
  }
  return out;
}

std::string word(const std::string& text) {
  if (!needs_quotes(text)) return text;
  std::string out = "\"";
  size_t backslashes = 0;  // in a row; an odd run would take the meaning of the quote behind it
  for (const char c : text) {
    if (c == '"') {
      if (backslashes % 2 != 0) out += '\\';
      out += '\\';
    }
    backslashes = c == '\\' ? backslashes + 1 : 0;
    out += c;
  }
  if (backslashes % 2 != 0) out += '\\';
  return out + "\"";
}

}  // namespace portolan::corefile
