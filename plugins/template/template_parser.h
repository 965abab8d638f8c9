// Reads the text of a template into nodes.
#pragma once

#include "plugins/template/text_template.h"

namespace portolan::templates {

class TemplateParser {
 public:
  explicit TemplateParser(std::string_view text) : text_(text) {}
  Result<std::vector<Node>> parse();

 private:
  enum class End : uint8_t { text, otherwise, otherwise_if, end };

  Result<End> list(std::vector<Node>& out, unsigned depth);
  Result<void> branch(Node& node, unsigned depth);
  Result<Expression> pipeline(unsigned depth);
  Result<Expression> command(unsigned depth, Expression* piped);
  Result<Expression> operand(unsigned depth);
  Result<Expression> path();
  Result<Expression> quoted();
  Result<Expression> number();
  Result<void> check_path(const Expression& path) const;

  bool open_action();
  Result<void> close_action();
  void skip_blanks();
  bool at_close() const;
  bool at_meta() const;
  std::string_view word();
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  uint32_t column() const { return static_cast<uint32_t>(at_ + 1); }
  Error error(std::string_view message) const { return error_at(column(), message); }
  static Error error_at(uint32_t column, std::string_view message);
  Error not_built(uint32_t column, std::string_view what) const;

  std::string_view text_;
  size_t at_ = 0;
  bool trim_next_ = false;  // the action before ended in -}}
};

}  // namespace portolan::templates
