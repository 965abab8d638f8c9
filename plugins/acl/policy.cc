// Reading a line of an access list, and merging lines.
#include "plugins/acl/policy.h"

#include <algorithm>
#include <string>

#include "corefile/argument.h"

namespace portolan::acl {
namespace {

using corefile::Token;

bool is_section(const Token& token) {
  return corefile::equal_in_any_case(token.text, "type") || corefile::equal_in_any_case(token.text, "net");
}

/// What the sections of a line have said so far; a section may come again.
struct Sections {
  bool type = false, every_type = false, net = false, every_net = false;
  std::vector<dns::RRType> types;
  std::vector<IpPrefix> nets;

  Result<void> add_type(const std::string& text) {
    type = true;
    if (text == "*") {
      every_type = true;
      return {};
    }
    // CoreDNS takes names in upper case only; TYPE65280 (RFC 3597 section 5) is taken too.
    const auto parsed = dns::parse_type(text);
    if (parsed.has_error() || dns::text(*parsed) != text || *parsed == dns::RRType::none) {
      return fail("unexpected token \"" + text + "\"; expect legal QTYPE");
    }
    types.push_back(*parsed);
    return {};
  }

  Result<void> add_net(const std::string& text) {
    net = true;
    if (text == "*") {
      every_net = true;
      return {};
    }
    const auto parsed = IpPrefix::parse(text, true);
    if (parsed.has_error()) return fail("illegal CIDR notation \"" + text + "\"");
    nets.push_back(*parsed);
    return {};
  }

  Match match() {
    Match made;
    made.every_type = every_type || !type;
    if (!made.every_type) {
      std::sort(types.begin(), types.end());
      types.erase(std::unique(types.begin(), types.end()), types.end());
      made.types = std::move(types);
    }
    if (net && !every_net) made.sources = AddressSet(nets);
    return made;
  }
};

}  // namespace

bool Match::matches(dns::RRType type, const IpAddress& source) const {
  return (every_type || std::binary_search(types.begin(), types.end(), type)) && sources.contains(source);
}

Result<std::any> parse_match(std::span<const Token> tokens) {
  Sections sections;
  while (!tokens.empty()) {
    const Token& name = tokens.front();
    if (!is_section(name)) {
      return corefile::not_parsed("unexpected token \"" + name.text + "\"; expect 'type | net'");
    }
    const bool types = corefile::equal_in_any_case(name.text, "type");
    tokens = tokens.subspan(1);
    if (tokens.empty() || is_section(tokens.front())) {
      return corefile::not_parsed(std::string("no token specified in \"") + (types ? "type" : "net") + "\" section");
    }
    for (; !tokens.empty() && !is_section(tokens.front()); tokens = tokens.subspan(1)) {
      const std::string& text = tokens.front().text;
      const auto added = types ? sections.add_type(text) : sections.add_net(text);
      if (added.has_error()) return corefile::not_parsed(added.error().message);
    }
  }
  return corefile::parsed(sections.match());
}

void merge_neighbours(std::vector<Policy>& policies) {
  std::vector<Policy> merged;
  std::vector<AddressSet> sources;
  for (Policy& policy : policies) {
    if (!merged.empty() && merged.back().action == policy.action && merged.back().match.same_types(policy.match)) {
      sources.push_back(std::move(policy.match.sources));
      continue;
    }
    if (!sources.empty()) merged.back().match.sources.add(sources);
    sources.clear();
    merged.push_back(std::move(policy));
  }
  if (!sources.empty()) merged.back().match.sources.add(sources);
  policies = std::move(merged);
}

}  // namespace portolan::acl
