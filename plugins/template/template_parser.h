// Reads the text of a template into nodes.
#pragma once

#include <optional>

#include "plugins/template/text_template.h"

namespace portolan::templates {

class TemplateParser {
 public:
  explicit TemplateParser(std::string_view text) : text_(text) {}
  Result<std::vector<Node>> parse();
  /// How many variables are alive at a time, at most.
  size_t variables() const { return most_variables_; }

 private:
  /// How a list ended; `chained`: {{else if, {{else with, whose pipeline is left to be read.
  enum class End : uint8_t { text, otherwise, chained, end };
  /// A pipeline of an action or of a control structure.
  struct Pipeline {
    Expression expression;
    uint8_t declared = 0;
    bool quiet = false;
    uint16_t slots[2] = {0, 0};
    std::vector<std::string> names;  // of those that begin here
  };

  // template_parser.cc: text, actions, control structures
  Result<End> list(std::vector<Node>& out, unsigned depth);
  Result<std::optional<End>> action(std::vector<Node>& out, unsigned depth);
  Result<std::optional<End>> keyword(std::vector<Node>& out, std::string_view word, uint32_t column, unsigned depth);
  Result<End> ending(std::string_view word);
  Result<void> control(Node& node, Node::Form form, unsigned depth);
  Result<void> comment();

  // template_pipeline.cc: pipelines, commands, operands
  Result<Pipeline> pipeline(bool in_range, unsigned depth);
  Result<void> declaration(Pipeline& out, bool in_range);
  Result<Expression> commands(unsigned depth);
  Result<Expression> command(unsigned depth, Expression* piped);
  Result<Expression> call(std::string_view name, uint32_t column, unsigned depth, Expression* piped);
  Result<void> arguments(Expression& call, unsigned depth, Expression* piped);
  Result<Expression> operand(unsigned depth);
  Result<Expression> variable();
  Result<Expression> constant();
  Result<void> fields(Expression& base);
  Result<void> check_fields(const Expression& base) const;

  // template_constants.cc
  Result<Expression> quoted();
  Result<Expression> character();
  Result<Expression> number();
  Result<std::string> escape(char mark);

  bool open_action();
  Result<void> close_action();
  void skip_blanks();
  bool at_close() const;
  std::string_view word();
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  uint32_t column() const { return static_cast<uint32_t>(at_ + 1); }
  Error error(std::string_view message) const { return error_at(column(), message); }
  static Error error_at(uint32_t column, std::string_view message);
  static Error not_built(uint32_t column, std::string_view what);

  std::string_view text_;
  size_t at_ = 0;
  bool trim_next_ = false;              // the action before ended in -}}
  bool dot_is_data_ = true;             // outside of {{range}} and {{with}}
  unsigned loops_ = 0;                  // {{range}}s around
  Node::Form chained_ = {};             // what stands behind {{else
  std::vector<std::string> variables_;  // alive here, by slot
  size_t most_variables_ = 0;
};

bool is_word(char c);
/// In double quotes, for messages.
std::string quote(std::string_view text);

}  // namespace portolan::templates
