// The template language: what it renders, what fails, what is refused, what is bounded.
#include "plugins/template/text_template.h"

#include <doctest/doctest.h>

#include "dns/name.h"
#include "server/metadata.h"

namespace portolan::templates {
namespace {

// A question for a.alder.test. MX that matched ^(?P<x>a)[.](z)?, with two variables.
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
    data.groups = {matches, names};
    data.variables = variables;
  }
  server::Query query;
  std::string_view matches[3] = {"a.", "a", ""};
  std::string names[3] = {"", "x", ""};
  Value parts[2] = {Value::of("p"), Value::of(int64_t{2})};
  Value variables[6] = {Value::of("ip"), Value::of("10.0.0.1"), Value::of("half"),
                        Value::of(0.5),  Value::of("parts"),    Value::of(std::span<const Value>(parts))};
  Data data;
};

std::string render(std::string_view text) {
  Sample sample;
  const auto parsed = TextTemplate::parse(text);
  if (parsed.has_error()) return "refused: " + parsed.error().message;
  const auto rendered = parsed->render(sample.data, sample.query.arena());
  return std::string(rendered.error.empty() ? rendered.text : rendered.error);
}

struct Case {
  const char *text, *expected;
};
template <size_t N>
void check_all(const Case (&cases)[N]) {
  for (const Case& each : cases) {
    CAPTURE(each.text);
    CHECK(render(each.text) == each.expected);
  }
}

TEST_CASE("template: fields, texts and blanks as in Go's text/template") {
  check_all({
      {"plain", "plain"},
      {"{{ .Name }} {{.Zone}} {{ .Class }}/{{ .Type }} {{ .Remote }}", "a.alder.test. alder.test. IN/MX 127.0.0.1"},
      {"{{ .Group.x }}{{ .Group.none }}", "a<no value>"},
      {"{{ .Group }}", "map[0:a. 1:a 2: x:a]"},
      {"{{ index .Match 1 }} {{ len .Match }} {{ .Match }}", "a 3 [a. a ]"},
      {"{{ index .Group \"x\" }}|{{ index .Group \"none\" }}|{{ index .Group \"1\" }}", "a||a"},
      {"{{ .Question.Name }} {{ .Question.Qtype }} {{ .Question.Qclass }}", "A.alder.test. 15 1"},
      {"{{ .Question }}", ";A.alder.test.\tIN\t MX"},
      {"{{ .Message.RecursionDesired }} {{ .Message.CheckingDisabled }} {{ .Message.MsgHdr.Opcode }}", "true false 0"},
      {"{{ len .Message.Question }} {{ (index .Message.Question 0).Qtype }}", "1 15"},
      {"{{ .Var.ip }} {{ .Var.half }} {{ .Var.parts }} {{ .Var.none }} {{ .Var.none.x }} {{ index .Var.parts 1 }}",
       "10.0.0.1 0.5 [p 2] <no value> <no value> 2"},
      {"a  {{- .Group.x -}}  b", "aab"},
      {"a{{/* nothing */}}b {{- /* nothing */ -}} c", "abc"},
      {"{{ \"q\\\"\\t\\x41\\u00e9\" }}{{ `r\\` }}{{ 'a' }}", "q\"\tA\u00e9r\\97"},
      {"{{ 0x1F }} {{ 0b11 }} {{ 0o17 }} {{ 017 }} {{ 1_000 }} {{ -3 }} {{ 1.50 }} {{ 1e3 }}",
       "31 3 15 15 1000 -3 1.5 1000"},
      {"{{ true }} {{ .Meta \"test/a\" }}{{.Meta `test/none`}}{{ `test/a` | .Meta }} {{ $.Meta `test/a` }}",
       "true valuevalue value"},
  });
}

