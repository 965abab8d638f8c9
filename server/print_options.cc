// Option tables through nlohmann_json.
#include "server/print_options.h"

#include <nlohmann/json.hpp>

namespace portolan::server {
namespace {

nlohmann::ordered_json option_as_json(const corefile::Option& option) {
  nlohmann::ordered_json args = nlohmann::ordered_json::array();
  for (const corefile::Arg& arg : option.args) args.push_back(std::string(arg.name));
  return {{"name", std::string(option.name)},
          {"args", std::move(args)},
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

}  // namespace portolan::server
