// Which rules are taken and which are refused, as recorded from CoreDNS 1.14.7, and what a refusal says.
#include "plugins/rewrite/grammar.h"

#include "plugins/rewrite/rewrite_fixture.h"

namespace portolan::rewrite {
namespace {

using namespace testing;

std::string errors_of(const std::string& rule) {
  return PluginFixture(". {\n client\n rewrite " + rule + "\n backend\n}\n", table()).error_text();
}

TEST_CASE("rewrite: rules that are taken") {
  const char* rules[] = {
      "name a b",
      "name exact a b",
      "NAME Exact a b",
      "name regex (a) {1}",
      "name regex (a)(b) {2}{7}",
      "name suffix a b answer auto",
      "name suffix a b answer auto auto",
      "name suffix a b answer auto value x y",
      "name suffix a b answer name (x) {1}",
      "name suffix a b answer name (x) {1} answer name y z",
      "name exact a b answer auto",
      "name exact a b answer name x y",
      "name prefix ( [",
      "type A AAAA",
      "type a nsec3param",
      "class IN CH",
      "class any none",
      "continue name a b",
      "CONTINUE name a b",
      "stop type A MX",
      "edns0 local set 0xffee abc",
      "edns0 local set 0XFFEE abc",
      "edns0 local set 0b11 abc",
      "edns0 local set 0o17 abc",
      "edns0 local set 017 abc",
      "edns0 local set 0xff_ee abc",
      "edns0 local set 65001 abc",
      "edns0 local set 0xffee 0x",
      "edns0 local set 0xffee {qname}",
      "edns0 local set 0xffee {server_port}",
      "edns0 local set 0xffee {a/b}",
      "edns0 local set 0xffee abc revert",
      "edns0 local set 0xffee revert revert",
      "edns0 local unset 0xffee",
      "edns0 nsid set",
      "edns0 nsid append revert",
      "edns0 nsid unset",
      "edns0 subnet set 24 56",
      "edns0 subnet set 0x18 0 revert",
      "edns0 subnet unset",
      "ttl a 5",
      "ttl a 5-10",
      "ttl a -5",
      "ttl a 5-",
      "ttl a 4294967295",
      "ttl exact a 5",
      "ttl regex .* 5",
      "rcode a NXDOMAIN NOERROR",
      "rcode a 3 0",
      "rcode a 23 11",
      "rcode exact a 3 0",
      "cname a b",
      "cname exact a b",
      "cname regex (a) {1}.b",
      "{\n name a b\n }",
      "{\n name\n a\n b\n }",
      "stop {\n name regex (a) {1}\n answer name b c\n }",
      "continue {\n name a b\n }",
  };
  for (const char* rule : rules) {
    CAPTURE(std::string(rule));
    CHECK(errors_of(rule) == "");
  }
}

TEST_CASE("rewrite: rules that are refused, with their line and what was expected") {
  const std::string long_regex(10001, 'a');
  const std::pair<std::string, std::string> cases[] = {
      {"", "no rule type specified for rewrite, expected name, type, class, ttl, cname, rcode or edns0"},
      {"foo a b", R"(invalid rule type "foo", expected name, type, class, ttl, cname, rcode or edns0)"},
      {"nmae a b", "; did you mean 'name'?"},
      {"continue", "continue rule must begin with a rule type: name, type"},
      {"stop", "stop rule must begin with a rule type: name, type"},
      {"continue stop name a b", R"(invalid rule type "stop")"},
      {"continue {\n }", "continue rule must begin with a rule type: name, type"},
      {"name a b {\n answer auto\n }", R"(unexpected block behind "b", expected the whole rule on the line or in)"},
      {"{\n name a {\n b\n }\n }", R"(unexpected block behind "name" in a rule)"},

      {"name", "too few arguments for a name rule, expected 'name [exact|prefix|suffix|substring|regex] FROM TO"},
      {"name a", "too few arguments for a name rule"},
      {"name foo a b",
       "name rule supports only exact, prefix, suffix, substring, and regex name matching, received: "
       "\"foo\""},
      {"name regex ( b", R"(invalid regex matching pattern "(": error parsing regexp: missing closing ): `(`)"},
      {"name regex a {1}", "the rewrite regex pattern ({1}) uses more subexpressions than its corresponding matching"},
      {"name regex a {0}", "the rewrite regex pattern ({0}) uses more subexpressions"},
      {"name regex " + long_regex + " b", "regex pattern too long: 10001 > 10000"},
      {"name a (", R"(invalid regex matching pattern "(.")"},
      {"name exact {1} b", "the rewrite regex pattern ({1}.) uses more subexpressions"},
      {"name exact a b c", R"(unexpected "c" in a name rule)"},
      {"name suffix a b answer", R"(unexpected "answer" in a name rule)"},
      {"name suffix a b auto answer", R"(unexpected "auto" in a name rule)"},
      {"name suffix a b answer foo", R"(invalid type "foo" for an answer rule, expected auto, name FROM TO or value)"},
      {"name suffix a b answer auto answer", "'answer' without a type, expected auto, name FROM TO or value FROM TO"},
      {"name suffix a b answer name x", "2 arguments required for 'name' in an answer rule: FROM TO"},
      {"name suffix a b answer name ( y", R"(name answer rule: invalid regex matching pattern "(")"},
      {"name suffix a b answer value x {1}", "value answer rule: the rewrite regex pattern ({1}) uses more"},
      {"name suffix a b answer auto answer name x y", "'answer auto' cannot be combined with 'answer name'"},
      {"answer name a b", "response rewrites must begin with a name rule"},

      {"type", "type rules must have exactly two arguments, expected 'type FROM TO'"},
      {"type A", "type rules must have exactly two arguments"},
      {"type A FOO", R"(invalid type "FOO", expected a record type such as A or MX)"},
      {"type FOO A", R"(invalid type "FOO")"},
      {"type A TYPE65", R"(invalid type "TYPE65")"},
      {"type None A", R"(invalid type "None")"},
      {"type A AAAA MX", "type rules must have exactly two arguments"},
      {"class IN FOO", R"(invalid class "FOO", expected IN, CS, CH, HS, NONE or ANY)"},
      {"class CLASS1 IN", R"(invalid class "CLASS1")"},
      {"class IN", "class rules must have exactly two arguments, expected 'class FROM TO'"},

      {"edns0", "too few arguments for an EDNS0 rule"},
      {"edns0 local", "too few arguments for an EDNS0 rule"},
      {"edns0 local set", "EDNS0 local rules require a code and data, expected 'edns0 local set|replace|append CODE"},
      {"edns0 local set 0xffee", "EDNS0 local rules require a code and data"},
      {"edns0 local set 0xffee revert", "EDNS0 local rules require a code and data"},
      {"edns0 local set 0xffee a b", "EDNS0 local rules require a code and data"},
      {"edns0 local set ffee abc", R"(invalid option code "ffee", expected a number up to 65535 or 0xffff)"},
      {"edns0 local set 0xzz abc", R"(invalid option code "0xzz")"},
      {"edns0 local set 0x abc", R"(invalid option code "0x")"},
      {"edns0 local set 70000 abc", R"(invalid option code "70000")"},
      {"edns0 local set -1 abc", R"(invalid option code "-1")"},
      {"edns0 local set 1_ abc", R"(invalid option code "1_")"},
      {"edns0 local set 09 abc", R"(invalid option code "09")"},
      {"edns0 local set 0xffee 0xzz", R"("0xzz" is not hexadecimal, expected two digits an octet behind 0x)"},
      {"edns0 local set 0xffee 0xabc", R"("0xabc" is not hexadecimal)"},
      {"edns0 local foo 0xffee abc", R"(invalid action "foo", expected set, replace, append or unset)"},
      {"edns0 local set 0xffee {foo}", R"(unsupported variable name "{foo}", expected {qname}, {qtype})"},
      {"edns0 local set 0xffee {/a}", R"(unsupported variable name "{/a}")"},
      {"edns0 local set 0xffee {a/}", R"(unsupported variable name "{a/}")"},
      {"edns0 local unset", "local unset action requires exactly two arguments, expected 'edns0 local unset CODE'"},
      {"edns0 local unset 0xffee revert", "local unset action requires exactly two arguments"},
      {"edns0 nsid set x", "EDNS0 NSID rules can accept no more than one arg"},
      {"edns0 nsid unset revert", "EDNS0 NSID rules can accept no more than one arg"},
      {"edns0 subnet set 24", "EDNS0 subnet rules require two mask lengths"},
      {"edns0 subnet set 33 56", R"(invalid IPv4 bit mask length "33", expected 0 to 32)"},
      {"edns0 subnet set 24 129", R"(invalid IPv6 bit mask length "129", expected 0 to 128)"},
      {"edns0 subnet set x 56", R"(invalid IPv4 bit mask length "x")"},
      {"edns0 subnet unset 1", "subnet unset action requires exactly one argument"},
      {"edns0 foo set 1", R"(invalid rule type "foo" for an EDNS0 rule, expected local, nsid or subnet)"},

      {"ttl", "too few (0) arguments for a ttl rule"},
      {"ttl a", "too few (1) arguments for a ttl rule"},
      {"ttl a x", R"(invalid TTL "x" for a ttl rule, expected seconds or a range MIN-MAX)"},
      {"ttl a 10-5", R"(invalid TTL "10-5" for a ttl rule)"},
      {"ttl a -", R"(invalid TTL "-" for a ttl rule)"},
      {"ttl a 1-2-3", R"(invalid TTL "1-2-3" for a ttl rule)"},
      {"ttl a 4294967296", R"(invalid TTL "4294967296" for a ttl rule)"},
      {"ttl a 2147483648-", R"(invalid TTL "2147483648-" for a ttl rule)"},
      {"ttl regex ( 5", R"(invalid regex pattern "(")"},
      {"ttl foo a 5", R"(ttl rules match names by exact, prefix, suffix, substring or regex, not "foo")"},
      {"ttl exact a 5 6", "too many (4) arguments for a ttl rule, expected 'ttl [exact|prefix"},
      {"rcode a", "too few (1) arguments for a rcode rule"},
      {"rcode a FOO NOERROR", R"(invalid matching RCODE "FOO" for a rcode rule, expected a name such as NXDOMAIN)"},
      {"rcode a NXDOMAIN FOO", R"(invalid replacement RCODE "FOO" for a rcode rule)"},
      {"rcode a 99 0", R"(invalid matching RCODE "99" for a rcode rule)"},
      {"rcode a RCODE3 0", R"(invalid matching RCODE "RCODE3" for a rcode rule)"},
      {"rcode foo a 3 0", R"(rcode rules match names by exact, prefix, suffix, substring or regex, not "foo")"},
      {"rcode regex ( 3 0", R"(invalid regex pattern "(")"},
      {"rcode exact a 3 0 x", "too many (5) arguments for a rcode rule"},
      {"cname", "too few (0) arguments for a cname rule"},
      {"cname a", "too few (1) arguments for a cname rule, expected 'cname [exact|prefix|suffix|substring|regex]"},
      {"cname foo a b", R"(unknown cname rewrite type "foo", expected exact, prefix, suffix, substring or regex)"},
      {"cname regex ( b", "invalid cname rewrite regex pattern: error parsing regexp: missing closing ): `(`"},
      {"cname regex " + long_regex + " b", "regex pattern too long: 10001 > 10000"},
      {"cname exact a b c", "too many (4) arguments for a cname rule"},
      {"cname substring \"\" b", "an empty name in a cname rule"},
  };
  for (const auto& [rule, expected] : cases) {
    CAPTURE(std::string(rule));
    const std::string error = errors_of(rule);
    CAPTURE(error);
    CHECK(error.find(expected) != std::string::npos);
    CHECK(error.starts_with("plugin/rewrite: Corefile:3 - Error during parsing: ") ==
          (rule != "{\n name a {\n b\n }\n }"));
    CHECK(std::count(error.begin(), error.end(), '\n') == 1);
  }
}

TEST_CASE("rewrite: a prefix that no name begins with is warned about") {
  const std::pair<const char*, bool> cases[] = {
      {"name prefix pre- x-", true},         {"continue ttl prefix x_ 5", true}, {"{\n rcode PREFIX x- 3 0\n }", true},
      {"name prefix pre. x.", false},        {"name prefix www x", false},       {"name suffix pre- x-", false},
      {"cname prefix pre- x-", false},  // targets get no dot
      {"name regex ^pre-(.*) x-{1}", false},
  };
  for (const auto& [rule, warned] : cases) {
    CAPTURE(std::string(rule));
    PluginFixture fixture(". {\n client\n rewrite " + std::string(rule) + "\n backend\n}\n", table());
    REQUIRE_MESSAGE(fixture.ok(), fixture.error_text());
    const auto& warnings = fixture.configuration().warnings();
    CHECK(warnings.size() == (warned ? 1 : 0));
    if (warned) CHECK(warnings[0].find("which no name begins with; use regex") != std::string::npos);
  }
}

TEST_CASE("rewrite: every rule that is wrong is named") {
  PluginFixture fixture(". {\n client\n rewrite foo a\n rewrite name a b\n rewrite ttl a x\n backend\n}\n", table());
  CHECK(fixture.error_text().find("Corefile:3 - ") != std::string::npos);
  CHECK(fixture.error_text().find("Corefile:5 - ") != std::string::npos);
}

}  // namespace
}  // namespace portolan::rewrite