TEST_CASE("template: conditions, loops and variables as in Go's text/template") {
  check_all({
      {"{{ if .Group.x }}yes{{ else }}no{{ end }}", "yes"},
      {"{{ if eq .Type \"A\" }}1{{ else if eq .Type \"AAAA\" \"MX\" }}2{{ else }}3{{ end }}", "2"},
      {"{{ if .Meta `test/none` }}1{{ else }}2{{ end }}", "2"},
      {"{{ range .Match }}[{{ . }}]{{ end }}", "[a.][a][]"},
      {"{{ range $i, $e := .Match }}{{ $i }}={{ $e }};{{ end }}", "0=a.;1=a;2=;"},
      {"{{ range $e := .Var.parts }}{{ $e }},{{ end }}", "p,2,"},
      {"{{ range $k, $v := .Group }}{{ $k }}:{{ $v }} {{ end }}", "0:a. 1:a 2: x:a "},
      {"{{ range 3 }}{{ . }}{{ end }}{{ range $n := 2 }}{{ $n }}{{ end }}", "01201"},
      {"{{ range slice .Match 1 1 }}x{{ else }}none{{ end }}", "none"},
      {"{{ range .Match }}{{ $.Type }}{{ break }}{{ end }}", "MX"},
      {"{{ range $i, $e := .Match }}{{ if eq $i 1 }}{{ continue }}{{ end }}{{ $i }}{{ end }}", "02"},
      {"{{ range .Match }}{{ range $.Match }}x{{ break }}{{ end }}y{{ end }}", "xyxyxy"},
      {"{{ with .Group.x }}<{{ . }}>{{ end }}{{ with .Group.none }}x{{ else }}y{{ end }}", "<a>y"},
      {"{{ with .Group.none }}1{{ else with .Group.x }}2{{ . }}{{ else }}3{{ end }}", "2a"},
      {"{{ with $x := .Group.x }}{{ $x }}{{ $.Name }}{{ end }}", "aa.alder.test."},
      {"{{ $x := 1 }}{{ $x = 2 }}{{ $x }}", "2"},
      {"{{ $x := 1 }}{{ if true }}{{ $x := 5 }}{{ $x }}{{ end }}{{ $x }}", "51"},
      {"{{ $x := 1 }}{{ if true }}{{ $x = 5 }}{{ end }}{{ $x }}", "5"},
      {"{{ $x := `o` }}{{ if true }}{{ $x := printf \"%s!\" $x }}{{ $x }}{{ end }}", "o!"},
      {"{{ $sum := `` }}{{ range $i, $e := .Match }}{{ $sum = print $sum $i }}{{ end }}{{ $sum }}", "012"},
      {"{{ if $n := len .Match }}{{ $n }}{{ end }}", "3"},
  });
}

TEST_CASE("template: functions as in Go's text/template") {
  check_all({
      {"{{ if and (eq .Class \"IN\") (not (lt 2 1)) }}x{{ end }}", "x"},
      {"{{ or .Group.none \"d\" }} {{ and true 0 }} {{ ne 1 2 }} {{ ge 2 2 }} {{ gt 1 2 }} {{ le 1 0 }}",
       "d 0 true true false false"},
      {"{{ lt \"a\" \"b\" }} {{ eq 1.5 1.5 }} {{ eq true false }} {{ eq .Group.none .Var.none }}",
       "true true false true"},
      {"{{ parseInt \"ff\" 16 8 }}", "255"},
      {"{{ .Zone | len }} {{ `a` | printf \"%s-%s\" (.Type | len) | len }}", "11 12"},
      {"{{ slice \"hello\" 1 3 }} {{ slice \"hello\" 3 }} {{ slice .Match 0 1 }} {{ index \"a\" 0 }}", "el lo [a.] 97"},
      {"{{ print 1 2 `a` 3 4 }}|{{ println `a` 1 }}", "1 2a3 4|a 1\n"},
      {"{{ html \"<a href='x'>&\" }}", "&lt;a href=&#39;x&#39;&gt;&amp;"},
      {"{{ js \"it's <b>\" }}", "it\\'s \\u003Cb\\u003E"},
      {"{{ urlquery \"a b&c/\" }}", "a+b%26c%2F"},
  });
}

