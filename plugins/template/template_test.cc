// template: matching, fallthrough, sections, extended errors, aliases, counters.
#include "plugins/template/template.h"

#include <doctest/doctest.h>

#include "dns/rdata.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin template_plugin;
}

namespace portolan::templates {
namespace {

using testing::Answer;
using testing::PluginFixture;
using Lines = std::vector<std::string>;

std::string block(const std::string& inside) { return "alder.test {\n" + inside + "\n}\n"; }

// Behind template: answers www.alder.test. A and refuses everything else.
server::Plugin behind() {
  return testing::stand_in("whoami", [](server::Query& query, server::Next) -> Task<server::Outcome> {
    if (query.question.lower.text() != "www.alder.test.") return query.answer(dns::Rcode::yxrrset);
    const auto ip = dns::a_rdata(*IpAddress::parse("192.0.2.80"), query.arena());
    query.reply().answer.push_back({query.question.name, dns::RRType::a, dns::RRClass::in, 5, ip});
    return query.answer();
  });
}

// In front of template: remembers why a query failed, as `errors` would log it.
std::string& last_cause() {
  static std::string cause;
  return cause;
}
server::Plugin in_front() {
  return testing::stand_in("errors", [](server::Query& query, server::Next next) -> Task<server::Outcome> {
    Task<server::Outcome> rest = next(query);
    const server::Outcome outcome = co_await rest;
    last_cause() = outcome.cause;
    co_return outcome;
  });
}

TEST_CASE("template: the first expression that matches makes the answer; others go on or fail") {
  PluginFixture server(block("template IN A {\nmatch ^ip-(?P<a>[0-9]+)[.] ^hex(?P<h>[a-f0-9]{2})[.]\n"
                             "answer \"{{ .Name }} 60 IN A 192.0.2.{{ if .Group.a }}{{ .Group.a }}{{ else }}"
                             "{{ parseInt .Group.h 16 8 }}{{ end }}\"\nfallthrough sub.alder.test\n}\n"
                             "template IN TXT {\nanswer \"{{ .Name }} 60 IN TXT {{ .Zone }}\"\n}\nwhoami"),
                       {template_plugin, behind()});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  const Answer decimal = server.ask("IP-7.alder.test.");
  CHECK(decimal.answer == Lines{"ip-7.alder.test. 60 IN A 192.0.2.7"});
  CHECK(decimal.header.aa);
  CHECK(server.ask("hex0a.alder.test.").answer == Lines{"hex0a.alder.test. 60 IN A 192.0.2.10"});
  CHECK(server.ask("x.alder.test.").rcode == dns::Rcode::servfail);
  CHECK(server.ask("x.sub.alder.test.").rcode == dns::Rcode::yxrrset);
  CHECK(server.ask("x.alder.test.", dns::RRType::txt).answer == Lines{"x.alder.test. 60 IN TXT \"alder.test.\""});
  CHECK(server.ask("x.alder.test.", dns::RRType::mx).rcode == dns::Rcode::yxrrset);
}

TEST_CASE("template: sections, rcode and extended error") {
  PluginFixture server(block("template IN ANY {\nanswer \"a. 1 A 192.0.2.1\" \"b. 2 A 192.0.2.2\"\n"
                             "authority \"{{ .Zone }} 62 IN NS ns.{{ .Zone }}\"\nadditional \"c. AAAA ::1\"\n"
                             "rcode NXDOMAIN\nederror 21 \"blocked\"\n}"),
                       {template_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  const Answer answer = server.ask("x.alder.test.");
  CHECK(answer.rcode == dns::Rcode::nxdomain);
  CHECK(answer.answer == Lines{"a. 1 IN A 192.0.2.1", "b. 2 IN A 192.0.2.2"});
  CHECK(answer.authority == Lines{"alder.test. 62 IN NS ns.alder.test."});
  CHECK(answer.additional == Lines{"c. 3600 IN AAAA ::1"});
  CHECK(answer.has_edns);
}

TEST_CASE("template: the target of a CNAME is looked up for A and AAAA") {
  PluginFixture server(
      block("template IN ANY c.alder.test {\nanswer \"{{ .Name }} 60 IN CNAME www.alder.test\"\n}\nwhoami"),
      {template_plugin, behind()});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  CHECK(server.ask("c.alder.test.").answer ==
        Lines{"c.alder.test. 60 IN CNAME www.alder.test.", "www.alder.test. 5 IN A 192.0.2.80"});
  CHECK(server.ask("c.alder.test.", dns::RRType::txt).answer == Lines{"c.alder.test. 60 IN CNAME www.alder.test."});
}

TEST_CASE("template: a record that cannot be made is SERVFAIL and counted, one that is empty is silence") {
  PluginFixture server(block("errors\ntemplate IN A {\nanswer \"{{ .Name }} 60 IN A {{ .Group.none }}\"\n}\n"
                             "template IN MX {\nanswer \"{{ index .Match 9 }} MX 1 a.\"\n}\n"
                             "template IN SRV {\nanswer \"\"\n}"),
                       {in_front(), template_plugin});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  CHECK(server.ask("x.alder.test.").rcode == dns::Rcode::servfail);
  CHECK(server.ask("x.alder.test.", dns::RRType::mx).rcode == dns::Rcode::servfail);
  CHECK(last_cause() == "template: col 4: error calling index: index out of range");
  CHECK(server.ask("x.alder.test.", dns::RRType::srv).silent);
  const std::string text = metrics::exposition();
  const std::string who = "server=\"dns://:53\",";
  const std::string zone = "view=\"\",zone=\"alder.test.\"}";
  for (const std::string& series :
       {"coredns_template_matches_total{class=\"IN\"," + who + "type=\"SRV\"," + zone + " 1",
        "coredns_template_rr_failures_total{class=\"IN\",section=\"answer\"," + who +
            "template=\"{{ .Name }} 60 IN A {{ .Group.none }}\",type=\"A\"," + zone + " 1",
        "coredns_template_template_failures_total{class=\"IN\",section=\"answer\"," + who +
            "template=\"{{ index .Match 9 }} MX 1 a.\",type=\"MX\"," + zone + " 1"}) {
    CAPTURE(series);
    CHECK(text.find(series) != std::string::npos);
  }
}

TEST_CASE("template: var and expr choose and compute") {
  PluginFixture server(
      block("template IN A {\nmatch ^(?P<ip>[0-9-]+)[.]\nvar ip replace(group('ip'), '-', '.')\n"
            "expr \"any(['192.0.2.0/24'], incidr(ip, #))\"\n"
            "answer \"{{ .Name }} 60 IN A {{ .Var.ip }}\"\nfallthrough\n}\n"
            "template IN TXT {\nvar n len(group(0))\nvar parts split(name(), '.')\nexpr n > 3\n"
            "expr client_ip() == '127.0.0.1'\n"
            "answer \"{{ .Name }} 60 IN TXT {{ range .Var.parts }}<{{ . }}>{{ end }}{{ .Var.n }}\"\n}\n"
            "whoami"),
      {template_plugin, behind()});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  CHECK(server.ask("192-0-2-7.alder.test.").answer == Lines{"192-0-2-7.alder.test. 60 IN A 192.0.2.7"});
  CHECK(server.ask("10-0-0-1.alder.test.").rcode == dns::Rcode::yxrrset);  // not true: fallthrough
  CHECK(server.ask("1-2.alder.test.").rcode == dns::Rcode::servfail);      // fails: no fallthrough
  CHECK(server.ask("x.alder.test.", dns::RRType::txt).answer ==
        Lines{"x.alder.test. 60 IN TXT \"<x><alder><test><>13\""});
  const Answer other = server.ask({.name = "x.alder.test.", .type = dns::RRType::txt, .client = "192.0.2.1"});
  CHECK(other.rcode == dns::Rcode::servfail);
}

TEST_CASE("template: what is refused at start") {
  const std::string long_pattern = "template IN A {\nmatch " + std::string(10'001, 'a') + "\n}";
  const struct {
    const char *inside, *expected;
  } cases[] = {
      {long_pattern.c_str(), "Corefile:3 - Error during parsing: regex pattern too long: 10001 > 10000"},
      {"template", "Wrong argument count or unexpected line ending after 'template'"},
      {"template IN", "Wrong argument count or unexpected line ending after 'IN'"},
      {"template XX A", "plugin/template: Corefile:2 - Error during parsing: invalid query class XX"},
      {"template IN a", "invalid RR class a"},
      {"template IN A {\nmatch (\n}",
       "Corefile:3 - Error during parsing: could not parse regex: (, error parsing regexp: missing closing )"},
      {"template IN A {\nanswer \"{{ range .Match }}\"\n}",
       "Corefile:3 - Error during parsing: could not compile template: {{ range .Match }}, template: col 19: "
       "unexpected "
       "EOF, expecting {{end}}"},
      {"template IN A {\nrcode nxdomain\n}", "unknown rcode nxdomain"},
      {"template IN A {\nederror x\n}", "error parsing extended DNS error code x, invalid syntax"},
      {"template IN A {\nederror 70000\n}", "value out of range"},
      {"template IN A {\nvar x\n}", "Wrong argument count or unexpected line ending after 'x'"},
      {"template IN A {\nvar 1x 5\n}", "Corefile:3 - Error during parsing: invalid variable name \"1x\""},
      {"template IN A {\nvar len 5\n}", "variable name \"len\" is reserved"},
      {"template IN A {\nvar x 5\nvar x 6\n}", "Corefile:4 - Error during parsing: variable name \"x\" is reserved"},
      {"template IN A {\nvar x y + 1\nvar y 1\n}",
       "Corefile:3 - Error during parsing: could not compile expression: x, unknown name y (1:1) in \"y + 1\""},
      {"template IN A {\nvar x 'a'\nexpr x > 1\n}",
       "Corefile:4 - Error during parsing: could not compile expression: invalid operation: > (mismatched types string "
       "and int) (1:3) in \"x > 1\""},
  };
  for (const auto& c : cases) {
    CAPTURE(c.inside);
    PluginFixture server(block(c.inside), {template_plugin});
    CHECK(!server.ok());
    CAPTURE(server.error_text());
    CHECK(server.error_text().find(c.expected) != std::string::npos);
  }
}

}  // namespace
}  // namespace portolan::templates
