// The directive `on EVENT COMMAND [ARG...] [&]`. It adds no handler.
#include "server/setup.h"

#include <algorithm>

#include "plugins/common/per_configuration.h"
#include "plugins/on/on.h"
#include "plugins/on/words.h"

namespace portolan {
namespace on {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;
using corefile::Token;

// The words of the Corefile are put together and cut anew, as CoreDNS does: quotes inside of them count.
Result<std::any> hook(std::span<const Token> tokens) {
  Command command;
  std::string event = tokens[0].text;
  std::transform(event.begin(), event.end(), event.begin(), [](unsigned char c) { return std::tolower(c); });
  constexpr Event kEvents[] = {Event::startup, Event::shutdown, Event::certrenew};
  const auto* found =
      std::find_if(std::begin(kEvents), std::end(kEvents), [&](Event each) { return text(each) == event; });
  if (found == std::end(kEvents)) {
    return corefile::not_parsed("Wrong event name or event not supported: '" + tokens[0].text +
                                "', expected startup, shutdown or certrenew");
  }
  command.event = *found;
  std::string line;
  for (const Token& token : tokens.subspan(1)) line += (line.empty() ? "" : " ") + token.text;
  auto words = split_words(line);
  if (words.has_error()) return corefile::not_parsed("error parsing command: " + words.error().message);
  command.words = std::move(*words);
  if (!command.words.empty() && command.words.back() == "&") {
    command.background = true;
    command.words.pop_back();
  }
  if (command.words.empty()) return corefile::not_parsed("no command contained in '" + line + "'");
  return corefile::parsed(std::move(command));
}

constexpr Arg kHook[] = {{.name = "EVENT COMMAND", .kind = ArgKind::grammar, .many = true, .grammar = hook}};
constexpr Option kOptions[] = {
    {.name = "", .args = kHook, .required = 1, .help = "what to run when"},
};

Result<void> setup(server::Setup& setup) {
  auto hooks = std::make_shared<Hooks>();
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    const corefile::OptionUse& use = directive.uses.front();
    const Command& command = use.as<Command>();
    if (command.event == Event::certrenew) {
      setup.warn(use.at,
                 "certrenew never happens, with CoreDNS neither: \"" + command.words.front() + "\" will not run");
    }
    hooks->add(command);
  }
  setup.add_service(std::move(hooks));
  return {};
}

}  // namespace
}  // namespace on

extern const server::Plugin on_plugin;
const server::Plugin on_plugin{.name = "on", .setup = on::setup, .options = on::kOptions};

}  // namespace portolan
