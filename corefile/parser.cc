// The parser: recursive descent over the token stream. Each rule is Caddy 1's, the odd ones too, because a Corefile
// that CoreDNS accepts has to mean the same here. After an error it goes on at the nearest sensible token, to report
// them all.
#include "corefile/parser.h"

#include <cstdlib>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "corefile/address.h"
#include "corefile/environment.h"
#include "corefile/import.h"
#include "corefile/limits.h"
#include "corefile/token_source.h"

namespace portolan::corefile {

namespace {

class Parser {
 public:
  explicit Parser(const ParserInput& input) : input_(input), environment_(input.environment) {
    if (!environment_) environment_ = [](const char* name) { return std::getenv(name); };
  }

  Reading run(std::string_view text) {
    out_.file.path = input_.path;
    const auto path = std::make_shared<const std::string>(input_.path);
    if (text.size() > kMaxText) {
      syntax({path, 1, 1}, "a configuration of " + std::to_string(text.size()) + " octets is larger than is allowed");
      return std::move(out_);
    }
    room_ -= text.size();
    source_.push(lexemes(text, path), absolute_path(input_.path));
    while (!stopped() && source_.peek()) server_block();
    return std::move(out_);
  }

 private:
  // --- The grammar -------------------------------------------------------------------------------------------------

  void server_block() {
    const std::vector<Token> keys = addresses();
    if (keys.size() == 1 && keys[0].text.starts_with('(') && keys[0].text.ends_with(')')) {
      snippet(keys[0]);
      return;
    }
    ServerBlock block;
    if (!keys.empty()) block.at = keys[0].at;
    for (const Token& token : keys) {
      auto key = parse_key(token.text, token.at);
      if (key) {
        block.keys.push_back(std::move(*key));
      } else {
        syntax(token.at, key.error().message);
      }
    }
    contents(block);
    if (!keys.empty()) {
      out_.file.blocks.push_back(std::move(block));
    } else if (!block.directives.empty()) {
      warn(block.directives[0].name.at, "a server block without a zone serves nothing");
    }
  }

  // All keys up to the first line that does not continue them, or an opening brace.
  std::vector<Token> addresses() {
    std::vector<Token> keys;
    bool first = true;
    bool expecting = false;  // a trailing comma promises another key, perhaps on the next line
    while (const Lexeme* next = source_.peek()) {
      if (stopped()) return keys;
      if (!first && !expecting && next->starts_line) return keys;
      if (next->starts_line && next->is("import")) {
        import();
        continue;
      }
      if (next->is("{")) {
        if (expecting) syntax(next->token.at, "Expected another address but had '{' - check for extra comma");
        return keys;
      }
      Token key = expanded(source_.take());
      first = false;
      if (key.text.empty()) continue;
      expecting = key.text.ends_with(',');
      if (expecting) key.text.pop_back();
      keys.push_back(std::move(key));
    }
    if (expecting) unexpected_end();
    return keys;
  }

  void contents(ServerBlock& block) {
    const bool braces = source_.peek() && source_.peek()->is("{");
    if (braces) opened_ = source_.take().token.at;
    while (const Lexeme* next = source_.peek()) {
      if (stopped()) return;
      if (next->is("}")) {
        source_.take();
        return;
      }
      if (next->is("import")) {
        import();
      } else {
        block.directives.push_back(directive(0));
      }
    }
    if (!braces || stopped_) return;
    const Token& last = source_.last()->token;
    if (last.text == "}") {  // Caddy looks at the last token only, and takes an inner brace for the outer one
      warn(last.at, "the closing brace of the server block is missing");
    } else {
      expected(last, "}");
    }
  }

