// `edns0 local|nsid|subnet set|replace|append|unset ... [revert]`.
#include <charconv>

#include "plugins/rewrite/edns_rule.h"
#include "plugins/rewrite/grammar.h"

namespace portolan::rewrite {
namespace {

constexpr std::string_view kLocalForm = "edns0 local set|replace|append CODE DATA [revert]";
constexpr std::string_view kSubnetForm = "edns0 subnet set|replace|append V4BITS V6BITS [revert]";

std::optional<EdnsAction> parse_action(std::string_view word) {
  const std::string action = lowered(word);
  if (action == "set") return EdnsAction::set;
  if (action == "replace") return EdnsAction::replace;
  if (action == "append") return EdnsAction::append;
  if (action == "unset") return EdnsAction::unset;
  return std::nullopt;
}

/// A number of 16 bits as Go writes them in programs: 65518, 0xffee, 0o177756, 0b1010, 0377; underscores may group
/// digits.
std::optional<uint16_t> parse_number(std::string_view text) {
  int base = 10;
  bool grouped = false;  // an underscore may come next: behind a digit or the prefix
  if (text.size() > 1 && text[0] == '0') {
    const char sign = text[1] | 0x20;
    base = sign == 'x' ? 16 : sign == 'b' ? 2 : 8;
    text.remove_prefix(sign == 'x' || sign == 'b' || sign == 'o' ? 2 : 1);
    grouped = true;
  }
  std::string digits;
  for (const char c : text) {
    if (c == '_' && !grouped) return std::nullopt;
    grouped = c != '_';
    if (grouped) digits += c;
  }
  uint16_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (!grouped || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

Result<std::string> from_hex(std::string_view digits) {
  std::string octets;
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    uint8_t octet = 0;
    const auto [end, error] = std::from_chars(digits.data() + i, digits.data() + i + 2, octet, 16);
    if (error != std::errc() || end != digits.data() + i + 2) break;
    octets += static_cast<char>(octet);
  }
  if (octets.size() * 2 != digits.size()) {
    return fail("\"0x" + std::string(digits) + "\" is not hexadecimal, expected two digits an octet behind 0x");
  }
  return {boost::system::in_place_value, std::move(octets)};
}

Result<std::unique_ptr<EdnsValue>> parse_data(const std::string& text) {
  if (text.starts_with('{') && text.ends_with('}')) {
    auto value = variable_value(std::string_view(text).substr(1, text.size() - 2));
    if (value) return value;
    return fail("unsupported variable name " + quoted(text) +
                ", expected {qname}, {qtype}, {client_ip}, {client_port}, {protocol}, {server_ip}, {server_port} or a "
                "label of metadata, {PLUGIN/NAME}");
  }
  if (!text.starts_with("0x")) return fixed_value(text);
  auto octets = from_hex(std::string_view(text).substr(2));
  if (octets.has_error()) return octets.error();
  return fixed_value(std::move(*octets));
}

// `tokens` are those behind the action.
Result<void> parse_local(Tokens tokens, EdnsRule::Options& options) {
  const bool unset = options.action == EdnsAction::unset;
  if (unset && tokens.size() != 1) {
    return wrong_form("local unset action requires exactly two arguments", "edns0 local unset CODE");
  }
  if (!unset && tokens.size() != 2) return wrong_form("EDNS0 local rules require a code and data", kLocalForm);
  const auto code = parse_number(tokens[0].text);
  if (!code) return fail("invalid option code " + quoted(tokens[0].text) + ", expected a number up to 65535 or 0xffff");
  options.code = *code;
  options.echoed = true;
  if (unset) return {};
  auto value = parse_data(tokens[1].text);
  if (value.has_error()) return fail(value.error().message);
  options.value = std::move(*value);
  const std::string& text = tokens[1].text;
  options.append_beside = !(text.starts_with('{') && text.ends_with('}'));
  return {};
}

Result<void> parse_nsid(Tokens tokens, EdnsRule::Options& options) {
  if (!tokens.empty()) {
    return wrong_form("EDNS0 NSID rules can accept no more than one arg", "edns0 nsid set|replace|append|unset");
  }
  options.code = static_cast<uint16_t>(dns::OptionCode::nsid);
  options.append_beside = true;
  if (options.action != EdnsAction::unset) options.value = fixed_value({});
  return {};
}

Result<uint8_t> parse_bits(const std::string& text, std::string_view family, unsigned most) {
  const auto bits = parse_number(text);
  if (bits && *bits <= most) return static_cast<uint8_t>(*bits);
  return fail("invalid " + std::string(family) + " bit mask length " + quoted(text) + ", expected 0 to " +
              std::to_string(most));
}

Result<void> parse_subnet(Tokens tokens, EdnsRule::Options& options) {
  options.code = static_cast<uint16_t>(dns::OptionCode::client_subnet);
  if (options.action == EdnsAction::unset) {
    if (tokens.empty()) return {};
    return wrong_form("subnet unset action requires exactly one argument", "edns0 subnet unset");
  }
  if (tokens.size() != 2) return wrong_form("EDNS0 subnet rules require two mask lengths", kSubnetForm);
  const auto v4 = parse_bits(tokens[0].text, "IPv4", 32);
  if (v4.has_error()) return v4.error();
  const auto v6 = parse_bits(tokens[1].text, "IPv6", 128);
  if (v6.has_error()) return v6.error();
  options.value = subnet_value(*v4, *v6);
  return {};
}

}  // namespace

Result<RulePtr> parse_edns_rule(Tokens tokens, bool stops) {
  if (tokens.size() < 2) {
    return wrong_form("too few arguments for an EDNS0 rule", "edns0 local|nsid|subnet set|replace|append|unset ...");
  }
  const std::string option = lowered(tokens[0].text);
  const auto action = parse_action(tokens[1].text);
  if (!action) return fail("invalid action " + quoted(tokens[1].text) + ", expected set, replace, append or unset");
  EdnsRule::Options options{*action, 0, nullptr};
  Tokens rest = tokens.subspan(2);
  if (*action != EdnsAction::unset && !rest.empty() && rest.back().text == "revert") {
    options.reverts = true;
    rest = rest.first(rest.size() - 1);
  }
  Result<void> parsed;
  if (option == "local") {
    parsed = parse_local(rest, options);
  } else if (option == "nsid") {
    parsed = parse_nsid(rest, options);
  } else if (option == "subnet") {
    parsed = parse_subnet(rest, options);
  } else {
    return fail("invalid rule type " + quoted(tokens[0].text) + " for an EDNS0 rule, expected local, nsid or subnet");
  }
  if (parsed.has_error()) return parsed.error();
  return finished(std::make_shared<EdnsRule>(std::move(options)), stops);
}

}  // namespace portolan::rewrite