TEST_CASE("template: printf as in Go's fmt") {
  check_all({
      {"{{ printf \"%05d|%-4s|%4s|%02x|%X|%q|%v|%%\" 42 \"a\" `b` 10 255 \"q\" true }}",
       "00042|a   |   b|0a|FF|\"q\"|true|%"},
      {"{{ printf \"%d\" \"a\" }} {{ printf \"%s\" }} {{ printf \"x\" 1 }}",
       "%!d(string=a) %!s(MISSING) x%!(EXTRA int=1)"},
      {"{{ printf \"%.2s %+d %#x %o %b %t %x\" \"abc\" 3 255 8 5 false \"hi\" }}", "ab +3 0xff 10 101 false 6869"},
      {"{{ printf \"%.2f|%8.3f|%e|%g|%08.2f\" 1.005 3.14159 1234.5 0.1 -1.5 }}",
       "1.00|   3.142|1.234500e+03|0.1|-0001.50"},
      {"{{ printf \"%[2]s-%[1]s\" `a` `b` }} {{ printf \"%*d\" 5 42 }} {{ printf \"%-*d|\" 4 7 }}", "b-a    42 7   |"},
      {"{{ printf \"%c%c %U %q\" 65 233 955 120 }}", "A\u00e9 U+03BB 'x'"},
      {"{{ printf \"%v %s %d\" .Match .Match .Var.parts }}", "[a. a ] [a. a ] [%!d(string=p) 2]"},
      {"{{ printf \"%q %x %T %T\" .Match \"ab\" 1 `s` }}", "[\"a.\" \"a\" \"\"] 6162 int string"},
      {"{{ printf \"%v %d\" .Group.none .Group.none }}", "<nil> %!d(<nil>)"},
      {"{{ printf \"%z\" 1 }} {{ printf \"%\" }} {{ printf \"%[9]d\" 1 }}", "%!z(int=1) %!(NOVERB) %!d(BADINDEX)"},
      {"{{ printf \"%5t|%-6v|%3c|\" true false 'x' }}", " true|false |  x|"},
  });
}

TEST_CASE("template: what fails for a query says where") {
  check_all({
      {"{{ parseInt `zz` 10 8 }}", "template: col 4: error calling parseInt: invalid syntax"},
      {"{{ parseInt \"256\" 10 8 }}", "template: col 4: error calling parseInt: value out of range"},
      {"{{ index .Match 7 }}", "template: col 4: error calling index: index out of range"},
      {"{{ slice .Name 5 2 }}", "template: col 4: error calling slice: invalid slice index"},
      {"{{ .Meta 1 }}", "template: col 4: error calling Meta: expected string"},
      {"{{ with .Name }}{{ .Meta `test/a` }}{{ end }}", "template: col 20: can't evaluate field Meta"},
      {"{{ .Metal }}", "template: col 4: can't evaluate field Metal"},
      {"{{ .Foo }}", "template: col 4: can't evaluate field Foo"},
      {"{{ .Name.x }}", "template: col 4: can't evaluate field x"},
      {"{{ eq 1 \"a\" }}", "template: col 4: error calling incompatible types for comparison"},
      {"{{ lt true false }}", "template: col 4: error calling invalid type for comparison"},
      {"{{ range .Name }}{{ end }}", "template: col 10: range can't iterate over a string"},
      {"{{ range $a, $b := 3 }}{{ end }}",
       "template: col 20: can't use a number to iterate over more than one variable"},
      {"{{ .Message }}", "template: col 4: the value has no text in portolan"},
      {"{{ range 1000 }}{{ range 1000 }}{{ end }}{{ end }}", "template: col 26: more than 100,000 steps"},
      {"{{ range 10000 }}01234567890{{ end }}", "template: col 0: more than 64 KiB"},
      {"{{ $x := `0123456789` }}{{ range 100 }}{{ $x = print $x $x }}{{ end }}",
       "template: col 48: error calling a function: more than 64 KiB"},
      {"{{ $x := printf \"%1000d\" 1 }}{{ range 5000 }}{{ $y := printf \"%s\" $x }}{{ end }}",
       "template: col 55: values of more than 1 MiB"},
  });
}

