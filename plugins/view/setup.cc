// The directive `view NAME { expr EXPRESSION }`.
#include "server/setup.h"

#include "plugins/view/view.h"
#include "server/process.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::Option;
using corefile::OptionUse;

constexpr Arg kNameArgs[] = {{.name = "NAME"}};
constexpr Arg kExpressionArgs[] = {{.name = "EXPRESSION", .many = true}};
constexpr Option kOptions[] = {
    {.name = "", .args = kNameArgs, .required = 1, .help = "the view's name, for metrics and metadata"},
    {.name = "expr",
     .args = kExpressionArgs,
     .required = 1,
     .repeat = corefile::Repeat::append,
     .help = "must be true for the block to take a query"},
};

// The words of an option as one expression.
std::string joined(const OptionUse& use) {
  std::string out;
  for (const corefile::Token& token : use.tokens) out.append(out.empty() ? "" : " ").append(token.text);
  return out;
}

Result<void> setup(server::Setup& setup) {
  if (setup.directives().size() > 1) {
    return setup.error(setup.directives()[1].at, "this plugin can only be used once per Server Block");
  }
  const corefile::ParsedDirective& directive = setup.directives().front();
  std::vector<expression::Program> expressions;
  for (const OptionUse& use : directive.uses) {
    if (!use.is("expr")) continue;
    auto program = expression::Program::compile(joined(use), {});
    if (program.has_error()) return setup.error(use.tokens[0].at, "expr: " + program.error().message);
    expressions.push_back(std::move(*program));
  }
  setup.add(std::make_unique<view::View>(directive.uses.front().text(), std::move(expressions), setup.block(),
                                         setup.process().clock()));
  return {};
}

}  // namespace

extern const server::Plugin view_plugin;
const server::Plugin view_plugin{.name = "view", .setup = setup, .options = kOptions};

}  // namespace portolan