  // A word, its arguments, perhaps a block: a directive, or an option inside one.
  Directive directive(size_t depth) {
    Directive out;
    if (source_.peek()->is("{")) {
      syntax(source_.peek()->token.at, "Unexpected '{' where a directive or option begins");
      source_.take();
      block(out, depth + 1);
      return out;
    }
    out.name = expanded(source_.take());
    while (const Lexeme* next = source_.peek()) {
      if (stopped()) break;
      if (next->is("{")) {
        if (next->starts_line) {
          syntax(next->token.at, "Unexpected '{' at the start of a line: the block of '" + out.name.text +
                                     "' opens on the line of its name");
        }
        source_.take();
        block(out, depth + 1);
        end_of_block_line();
        break;
      }
      if (next->starts_line) break;
      if (next->is("}")) break;
      out.args.push_back(expanded(source_.take()));
    }
    const Lexeme* next = source_.peek();
    if (depth == 0 && next && next->is("}") && !next->starts_line) {
      syntax(next->token.at, "Unexpected '}' because no matching opening brace");
      if (next->token.at.line != opened_.line) source_.take();  // else it was meant to close a block of one line
    }
    return out;
  }

  // Behind an opening brace that was taken, to the closing one. Inside, a closing brace may stand on an option's line.
  void block(Directive& out, size_t depth) {
    out.block.emplace();
    if (depth > kMaxDepth) {
      syntax(source_.last()->token.at, "blocks are nested more than " + std::to_string(kMaxDepth) + " deep");
      stopped_ = true;
      return;
    }
    while (const Lexeme* next = source_.peek()) {
      if (stopped()) return;
      if (next->is("}")) {
        source_.take();
        return;
      }
      if (next->starts_line && next->is("import")) {
        import();
      } else {
        out.block->push_back(directive(depth));
      }
    }
    unexpected_end();
  }

  void end_of_block_line() {
    const Lexeme* next = source_.peek();
    if (!next || next->starts_line || next->is("}")) return;
    syntax(next->token.at, "Unexpected '" + next->token.text + "' behind the '}' of a block, expecting a new line");
  }

  // --- Snippets and imports ----------------------------------------------------------------------------------------

  void snippet(const Token& key) {
    const std::string name = key.text.substr(1, key.text.size() - 2);
    if (!source_.peek() || !source_.peek()->is("{")) {
      expected(source_.peek() ? source_.peek()->token : key, "{");
      return;
    }
    source_.take();
    auto body = std::make_shared<std::vector<Lexeme>>();
    size_t open = 1;
    while (source_.peek() && !stopped()) {
      Lexeme lexeme = source_.take();
      if (lexeme.is("{")) ++open;
      if (lexeme.is("}") && --open == 0) break;
      body->push_back(std::move(lexeme));
    }
    if (open != 0) {
      if (!stopped()) expected(source_.last()->token, "}");
      return;
    }
    if (snippets_.contains(name)) {
      syntax(key.at, "redeclaration of previously declared snippet " + name);
      return;
    }
    for (size_t i = 0; i + 1 < body->size(); ++i) {
      const bool imports = (*body)[i].is("import") && (i == 0 || (*body)[i].starts_line);
      if (imports && !(*body)[i + 1].starts_line && expanded((*body)[i + 1]).text == name) {
        syntax((*body)[i].token.at, "snippet (" + name + ") imports itself");
        body->clear();
      }
    }
    snippets_.emplace(name, std::move(body));
  }

  void import() {
    const Token word = source_.take().token;
    if (!source_.peek() || source_.peek()->starts_line) {
      syntax(word.at, "Wrong argument count or unexpected line ending after 'import'");
      return;
    }
    const Token argument = expanded(source_.take());
    if (const Lexeme* next = source_.peek(); next && !next->starts_line) {
      syntax(next->token.at, "Import takes only one argument (glob pattern or file)");
      while (source_.peek() && !source_.peek()->starts_line) source_.take();
      return;
    }
    if (argument.text.empty()) {
      syntax(argument.at, "Import requires a non-empty filepath");
      return;
    }
    if (++imports_ > kMaxImports) {
      syntax(word.at, "more than " + std::to_string(kMaxImports) + " imports");
      stopped_ = true;
      return;
    }
    if (const auto found = snippets_.find(argument.text); found != snippets_.end()) {
      put_in(found->second, "(" + argument.text + ")", word.at);
    } else {
      import_files(argument);
    }
  }

