// Option tables through nlohmann_json.
#include "server/print_options.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "corefile/suggest.h"

namespace portolan::server {
namespace {

/// The option as a Corefile has it: what need not be given in brackets, "..." behind what may be given several times.
std::string synopsis(const corefile::Option& option) {
  std::string text(option.name);
  size_t open = 0;
  for (size_t i = 0; i < option.args.size(); ++i) {
    const corefile::Arg& arg = option.args[i];
    if (!text.empty()) text += ' ';
    if (i >= option.required) {
      text += '[';
      ++open;
    }
    text += arg.name.empty() ? arg.choices : arg.name;
    if (arg.many) text += "...";
  }
  return text.append(open, ']');
}

nlohmann::ordered_json option_as_json(const corefile::Option& option) {
  nlohmann::ordered_json args = nlohmann::ordered_json::array();
  for (const corefile::Arg& arg : option.args) args.push_back(std::string(arg.name));
  return {{"name", std::string(option.name)},
          {"args", std::move(args)},
          {"synopsis", synopsis(option)},
          {"required", option.required},
          {"default", std::string(option.fallback)},
          {"help", std::string(option.help)}};
}

}  // namespace

std::string options_as_json(std::span<const Plugin> table) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const Plugin& plugin : table) {
    nlohmann::ordered_json options = nlohmann::ordered_json::array();
    for (const corefile::Option& option : plugin.options) options.push_back(option_as_json(option));
    all.push_back(
        {{"plugin", std::string(plugin.name)}, {"built", plugin.setup != nullptr}, {"options", std::move(options)}});
  }
  return all.dump(1) + "\n";
}

Result<std::string> describe(std::string_view name, std::span<const Plugin> table) {
  std::vector<std::string_view> names;
  const Plugin* found = nullptr;
  for (const Plugin& plugin : table) {
    if (plugin.setup) names.push_back(plugin.name);
    if (plugin.name == name) found = &plugin;
  }
  const auto error = [](std::string message) {
    return Result<std::string>(boost::system::in_place_error, fail(std::move(message)));
  };
  if (!found) {
    return error("-describe: there is no plugin \"" + std::string(name) + "\"" + corefile::did_you_mean(name, names));
  }
  if (!found->setup) return error("-describe: " + std::string(name) + " is not built");
  std::string text(name);
  std::string lines;
  for (const corefile::Option& option : found->options) {
    const std::string told =
        std::string(option.help) + (option.fallback.empty() ? "" : " (default: " + std::string(option.fallback) + ")");
    if (option.name.empty()) {
      if (!option.args.empty()) text += " " + synopsis(option);
      if (!told.empty()) text += "\n    " + told;
      continue;
    }
    lines += "\n" + synopsis(option) + "\n    " + told + "\n";
  }
  return text + "\n" + lines;
}

}  // namespace portolan::server
