// The template language: what it renders, and what is refused.
#include "plugins/template/text_template.h"

#include <doctest/doctest.h>

#include "dns/name.h"
#include "server/metadata.h"

namespace portolan::templates {
namespace {

// A question for a.alder.test. MX that matched ^(?P<x>a)[.](z)?.
struct Sample {
  Sample() {
    query.question.name = *dns::parse_name("A.alder.test.", query.arena());
    query.question.type = dns::RRType::mx;
    query.header.rd = true;
    query.metadata = query.arena().make<server::Metadata>(query.arena());
    query.metadata->set("test/a", "value");
    data.query = &query;
    data.name = "a.alder.test.";
    data.zone = "alder.test.";
    data.cls = "IN";
    data.type = "MX";
    data.remote = "127.0.0.1";
    data.matches = matches;
    data.group_names = names;
  }
  server::Query query;
  std::string_view matches[3] = {"a.", "a", ""};
  std::string names[3] = {"", "x", ""};
  Data data;
};

std::string render(std::string_view text) {
  Sample sample;
  const auto parsed = TextTemplate::parse(text);
  if (parsed.has_error()) return "refused: " + parsed.error().message;
  const auto rendered = parsed->render(sample.data, sample.query.arena());
  return std::string(rendered.error.empty() ? rendered.text : rendered.error);
}

TEST_CASE("template: what Go's text/template makes of the same text") {
  const struct {
    const char *text, *expected;
  } cases[] = {
      {"plain", "plain"},
      {"{{ .Name }} {{.Zone}} {{ .Class }}/{{ .Type }} {{ .Remote }}", "a.alder.test. alder.test. IN/MX 127.0.0.1"},
      {"{{ .Group.x }}{{ .Group.none }}", "a<no value>"},
      {"{{ index .Match 1 }} {{ len .Match }} {{ .Match }}", "a 3 [a. a ]"},
      {"{{ index .Group \"x\" }}|{{ index .Group \"none\" }}|{{ index .Group \"1\" }}", "a||a"},
      {"{{ .Question.Name }} {{ .Question.Qtype }} {{ .Question.Qclass }}", "A.alder.test. 15 1"},
      {"{{ .Message.RecursionDesired }} {{ .Message.CheckingDisabled }}", "true false"},
      {"{{ if .Group.x }}yes{{ else }}no{{ end }}", "yes"},
      {"{{ if eq .Type \"A\" }}1{{ else if eq .Type \"AAAA\" \"MX\" }}2{{ else }}3{{ end }}", "2"},
      {"{{ if and (eq .Class \"IN\") (not (lt 2 1)) }}x{{ end }}", "x"},
      {"{{ or .Group.none \"d\" }} {{ and true 0 }} {{ ne 1 2 }} {{ ge 2 2 }} {{ gt 1 2 }} {{ le 1 0 }}",
       "d 0 true true false false"},
      {"a  {{- .Group.x -}}  b", "aab"},
      {"a{{/* nothing */}}b", "ab"},
      {"{{ printf \"%05d|%-4s|%4s|%02x|%X|%q|%v|%%\" 42 \"a\" `b` 10 255 \"q\" true }}",
       "00042|a   |   b|0a|FF|\"q\"|true|%"},
      {"{{ printf \"%d\" \"a\" }} {{ printf \"%s\" }} {{ printf \"x\" 1 }}",
       "%!d(string=a) %!s(MISSING) x%!(EXTRA int=1)"},
      {"{{ printf \"%.2s %+d %#x %o %b %t %x\" \"abc\" 3 255 8 5 false \"hi\" }}", "ab +3 0xff 10 101 false 6869"},
      {"{{ parseInt \"ff\" 16 8 }}", "255"},
      {"{{ .Zone | len }} {{ `a` | printf \"%s-%s\" (.Type | len) | len }}", "11 12"},
      {"{{ parseInt `zz` 10 8 }}", "template: col 4: error calling parseInt: invalid syntax"},
      {"{{ parseInt \"256\" 10 8 }}", "template: col 4: error calling parseInt: value out of range"},
      {"{{ index .Match 7 }}", "template: col 4: error calling index: index out of range"},
      {"{{ .Meta \"test/a\" }}{{.Meta `test/none`}}{{ `test/a` | .Meta }}", "valuevalue"},
      {"{{ if .Meta `test/none` }}1{{ else }}2{{ end }} {{ printf \"%s!\" (.Meta \"test/a\") }}", "2 value!"},
      {"{{ .Meta 1 }}", "template: col 4: error calling Meta: expected string"},
      {"{{ .Metal }}", "template: col 4: can't evaluate field Metal"},
      {"{{ .Foo }}", "template: col 4: can't evaluate field Foo"},
      {"{{ eq 1 \"a\" }}", "template: col 4: error calling incompatible types for comparison"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.text);
    CHECK(render(c.text) == c.expected);
  }
}

TEST_CASE("template: what is not built or not right is refused with its column") {
  const struct {
    const char *text, *expected;
  } cases[] = {
      {"x {{ range .Match }}{{ end }}", "refused: col 6: \"range\" is not built into portolan"},
      {"{{ with .Name }}{{ end }}", "refused: col 4: \"with\" is not built into portolan"},
      {"{{ 1 | .Name }}", "refused: col 8: non executable command in pipeline"},
      {"{{ 1 | len | }}", "refused: col 14: missing value"},
      {"{{ $x }}", "refused: col 4: \"$\" is not built into portolan"},
      {"{{ .Meta }}", "refused: col 4: wrong number of args for .Meta: got 0"},
      {"{{ .Meta `a` `b` }}", "refused: col 4: wrong number of args for .Meta: got 2"},
      {"{{ len .Meta }}", "refused: col 8: wrong number of args for Meta: got 0"},
      {"{{ .Meta.x }}", "refused: col 4: wrong number of args for Meta: got 0"},
      {"{{ .Var.a }}", "refused: col 4: \".Var\" is not built into portolan"},
      {"{{ .Message.Extra }}", "refused: col 4: \".Message.Extra\" is not built into portolan"},
      {"{{ foo }}", "refused: col 4: function \"foo\" not defined"},
      {"{{ .Name ", "refused: col 10: unclosed action"},
      {"{{", "refused: col 3: unclosed action"},
      {"{{ }}", "refused: col 4: missing value"},
      {"{{ if .Name }}", "refused: col 15: unexpected EOF, expecting {{end}}"},
      {"{{ end }}", "refused: col 10: unexpected {{else}} or {{end}}"},
      {"{{ len }}", "refused: col 4: wrong number of args for len: got 0"},
      {"{{ printf \"a }}", "refused: col 11: unterminated quoted string"},
      {"{{ (len .Name }}", "refused: col 15: unclosed left paren"},
      {"{{ .Name .Zone }}", "refused: col 10: unexpected \".\" in action"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.text);
    CHECK(render(c.text) == c.expected);
  }
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "{{ if true }}";
  CHECK(render(deep).find("nested too deep") != std::string::npos);
  CHECK(render("{{ " + std::string(200, '(')).find("nested too deep") != std::string::npos);
  std::string pipes = "{{ 1";
  for (int i = 0; i < 100; ++i) pipes += " | not";
  CHECK(render(pipes + " }}").find("too many commands") != std::string::npos);
  CHECK(render(std::string(70000, 'a')) == "refused: col 1: a template of more than 64 KiB");
}

}  // namespace
}  // namespace portolan::templates