  void import_files(const Token& argument) {
    if (!input_.allow_import) {
      syntax(argument.at, "File to import not allowed: " + argument.text);
      return;
    }
    auto matches = find_imports(argument.text, argument.at.file ? *argument.at.file : input_.path);
    if (!matches) {
      syntax(argument.at, matches.error().message);
      return;
    }
    if (matches->paths.empty() && !matches->wildcard) syntax(argument.at, "File to import not found: " + argument.text);
    if (matches->paths.empty() && matches->wildcard) {
      out_.file.warnings.push_back("No files matching import glob pattern: " + argument.text);
    }
    for (auto path = matches->paths.rbegin(); path != matches->paths.rend(); ++path) {  // the last pushed is read first
      if (const LexemeList list = file(*path, argument.at)) put_in(list, *path, argument.at);
    }
  }

  // The tokens of an imported file, read once; nullptr after an error.
  LexemeList file(const std::string& path, const Position& at) {
    if (const auto known = files_.find(path); known != files_.end()) return known->second;
    auto text = read_import(path, room_);
    if (!text) {
      syntax(at, text.error().message);
      return nullptr;
    }
    room_ -= text->size();
    return files_.emplace(path, lexemes(*text, std::make_shared<const std::string>(path))).first->second;
  }

  void put_in(const LexemeList& list, const std::string& label, const Position& at) {
    if (source_.is_open(label)) {
      syntax(at, "import of " + label + " within itself: " + source_.path_from(label) + " -> " + label);
    } else {
      source_.push(list, label);
    }
  }

  // --- Words -------------------------------------------------------------------------------------------------------

  LexemeList lexemes(std::string_view text, const std::shared_ptr<const std::string>& path) {
    Lexemes found = lex(text, path);
    for (Error& error : found.errors) add(std::move(error.message));
    auto& warnings = out_.file.warnings;
    warnings.insert(warnings.end(), found.warnings.begin(), found.warnings.end());
    return std::make_shared<const std::vector<Lexeme>>(std::move(found.list));
  }

  Token expanded(Lexeme lexeme) {
    if (!input_.expand_environment) return std::move(lexeme.token);
    auto text = expand_environment(lexeme.token.text, environment_);
    if (text) {
      lexeme.token.text = std::move(*text);
    } else {
      syntax(lexeme.token.at, text.error().message);
    }
    return std::move(lexeme.token);
  }

  bool stopped() {
    if (stopped_) return true;
    if (source_.taken() > kMaxTokens) {
      syntax(source_.last()->token.at, "more than " + std::to_string(kMaxTokens) + " words");
      stopped_ = true;
    }
    return stopped_;
  }

  // --- Messages ----------------------------------------------------------------------------------------------------

  void syntax(const Position& at, const std::string& what) { add(at.text() + " - Error during parsing: " + what); }

  void expected(const Token& found, std::string_view what) {
    add(found.at.text() + " - Syntax error: Unexpected token '" + found.text + "', expecting '" + std::string(what) +
        "'");
  }

  void unexpected_end() {
    if (!stopped_) syntax(source_.last()->token.at, "Unexpected EOF");
    stopped_ = true;  // one such error says it all
  }

  void warn(const Position& at, const std::string& what) { out_.file.warnings.push_back(at.text() + " - " + what); }

  // A snippet's mistake shows at each of its uses; once is enough.
  void add(std::string message) {
    if (!seen_.insert(message).second) return;
    out_.errors.push_back(Error{std::move(message)});
    if (out_.errors.size() >= kMaxErrors) stopped_ = true;
  }

  const ParserInput& input_;
  Environment environment_;
  Reading out_;
  TokenSource source_;
  std::unordered_map<std::string, LexemeList> snippets_;
  std::unordered_map<std::string, LexemeList> files_;
  std::unordered_set<std::string> seen_;
  Position opened_;  // the brace of the server block
  size_t room_ = kMaxText;
  size_t imports_ = 0;
  bool stopped_ = false;
};

}  // namespace

Reading read(std::string_view text, const ParserInput& input) { return Parser(input).run(text); }

ParseResult parse(std::string_view text, const ParserInput& input) {
  Reading reading = read(text, input);
  if (!reading.errors.empty()) return std::move(reading.errors);
  return std::move(reading.file);
}

}  // namespace portolan::corefile
