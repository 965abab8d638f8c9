// Flags as a table, read by Go's rules.
#include "server/flags.h"

#include <charconv>
#include <optional>
#include <string_view>

namespace portolan::server {
namespace {

struct Flag {
  std::string_view name;
  std::string_view argument;  // empty: a switch
  std::string_view help;
  bool Flags::* on = nullptr;
  std::string Flags::* text = nullptr;
};

constexpr Flag kFlags[] = {
    {"check", "", "parse and set up the Corefile, open no socket, print every error, exit 0 or 1", &Flags::check},
    {"completion", "SHELL", "print the script with which bash, zsh or fish completes this command line", nullptr,
     &Flags::completion},
    {"conf", "FILE", "Corefile to load (default \"Corefile\"); \"stdin\" reads standard input", nullptr, &Flags::conf},
    {"describe", "PLUGIN", "print what a plugin takes in a Corefile", nullptr, &Flags::describe},
    {"dns.port", "PORT", "default port of keys that name none (default \"53\")", nullptr, &Flags::port},
    {"help", "", "print this", &Flags::help},
    {"p", "PORT", "the same as -dns.port", nullptr, &Flags::port},
    {"pidfile", "FILE", "path to write the process id to", nullptr, &Flags::pidfile},
    {"plugins", "", "list the plugins that are built in", &Flags::plugins},
    {"print-options", "", "print every plugin's option table as JSON", &Flags::print_options},
    {"print-rbac", "", "print the ClusterRole that the Corefile needs as YAML, open no socket, exit 0 or 1",
     &Flags::print_rbac},
    {"quiet", "", "do not print the banner", &Flags::quiet},
    {"version", "", "print the version", &Flags::version},
};

const Flag* find(std::string_view name) {
  if (name == "h") name = "help";
  for (const Flag& flag : kFlags) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

std::optional<bool> parse_bool(std::string_view text) {
  for (std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

}  // namespace

Result<Flags> parse_flags(const std::vector<std::string>& args) {
  Flags flags;
  for (size_t i = 0; i < args.size(); ++i) {
    std::string_view word = args[i];
    if (word == "--") {
      flags.rest.assign(args.begin() + static_cast<std::ptrdiff_t>(i) + 1, args.end());
      break;
    }
    if (word.size() < 2 || word[0] != '-') {  // Go's flags end at the first other word
      flags.rest.assign(args.begin() + static_cast<std::ptrdiff_t>(i), args.end());
      break;
    }
    word.remove_prefix(word[1] == '-' ? 2 : 1);
    const size_t equals = word.find('=');
    const std::string name(word.substr(0, equals));
    const Flag* flag = find(name);
    if (!flag) return fail("flag provided but not defined: -" + name);
    if (flag->argument.empty()) {
      const auto on = equals == word.npos ? std::optional(true) : parse_bool(word.substr(equals + 1));
      if (!on) return fail("invalid boolean value \"" + std::string(word.substr(equals + 1)) + "\" for -" + name);
      flags.*flag->on = *on;
      continue;
    }
    if (equals == word.npos && i + 1 == args.size()) return fail("flag needs an argument: -" + name);
    std::string& text = flags.*flag->text;
    text = equals == word.npos ? args[++i] : std::string(word.substr(equals + 1));
    const bool is_empty = text.empty() && (flag->argument == "PLUGIN" || flag->argument == "SHELL");
    if (is_empty) return fail("flag needs an argument: -" + name);
  }
  return flags;
}

Result<uint16_t> check_flags(const Flags& flags) {
  if (!flags.rest.empty()) {
    std::string words;
    for (const std::string& word : flags.rest) words += (words.empty() ? "" : " ") + word;
    return fail("extra command line arguments: [" + words + "]");
  }
  uint16_t port = 0;
  const char* end = flags.port.data() + flags.port.size();
  auto [at, error] = std::from_chars(flags.port.data(), end, port);
  if (error != std::errc() || at != end || flags.port.empty())
    return fail("-dns.port: \"" + flags.port + "\" is not a port");
  return port;
}

std::vector<FlagHelp> flag_table() {
  std::vector<FlagHelp> all;
  for (const Flag& flag : kFlags) all.push_back({flag.name, flag.argument, flag.help});
  return all;
}

std::string usage(const std::string& program) {
  std::string text = "Usage of " + program + ":\n";
  for (const Flag& flag : kFlags) {
    text += "  -" + std::string(flag.name);
    if (!flag.argument.empty()) text += " " + std::string(flag.argument);
    text += "\n    \t" + std::string(flag.help) + "\n";
  }
  return text;
}

}  // namespace portolan::server
