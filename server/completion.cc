// What can follow a flag is told by the name of its argument: FILE, PLUGIN, SHELL; nothing is known of others.
#include "server/completion.h"

#include <vector>

#include "server/flags.h"

namespace portolan::server {
namespace {

constexpr std::string_view kShells = "bash zsh fish";

/// `text` between single quotes, where `quote` stands for a single quote.
std::string quoted(std::string_view text, std::string_view quote) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'')
      out += quote;
    else
      out += c;
  }
  return out + "'";
}

std::string built_plugins(std::span<const Plugin> table) {
  std::string names;
  for (const Plugin& plugin : table) {
    if (plugin.setup) names += (names.empty() ? "" : " ") + std::string(plugin.name);
  }
  return names;
}

/// The words that can stand for an argument; empty: none are known.
std::string words_for(std::string_view argument, const std::string& plugins) {
  return argument == "PLUGIN" ? plugins : argument == "SHELL" ? std::string(kShells) : std::string();
}

/// Flags with an argument of this name, as a pattern of bash's `case`.
std::string with_argument(std::span<const FlagHelp> flags, std::string_view argument) {
  std::string pattern;
  for (const FlagHelp& flag : flags) {
    if (flag.argument == argument) pattern += (pattern.empty() ? "-" : "|-") + std::string(flag.name);
  }
  return pattern;
}

std::string for_bash(std::span<const FlagHelp> flags, const std::string& plugins) {
  std::string all, nothing;
  for (const FlagHelp& flag : flags) {
    all += (all.empty() ? "-" : " -") + std::string(flag.name);
    const bool known = flag.argument.empty() || flag.argument == "FILE" || !words_for(flag.argument, "x").empty();
    if (!known) nothing += (nothing.empty() ? "-" : "|-") + std::string(flag.name);
  }
  const auto reply = [](const std::string& words) {
    return "mapfile -t COMPREPLY < <(compgen -W '" + words + "' -- \"$current\")";
  };
  return "# bash completion for portolan(1): portolan -completion bash\n"
         "_portolan() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
         "  COMPREPLY=()\n"
         "  # -flag=value comes as three words\n"
         "  if [[ $current == = ]]; then\n"
         "    current=\n"
         "  elif [[ $previous == = ]]; then\n"
         "    previous=${COMP_WORDS[COMP_CWORD-2]}\n"
         "  fi\n"
         "  case ${previous/#--/-} in\n"
         "    " +
         with_argument(flags, "FILE") +
         ")\n"
         "      compopt -o filenames 2>/dev/null\n"
         "      mapfile -t COMPREPLY < <(compgen -f -- \"$current\") ;;\n"
         "    " +
         with_argument(flags, "PLUGIN") + ") " + reply(plugins) +
         " ;;\n"
         "    " +
         with_argument(flags, "SHELL") + ") " + reply(std::string(kShells)) +
         " ;;\n"
         "    " +
         nothing +
         ") ;;\n"
         "    *)\n"
         "      local dash=\n"
         "      if [[ $current == --* ]]; then\n"
         "        dash=- current=${current#-}\n"
         "      fi\n"
         "      mapfile -t COMPREPLY < <(compgen -P \"$dash\" -W '" +
         all +
         "' -- \"$current\") ;;\n"
         "  esac\n"
         "}\n"
         "complete -F _portolan portolan\n";
}

std::string for_zsh(std::span<const FlagHelp> flags, const std::string& plugins) {
  std::string text = "#compdef portolan\n# zsh completion for portolan(1): portolan -completion zsh\n_arguments";
  for (const FlagHelp& flag : flags) {
    std::string help;
    for (const char c : flag.help) {
      if (c == '[' || c == ']' || c == ':' || c == '\\') help += '\\';
      help += c;
    }
    std::string spec = "-" + std::string(flag.name) + "[" + help + "]";
    if (!flag.argument.empty()) spec += ":" + std::string(flag.argument) + ":";
    if (flag.argument == "FILE") spec += "_files";
    if (const std::string words = words_for(flag.argument, plugins); !words.empty()) spec += "(" + words + ")";
    text += " \\\n  " + quoted(spec, "'\\''");
  }
  return text + "\n";
}

std::string for_fish(std::span<const FlagHelp> flags, const std::string& plugins) {
  std::string text = "# fish completion for portolan(1): portolan -completion fish\ncomplete -c portolan -f\n";
  for (const FlagHelp& flag : flags) {
    text += "complete -c portolan " + std::string(flag.name.size() == 1 ? "-s " : "-o ") + std::string(flag.name);
    if (flag.argument == "FILE")
      text += " -r -F";
    else if (const std::string words = words_for(flag.argument, plugins); !words.empty())
      text += " -x -a '" + words + "'";
    else if (!flag.argument.empty())
      text += " -x";
    text += " -d " + quoted(flag.help, "\\'") + "\n";
  }
  return text;
}

}  // namespace

Result<std::string> completion(std::string_view shell, std::span<const Plugin> table) {
  const std::vector<FlagHelp> flags = flag_table();
  const std::string plugins = built_plugins(table);
  if (shell == "bash") return for_bash(flags, plugins);
  if (shell == "zsh") return for_zsh(flags, plugins);
  if (shell == "fish") return for_fish(flags, plugins);
  return Result<std::string>(boost::system::in_place_error,
                             fail("-completion: \"" + std::string(shell) + "\" is none of bash, zsh, fish"));
}

}  // namespace portolan::server
