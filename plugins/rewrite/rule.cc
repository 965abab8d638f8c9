// The question while rules look at it.
#include "plugins/rewrite/rule.h"

#include "plugins/common/text_buffer.h"

namespace portolan::rewrite {

std::string_view Rewriting::name() {
  if (name_.empty()) name_ = name_text(query_->question.lower, arena());
  return name_;
}

bool Rewriting::rename(std::string_view text) {
  const auto name = dns::parse_name(text, arena());
  if (!name) {
    broken_ = text;
    return false;
  }
  query_->question.name = *name;
  query_->question.lower = dns::lower(*name, arena());
  name_ = {};
  return true;
}

}  // namespace portolan::rewrite
