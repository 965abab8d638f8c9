// The lines of an access list: what is taken, what is refused, what they match.
#include "plugins/acl/policy.h"

#include <doctest/doctest.h>

#include <sstream>
#include <string>

namespace portolan::acl {
namespace {

using dns::RRType;

std::vector<corefile::Token> tokens_of(const std::string& line) {
  std::vector<corefile::Token> tokens;
  std::istringstream words(line);
  for (std::string word; words >> word;) tokens.emplace_back().text = word;
  return tokens;
}

Match match_of(const std::string& line) {
  const auto parsed = parse_match(tokens_of(line));
  REQUIRE_MESSAGE(parsed.has_value(), line);
  return std::any_cast<Match>(*parsed);
}

std::string error_of(const std::string& line) {
  const auto parsed = parse_match(tokens_of(line));
  return parsed.has_error() ? parsed.error().message : "";
}

TEST_CASE("acl: a line matches the types and nets it names, and everything where it names none") {
  const IpAddress inside = *IpAddress::parse("10.0.0.1"), outside = *IpAddress::parse("192.0.2.1");
  struct Case {
    const char* line;
    bool a_inside, a_outside, mx_inside, mx_outside;
  };
  const Case cases[] = {
      {"net 10.0.0.0/8", true, false, true, false},
      {"type A", true, true, false, false},
      {"type A net 10.0.0.0/8", true, false, false, false},
      {"net 10.0.0.1 type MX", false, false, true, false},
      {"TYPE A NET 10.0.0.1", true, false, false, false},
      {"type A type MX", true, true, true, true},
      {"type AAAA MX TXT", false, false, true, true},
      {"type TYPE65280 MX", false, false, true, true},
      {"type *", true, true, true, true},
      {"net *", true, true, true, true},
      {"type MX * net 192.0.2.2 *", true, true, true, true},
      {"net * net 192.0.2.2", true, true, true, true},
      {"net 192.0.2.2 192.0.2.1", false, true, false, true},
  };
  for (const Case& c : cases) {
    CAPTURE(c.line);
    const Match match = match_of(c.line);
    CHECK(match.matches(RRType::a, inside) == c.a_inside);
    CHECK(match.matches(RRType::a, outside) == c.a_outside);
    CHECK(match.matches(RRType::mx, inside) == c.mx_inside);
    CHECK(match.matches(RRType::mx, outside) == c.mx_outside);
  }
}

TEST_CASE("acl: what a line cannot mean is refused with what was found") {
  const struct {
    const char *line, *message;
  } cases[] = {
      {"foo", "unexpected token \"foo\"; expect 'type | net'"},
      {"type", "no token specified in \"type\" section"},
      {"type net *", "no token specified in \"type\" section"},
      {"type A NET", "no token specified in \"net\" section"},
      {"type NOPE", "unexpected token \"NOPE\"; expect legal QTYPE"},
      {"type a", "unexpected token \"a\"; expect legal QTYPE"},
      {"type None", "unexpected token \"None\"; expect legal QTYPE"},
      {"type TYPE1", "unexpected token \"TYPE1\"; expect legal QTYPE"},
      {"type * nope", "unexpected token \"nope\"; expect legal QTYPE"},
      {"net 1.2.3", "illegal CIDR notation \"1.2.3\""},
      {"net 10.0.0.0/40", "illegal CIDR notation \"10.0.0.0/40\""},
      {"net * x", "illegal CIDR notation \"x\""},
      {"net fe80::1%eth0", "illegal CIDR notation \"fe80::1%eth0\""},
  };
  for (const auto& c : cases) {
    CAPTURE(c.line);
    CHECK(error_of(c.line) == c.message);
  }
}

TEST_CASE("acl: neighbours that differ in their nets only become one line, others stay in their order") {
  std::vector<Policy> policies = {
      {Action::block, match_of("net 10.0.0.1")},
      {Action::block, match_of("net 10.0.0.3")},
      {Action::block, match_of("type A net 10.0.0.5")},
      {Action::block, match_of("type A net 10.0.0.7")},
      {Action::allow, match_of("type A net 10.0.0.9")},
      {Action::block, match_of("net 10.0.0.11")},
      {Action::block, match_of("net *")},
  };
  merge_neighbours(policies);
  REQUIRE(policies.size() == 4);
  const Action actions[] = {Action::block, Action::block, Action::allow, Action::block};
  for (size_t i = 0; i < 4; ++i) CHECK(policies[i].action == actions[i]);
  CHECK(policies[0].match.sources.ranges() == 2);
  CHECK(policies[0].match.every_type);
  CHECK(policies[1].match.sources.ranges() == 2);
  CHECK(policies[1].match.types == std::vector{RRType::a});
  CHECK(policies[3].match.sources.contains(*IpAddress::parse("192.0.2.1")));
}

}  // namespace
}  // namespace portolan::acl
