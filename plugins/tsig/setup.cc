// The directive `tsig [ZONE...] { secret; secrets; require; require_opcode }`.
#include "server/setup.h"

#include "plugins/tsig/tsig.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;
using corefile::OptionUse;
using corefile::Repeat;

constexpr Arg kZoneArgs[] = {{.name = "ZONE", .many = true}};
constexpr Arg kSecretArgs[] = {{.name = "NAME"}, {.name = "KEY"}, {.name = "ALGORITHM"}};
constexpr Arg kFileArgs[] = {{.name = "FILE"}};
constexpr Arg kTypeArgs[] = {{.name = "QTYPE", .many = true}};
constexpr Arg kOpcodeArgs[] = {{.name = "OPCODE", .many = true}};

constexpr Option kOptions[] = {
    {.name = "", .args = kZoneArgs, .help = "zones whose queries are looked at"},
    {.name = "secret",
     .args = kSecretArgs,
     .required = 2,
     .repeat = Repeat::append,
     .help = "a key: its name, its secret in base64, the one algorithm it is for"},
    {.name = "secrets",
     .args = kFileArgs,
     .required = 1,
     .repeat = Repeat::append,
     .help = "a file of keys in named.conf's form"},
    {.name = "require",
     .args = kTypeArgs,
     .required = 1,
     .fallback = "none",
     .help = "types that must be signed, or all"},
    {.name = "require_opcode",
     .args = kOpcodeArgs,
     .required = 1,
     .fallback = "none",
     .help = "opcodes that must be signed, or all"},
};

// `all` and `none` stand alone; anything else is a list.
enum class Listed : uint8_t { all, none, some };
Result<Listed> listed(const server::Setup& setup, const OptionUse& use) {
  if (use.text() != "all" && use.text() != "none") return Listed::some;
  if (use.size() > 1) return setup.error(use.at, "found \"" + use.text(1) + "\" behind " + use.text());
  return use.text() == "all" ? Listed::all : Listed::none;
}

Result<void> require_types(const server::Setup& setup, const OptionUse& use, tsig::Options& options) {
  const auto what = listed(setup, use);
  if (what.has_error()) return what.error();
  options.all_types = *what == Listed::all;
  options.types.clear();
  if (*what != Listed::some) return {};
  for (const std::string& text : use.texts()) {
    const auto type = dns::parse_type(text);
    if (type.has_error()) return setup.error(use.at, "unknown query type '" + text + "'");
    options.types.push_back(*type);
  }
  return {};
}

Result<void> require_opcodes(const server::Setup& setup, const OptionUse& use, tsig::Options& options) {
  const auto what = listed(setup, use);
  if (what.has_error()) return what.error();
  options.opcodes.reset();
  if (*what == Listed::all) options.opcodes.set();
  if (*what != Listed::some) return {};
  for (const std::string& text : use.texts()) {
    size_t number = 0;
    while (number < options.opcodes.size() && dns::text(static_cast<dns::Opcode>(number)) != text) ++number;
    if (number == options.opcodes.size()) return setup.error(use.at, "unknown opcode '" + text + "'");
    options.opcodes.set(number);
  }
  return {};
}

Result<void> add_secret(const server::Setup& setup, const OptionUse& use, tsig::Options& options) {
  auto added = tsig::add_key(options.keys, use.text(0), use.text(1), use.has(2) ? use.text(2) : "");
  return added.has_error() ? setup.error(use.at, added.error().message) : Result<void>();
}

Result<void> read_option(server::Setup& setup, const OptionUse& use, tsig::Options& options) {
  if (use.is("secret")) return add_secret(setup, use, options);
  if (use.is("require")) return require_types(setup, use, options);
  if (use.is("require_opcode")) return require_opcodes(setup, use, options);
  if (!use.is("secrets")) return {};
  auto read = tsig::read_key_file(setup.block().file(use.text()), options.keys);
  return read.has_error() ? setup.error(use.at, read.error().message) : Result<void>();
}

Result<void> setup(server::Setup& setup) {
  if (setup.directives().size() > 1)
    return setup.error(setup.directives()[1].at, "tsig stands twice in a server block");
  const corefile::ParsedDirective& directive = setup.directives().front();
  tsig::Options options;
  auto zones = setup.zones(directive.uses.front());
  if (zones.has_error()) return zones.error();
  options.zones = std::move(*zones);
  for (const OptionUse& use : directive.uses) {
    if (auto read = read_option(setup, use, options); read.has_error()) return read;
  }
  for (const auto& [name, key] : options.keys) {
    if (key.secret) continue;
    setup.warn(directive.at, "the secret of key \"" + name.text() + "\" is not base64: all it signs is BADSIG");
  }
  setup.add(std::make_unique<tsig::TsigPlugin>(std::move(options), setup.configuration(), setup.process()));
  return {};
}

}  // namespace

extern const server::Plugin tsig_plugin;
const server::Plugin tsig_plugin{.name = "tsig", .setup = setup, .options = kOptions};

}  // namespace portolan
