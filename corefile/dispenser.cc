// Checks a directive against its plugin's option table and hands out typed values.
#include <algorithm>

#include "corefile/argument.h"
#include "corefile/option.h"
#include "corefile/suggest.h"

namespace portolan::corefile {

namespace {

constexpr Option kNoArguments{};  // a table without a nameless option: the directive takes no arguments

class Dispenser {
 public:
  Dispenser(const Directive& directive, std::span<const Option> table) : directive_(directive), table_(table) {}

  boost::system::result<ParsedDirective, std::vector<Error>> run() {
    out_.at = directive_.name.at;
    const Option* own = find("");
    if (!own) own = &kNoArguments;
    OptionUse arguments = use(*own, directive_);
    const bool has_options = own->block || std::any_of(table_.begin(), table_.end(),
                                                       [](const Option& option) { return !option.name.empty(); });
    if (directive_.block && !has_options) unexpected_block(directive_);
    out_.uses.push_back(std::move(arguments));
    if (directive_.block && has_options) options(*own);
    if (!errors_.empty()) return std::move(errors_);
    return std::move(out_);
  }

 private:
  void options(const Option& own) {
    for (const Directive& line : *directive_.block) {
      const Option* option = line.name.text.empty() ? nullptr : find(line.name.text);
      if (option) {
        named(*option, line);
      } else if (own.block) {
        out_.uses[0].block.push_back(line);
      } else {
        unknown(line.name);
      }
    }
  }

  void named(const Option& option, const Directive& line) {
    OptionUse parsed = use(option, line);
    if (line.block && option.block) parsed.block = *line.block;
    if (line.block && !option.block) unexpected_block(line);
    if (option.repeat != Repeat::append) {
      const auto before = std::find_if(out_.uses.begin(), out_.uses.end(),
                                       [&](const OptionUse& other) { return other.option == &option; });
      if (before != out_.uses.end()) {
        if (option.repeat == Repeat::refused) {
          error(line.name.at, "'" + line.name.text + "' can only be specified once, it stands at " + before->at.text());
        }
        out_.uses.erase(before);
      }
    }
    out_.uses.push_back(std::move(parsed));
  }

  // The arguments of one line, counted and typed.
  OptionUse use(const Option& option, const Directive& line) {
    OptionUse out;
    out.option = &option;
    out.at = line.name.at;
    out.tokens = line.args;
    size_t next = 0;
    for (size_t i = 0; i < option.args.size() && next < line.args.size(); ++i) {
      const Arg& arg = option.args[i];
      if (arg.kind == ArgKind::grammar) {
        grammar(arg, std::span(line.args).subspan(next), out);
        next = line.args.size();
        break;
      }
      do {
        const Token& token = line.args[next++];
        if (const auto added = add_values(arg, token, out.values); !added) error(token.at, added.error().message);
      } while (arg.many && next < line.args.size());
    }
    if (line.args.size() < option.required) {
      const Token& last = line.args.empty() ? line.name : line.args.back();
      wrong_count(last, option, line);
    } else if (next < line.args.size() && !option.extra_args) {
      wrong_count(line.args[next], option, line);
    }
    return out;
  }

  void grammar(const Arg& arg, std::span<const Token> tokens, OptionUse& out) {
    auto value = arg.grammar(tokens);
    if (value) {
      out.values.emplace_back(std::move(*value));
    } else {
      error(tokens.front().at, value.error().message);
    }
  }

  void wrong_count(const Token& at, const Option& option, const Directive& line) {
    std::string form = line.name.text;
    for (size_t i = 0; i < option.args.size(); ++i) {
      const Arg& arg = option.args[i];
      const bool optional = i >= option.required;
      form += std::string(" ") + (optional ? "[" : "") + std::string(arg.name.empty() ? "ARG" : arg.name) +
              (arg.many ? "..." : "") + (optional ? "]" : "");
    }
    error(at.at, "Wrong argument count or unexpected line ending after '" + at.text + "', expecting '" + form + "'");
  }

  void unexpected_block(const Directive& line) {
    error(line.name.at, "Unexpected token '{', expecting argument: '" + line.name.text + "' has no block");
  }

  void unknown(const Token& name) {
    std::vector<std::string_view> names;
    for (const Option& option : table_) names.push_back(option.name);
    error(name.at, "unknown property '" + name.text + "'" + did_you_mean(name.text, names));
  }

  const Option* find(std::string_view name) const {
    const auto found = std::find_if(table_.begin(), table_.end(), [&](const Option& option) {
      return option.name == name || (option.any_case && equal_in_any_case(option.name, name));
    });
    return found == table_.end() ? nullptr : &*found;
  }

  void error(const Position& at, std::string_view message) {
    errors_.push_back(error_at(directive_.name.text, at, message));
  }

  const Directive& directive_;
  std::span<const Option> table_;
  ParsedDirective out_;
  std::vector<Error> errors_;
};

}  // namespace

std::vector<std::string> OptionUse::texts(size_t first) const {
  std::vector<std::string> out;
  for (size_t i = first; i < values.size(); ++i) {
    if (const auto* text = std::get_if<std::string>(&values[i])) out.push_back(*text);
  }
  return out;
}

boost::system::result<ParsedDirective, std::vector<Error>> parse_options(const Directive& directive,
                                                                         std::span<const Option> table) {
  return Dispenser(directive, table).run();
}

Error error_at(std::string_view plugin, const Position& at, std::string_view message) {
  return Error{"plugin/" + std::string(plugin) + ": " + at.text() + " - Error during parsing: " + std::string(message)};
}

}  // namespace portolan::corefile
