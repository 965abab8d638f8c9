// The directive `on EVENT COMMAND [ARG...] [&]`. It adds no handler.
#include "server/setup.h"

#include <algorithm>
#include <cctype>
#include <optional>

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
Result<std::any> command(std::span<const Token> tokens) {
  std::string line;
  for (const Token& token : tokens) line += (line.empty() ? "" : " ") + token.text;
  auto words = split_words(line);
  if (words.has_error()) return corefile::not_parsed("error parsing command: " + words.error().message);
  Command command;
  command.words = std::move(*words);
  if (!command.words.empty() && command.words.back() == "&") {
    command.background = true;
    command.words.pop_back();
  }
  if (command.words.empty() || command.words.front().empty())
    return corefile::not_parsed("no command contained in '" + line + "'");
  return corefile::parsed(std::move(command));
}

constexpr Arg kHook[] = {{.name = "EVENT"},
                         {.name = "COMMAND", .kind = ArgKind::grammar, .many = true, .grammar = command}};
constexpr Option kOptions[] = {
    {.name = "", .args = kHook, .required = 2, .help = "startup, shutdown or certrenew, and what is run then"},
};

// Whatever the case it is written in, as CoreDNS takes it.
std::optional<Event> event_of(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const Event event : {Event::startup, Event::shutdown, Event::certrenew}) {
    if (text(event) == name) return event;
  }
  return std::nullopt;
}

Result<void> setup(server::Setup& setup) {
  auto hooks = per_configuration<Hooks>(setup.configuration());
  if (hooks->empty()) setup.add_service(hooks);  // by the first block; the commands of all are in one order
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    const corefile::OptionUse& use = directive.uses.front();
    const auto event = event_of(use.text());
    if (!event) {
      return setup.error(use.at, "Wrong event name or event not supported: '" + use.text() +
                                     "', expected startup, shutdown or certrenew");
    }
    Command command = use.as<Command>(1);
    command.event = *event;
    if (*event == Event::certrenew) {
      setup.warn(use.at,
                 "certrenew never happens, with CoreDNS neither: \"" + command.words.front() + "\" will not run");
    }
    hooks->add(std::move(command));
  }
  return {};
}

}  // namespace
}  // namespace on

extern const server::Plugin on_plugin;
const server::Plugin on_plugin{.name = "on", .setup = on::setup, .options = on::kOptions};

}  // namespace portolan