TEST_CASE("template: what is not built or not right is refused with its column") {
  check_all({
      {"{{ define \"a\" }}{{ end }}", "refused: col 4: \"define\" is not built into portolan"},
      {"{{ template \"a\" }}", "refused: col 4: \"template\" is not built into portolan"},
      {"{{ block \"a\" . }}{{ end }}", "refused: col 4: \"block\" is not built into portolan"},
      {"{{ call .Name }}", "refused: col 4: \"call\" is not built into portolan"},
      {"{{ .Message.Extra }}", "refused: col 4: \".Message.Extra\" is not built into portolan"},
      {"{{ range .Match }}{{ $.Message.Ns }}{{ end }}", "refused: col 22: \".Message.Ns\" is not built into portolan"},
      {"{{ 1 | .Name }}", "refused: col 8: non executable command in pipeline"},
      {"{{ 1 | len | }}", "refused: col 14: missing value"},
      {"{{ $x }}", "refused: col 4: undefined variable \"$x\""},
      {"{{ $x = 1 }}", "refused: col 4: undefined variable \"$x\""},
      {"{{ if true }}{{ $x := 1 }}{{ end }}{{ $x }}", "refused: col 39: undefined variable \"$x\""},
      {"{{ $x, $y := 1 }}", "refused: col 4: undefined variable \"$x\""},
      {"{{ .Meta }}", "refused: col 4: wrong number of args for Meta: got 0"},
      {"{{ .Meta `a` `b` }}", "refused: col 4: wrong number of args for Meta: got 2"},
      {"{{ len .Meta }}", "refused: col 8: wrong number of args for Meta: got 0"},
      {"{{ .Meta.x }}", "refused: col 4: wrong number of args for Meta: got 0"},
      {"{{ foo }}", "refused: col 4: function \"foo\" not defined"},
      {"{{ nil }}", "refused: col 4: nil is not a command"},
      {"{{ .Name ", "refused: col 10: unclosed action"},
      {"{{", "refused: col 3: unclosed action"},
      {"{{ }}", "refused: col 4: missing value"},
      {"{{ if .Name }}", "refused: col 15: unexpected EOF, expecting {{end}}"},
      {"{{ range .Match }}", "refused: col 19: unexpected EOF, expecting {{end}}"},
      {"{{ end }}", "refused: col 10: unexpected {{else}} or {{end}}"},
      {"{{ break }}", "refused: col 4: {{break}} outside {{range}}"},
      {"{{ range .Match }}{{ else if true }}{{ end }}", "refused: col 29: unexpected {{else}} with another keyword"},
      {"{{ len }}", "refused: col 4: wrong number of args for len: got 0"},
      {"{{ printf \"a }}", "refused: col 11: unterminated quoted string"},
      {"{{ printf \"\\q\" }}", "refused: col 13: invalid escape in a text"},
      {"{{ 08 }}", "refused: col 4: bad number syntax: \"08\""},
      {"{{ 1.2.3 }}", "refused: col 4: bad number syntax: \"1.2.3\""},
      {"{{ '\xff\x81\x81\x81\x81\x81\x81' }}", "refused: col 4: malformed character constant"},
      {"{{ 'ab' }}", "refused: col 4: malformed character constant"},
      {"{{ (len .Name }}", "refused: col 15: unclosed left paren"},
      {"{{ .Name .Zone }}", "refused: col 10: Name is not a method but has arguments"},
      {"{{ 1 2 }}", "refused: col 6: unexpected \"2\" in action"},
      {"{{/* open", "refused: col 3: unclosed comment"},
  });
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "{{ if true }}";
  CHECK(render(deep).find("nested too deep") != std::string::npos);
  std::string chained = "{{ if false }}";
  for (int i = 0; i < 100; ++i) chained += "{{ else if false }}";
  CHECK(render(chained + "{{ end }}").find("nested too deep") != std::string::npos);
  CHECK(render("{{ " + std::string(200, '(')).find("nested too deep") != std::string::npos);
  std::string pipes = "{{ 1";
  for (int i = 0; i < 100; ++i) pipes += " | not";
  CHECK(render(pipes + " }}").find("too many commands") != std::string::npos);
  std::string variables;
  for (int i = 0; i < 200; ++i) variables += "{{ $v" + std::to_string(i) + " := 1 }}";
  CHECK(render(variables).find("too many variables") != std::string::npos);
  CHECK(render(std::string(70000, 'a')) == "refused: col 1: a template of more than 64 KiB");
}

}  // namespace
}  // namespace portolan::templates
