// RE2 stays in here.
#include "plugins/common/expression/pattern.h"

#include <re2/re2.h>

namespace portolan::expression {
namespace {
constexpr size_t kMaxSource = 10000;
}  // namespace

struct Pattern::Compiled {
  Compiled(std::string_view source, const RE2::Options& options)
      : expression(re2::StringPiece(source.data(), source.size()), options) {}
  RE2 expression;
};

Pattern::Pattern(std::unique_ptr<Compiled> compiled) : compiled_(std::move(compiled)) {}
Pattern::~Pattern() = default;

Result<std::unique_ptr<Pattern>> Pattern::compile(std::string_view source, size_t memory) {
  if (source.size() > kMaxSource) return fail("regex pattern too long");
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(static_cast<int64_t>(memory));
  auto compiled = std::make_unique<Compiled>(source, options);
  if (!compiled->expression.ok()) return fail("error parsing regexp: " + compiled->expression.error());
  return std::unique_ptr<Pattern>(new Pattern(std::move(compiled)));
}

bool Pattern::matches(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), compiled_->expression);
}

}  // namespace portolan::expression
