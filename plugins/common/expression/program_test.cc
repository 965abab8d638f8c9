// The expression language: what expressions are worth, what is refused at start, what fails for a query, what is
// bounded.
#include "plugins/common/expression/program.h"

#include <doctest/doctest.h>

#include "dns/name.h"
#include "server/configuration.h"
#include "server/metadata.h"

namespace portolan::expression {
namespace {

// A question for Web.Alder.test. AAAA over UDP from 192.0.2.7, port 4096, to 192.0.2.53.
struct Sample {
  Sample() {
    query.question.name = *dns::parse_name("Web.Alder.test.", query.arena());
    query.question.lower = dns::lower(query.question.name, query.arena());
    query.question.type = dns::RRType::aaaa;
    query.question.cls = dns::RRClass::in;
    query.asked = query.question;
    query.header.id = 4711;
    query.client = {*IpAddress::parse("192.0.2.7"), 4096};
    query.local = {*IpAddress::parse("192.0.2.53"), 1053};
    query.edns.emplace();
    query.edns->udp_size = 1232;
    query.edns->dnssec_ok = true;
    query.metadata = query.arena().make<server::Metadata>(query.arena());
    query.metadata->set("test/label", "amber");
    listener.host = "192.0.2.53";
    query.listener_ = &listener;
    groups = {matches, names};
  }
  server::ListenerPlan listener;
  server::Query query;
  std::string_view matches[3] = {"web.", "web", ""};
  std::string names[3] = {"", "host", ""};
  Groups groups;
};

std::string text_of(const Evaluated& result, Arena& arena) {
  if (!result.error.empty()) return "failed: " + std::string(result.error);
  TextBuffer out(arena);
  append_text(out, result.value);
  return std::string(out.text());
}

const Variable kVariables[] = {{"ip", {TypeKind::text, {}}}, {"n", {TypeKind::integer, {}}}, {"any_of", {}}};

std::string evaluate(std::string_view source, Sample& sample) {
  const auto program = Program::compile(source, {kVariables, true});
  if (program.has_error()) return "refused: " + program.error().message;
  const Value values[] = {Value::of("10.1.2.3"), Value::of(int64_t{3}), Value()};
  return text_of(program->evaluate(sample.query, values, &sample.groups), sample.query.arena());
}
std::string evaluate(std::string_view source) {
  Sample sample;
  return evaluate(source, sample);
}

struct Case {
  const char *source, *expected;
};
template <size_t N>
void check_all(const Case (&cases)[N]) {
  for (const Case& each : cases) {
    CAPTURE(each.source);
    CHECK(evaluate(each.source) == each.expected);
  }
}

TEST_CASE("expression: literals and operators are worth what the language's definition says") {
  check_all({
      {"'a' + \"b\" + `c`", "abc"},
      {R"('\x41\u00e9\'\n' == "A\u{e9}'\n")", "true"},
      {"`a``b`", "a`b"},
      {"0x1f + 0b11 + 0o17 + 1_000", "1049"},
      {"1.5e1 + .5", "15.5"},
      {"7 / 2", "3.5"},
      {"8 / 2", "4"},
      {"7 % 4", "3"},
      {"2 ** 3 ** 2", "512"},
      {"-2 ^ 2", "-4"},
      {"1 + 2 * 3 - 4", "3"},
      {"(1 + 2) * 3", "9"},
      {"1e21", "1e+21"},
      {"1 == 1.0", "true"},
      {"'1' == nil", "false"},
      {"nil == nil", "true"},
      {"[1, 2] == [1, 2.0]", "true"},
      {"{a: 1} == {'a': 1}", "true"},
      {"{a: 1, b: 2, a: 3}", "map[a:1 b:2]"},
      {"1 < 2 and 2 <= 2 && 3 > 2 or false || false", "true"},
      {"1 < 2 < 3", "true"},
      {"1 < 3 < 2", "false"},
      {"'a' < 'b'", "true"},
      {"not (1 > 2)", "true"},
      {"!true", "false"},
      {"not true == false", "true"},
      {"2 in [1, 2]", "true"},
      {"2 not in [1, 2]", "false"},
      {"not (2 in [1, 2])", "false"},
      {"'a' in {a: 1}", "true"},
      {"3 in 1..5", "true"},
      {"1..3", "[1 2 3]"},
      {"3..1", "[]"},
      {"'alder.test.' contains 'der'", "true"},
      {"'alder.test.' not contains 'der'", "false"},
      {"'alder.test.' startsWith 'ald'", "true"},
      {"'alder.test.' endsWith 'test'", "false"},
      {"'abc' matches '^a.c$'", "true"},
      {"'abc' matches 'b' + 'c'", "true"},
      {"'abc' not matches 'x'", "true"},
      {"true ? 1 : 2", "1"},
      {"false ? 1 : false ? 2 : 3", "3"},
      {"'' == '' ? : false", "true"},
      {"if 1 > 2 { 'a' } else if 2 > 1 { 'b' } else { 'c' }", "b"},
      {"nil ?? 'd'", "d"},
      {"'c' ?? 'd'", "c"},
      {"[1, 2, 3][1]", "2"},
      {"[1, 2, 3][-1]", "3"},
      {"[1, 2, 3, 4][1:3]", "[2 3]"},
      {"[1, 2, 3][:-1]", "[1 2]"},
      {"'hello'[1:3]", "el"},
      {"'hello'[3:]", "lo"},
      {"'hello'[:]", "hello"},
      {"{a: {b: 1}}.a.b", "1"},
      {"{a: 1}['a']", "1"},
      {"{a: 1}.b", "<nil>"},
      {"{a: 1}.b?.c.d", "<nil>"},
      {"({a: 1}.b?.c) ?? 5", "5"},
      {"let x = 2; let y = x * 3; x + y", "8"},
      {"1; 2; 3", "3"},
      {"1 + 1 // two", "2"},
      {"1 + /* one */ 1", "2"},
      {"'a,b' | split(',') | len()", "2"},
      {"9223372036854775807 + 1", "-9223372036854775808"},
  });
}

TEST_CASE("expression: the language's functions") {
  check_all({
      {"len('h\u00e9llo') + len([1, 2]) + len({a: 1})", "8"},
      {"upper('aB') + lower('aB')", "ABab"},
      {"trim('  a ') + trim('xxaxx', 'x')", "aa"},
      {"trimPrefix('abc', 'ab') + trimSuffix('abc', 'c')", "cab"},
      {"split('a.b.c', '.')", "[a b c]"},
      {"split('a.b.c', '.', 2)", "[a b.c]"},
      {"split('abc', '')", "[a b c]"},
      {"splitAfter('a.b', '.')", "[a. b]"},
      {"replace('a-b-c', '-', '.')", "a.b.c"},
      {"replace('a-b-c', '-', '.', 1)", "a.b-c"},
      {"repeat('ab', 3)", "ababab"},
      {"join(['a', 'b'], '-') + join(['c', 'd'])", "a-bcd"},
      {"indexOf('abcb', 'b') + lastIndexOf('abcb', 'b') + indexOf('a', 'x')", "3"},
      {"hasPrefix('abc', 'ab') and hasSuffix('abc', 'bc')", "true"},
      {"int('42') + int(2.9) + int('-4')", "40"},
      {"float('1.5')", "1.5"},
      {"string(1) + string(true) + string([1]) + string(nil)", "1true[1]<nil>"},
      {"abs(-3) + ceil(1.2) + floor(1.8) + round(1.5)", "8"},
      {"max(1, [5, 2], 3) - min(4, 2)", "3"},
      {"mean([1, 2, 3]) + median([5, 1, 3])", "5"},
      {"toBase64('hello') + fromBase64('aGVsbG8=')", "aGVsbG8=hello"},
      {"first([1, 2]) + last([1, 2])", "3"},
      {"first([])", "<nil>"},
      {"get([1], 5)", "<nil>"},
      {"get({a: 7}, 'a')", "7"},
      {"take([1, 2, 3], 2)", "[1 2]"},
      {"keys({a: 1}) == ['a'] and values({a: 1}) == [1]", "true"},
      {"toPairs({a: 1})", "[[a 1]]"},
      {"fromPairs([['a', 1], ['a', 2]])", "map[a:2]"},
      {"reverse([1, 2, 3])", "[3 2 1]"},
      {"uniq([1, 2, 1])", "[1 2]"},
      {"concat([1], [2, 3])", "[1 2 3]"},
      {"flatten([1, [2, [3]]])", "[1 2 3]"},
      {"sort(['b', 'c', 'a'])", "[a b c]"},
      {"sort([3, 1, 2], 'desc')", "[3 2 1]"},
      {"bitand(12, 10) + bitor(1, 2) + bitxor(3, 1) + bitnand(7, 2)", "18"},
      {"bitshl(1, 4) + bitshr(-8, 1) + bitushr(8, 2) + bitnot(0)", "13"},
  });
}

// min and max compare as expr does; median puts NaN first, as Go's sort.Float64s, and so do sort and sortBy, whose
// order expr leaves to chance.
TEST_CASE("expression: NaN has a place in every order") {
  check_all({
      {"sort([2, 0/0, 1])", "[NaN 1 2]"},
      {"sort([2, 0/0, 1], 'desc')", "[2 1 NaN]"},
      {"sortBy([3, 1, 2], # == 2 ? 0/0 : #)", "[2 1 3]"},
      {"sortBy([3, 1, 2], # == 2 ? 0/0 : #, 'desc')", "[3 1 2]"},
      // Every seventh of a hundred, too many for a simple sort.
      {"take(sort(map(1..100, # % 7 == 0 ? 0/0 : 100 - #)), 16)",
       "[NaN NaN NaN NaN NaN NaN NaN NaN NaN NaN NaN NaN NaN NaN 0 1]"},
      {"last(sort(map(1..100, # % 7 == 0 ? 0/0 : 100 - #)))", "99"},
      {"median(map(1..100, # % 7 == 0 ? 0/0 : 100 - #))", "41.5"},
      {"median([3, 0/0, 1])", "1"},
      {"[max(0/0, 1), max(1, 0/0, 2), min(0/0, 1), min(2, 0/0, 1)]", "[NaN 2 NaN 1]"},
  });
}

TEST_CASE("expression: predicates") {
  check_all({
      {"all([1, 2], # > 0)", "true"},
      {"all([], # > 0)", "true"},
      {"any([1, 2], {# > 1})", "true"},
      {"none([1, 2], # > 2)", "true"},
      {"one([1, 2], # > 1)", "true"},
      {"filter(1..5, # % 2 == 1)", "[1 3 5]"},
      {"map(['a', 'b'], upper(#))", "[A B]"},
      {"map(['a', 'b'], #index)", "[0 1]"},
      {"map([{a: 1}, {a: 2}], .a)", "[1 2]"},
      {"count([1, 2, 3], # > 1) + count([true, false])", "3"},
      {"sum([1, 2, 3]) + sum([1, 2], # * 2)", "12"},
      {"find([1, 2, 3], # > 1) + findLast([1, 2, 3], # > 1)", "5"},
      {"findIndex([1, 2, 3], # > 1)", "1"},
      {"findLastIndex([1, 2, 3], # > 1)", "2"},
      {"find([1], # > 1)", "<nil>"},
      {"reduce(1..4, #acc + #)", "10"},
      {"reduce(1..4, #acc + #, 10)", "20"},
      {"groupBy(['ab', 'c', 'ad'], #[0:1])", "map[a:[ab ad] c:[c]]"},
      {"sortBy(['ccc', 'a', 'bb'], len(#))", "[a bb ccc]"},
      {"sortBy(['ccc', 'a', 'bb'], len(#), 'desc')", "[ccc bb a]"},
      {"any([1, 2], any([2, 3], # == 3) and # == 2)", "true"},
      {"[3, 1, 2] | filter(# > 1) | map(# * 10) | sum()", "50"},
  });
}

TEST_CASE("expression: functions of the query") {
  check_all({
      {"name() + ' ' + type() + ' ' + class() + ' ' + proto()", "web.alder.test. AAAA IN udp"},
      {"client_ip() + ' ' + port() + ' ' + server_ip() + ' ' + server_port()", "192.0.2.7 4096 192.0.2.53 1053"},
      {"[id(), opcode(), bufsize()]", "[4711 0 1232]"},
      {"do()", "true"},
      {"size()", "43"},  // 12 of the header, 16 + 4 of the question, 11 of the OPT
      {"metadata('test/label') + metadata('test/none')", "amber"},
      {"incidr(client_ip(), '192.0.2.0/24')", "true"},
      {"incidr(client_ip(), '2001:db8::/32')", "false"},
      {"incidr('2001:db8::1', '2001:db8::/32')", "true"},
      {"any(['10.0.0.0/8', '192.168.0.0/16'], incidr(ip, #))", "true"},
      {"type() in ['A', 'AAAA']", "true"},
      {"(type() == 'A' && name() == 'example.com.') || client_ip() == '192.0.2.7'", "true"},
      {R"(name() matches '^web\\..*\\.test\\.$')", "true"},
      {"group(1) + group('host') + group('0') + group('none') + group(9)", "webwebweb."},
      {"n * 2", "6"},
      {"any_of ?? 'unset'", "unset"},
  });
  Sample sample;
  sample.query.client = {*IpAddress::parse("2001:db8::7"), 53};
  sample.query.transport = server::Transport::tcp;
  CHECK(evaluate("client_ip() + ' ' + proto()", sample) == "2001:db8::7 tcp");
  CHECK(evaluate("bufsize()", sample) == "65535");
  sample.listener.host.clear();
  CHECK(evaluate("server_ip()", sample) == "192.0.2.53");
  sample.query.transport = server::Transport::udp;
  CHECK(evaluate("server_ip()", sample) == "::");
  sample.query.metadata = nullptr;
  CHECK(evaluate("metadata('test/label') == ''", sample) == "true");
}

TEST_CASE("expression: mistakes are refused at start with line and column") {
  check_all({
      {"", "refused: unexpected token EOF"},
      {"1 +", "refused: unexpected token EOF (1:3) in \"1 +\""},
      {"foo == 1", "refused: unknown name foo (1:1) in \"foo == 1\""},
      {"nope()", "refused: unknown name nope (1:1) in \"nope()\""},
      {"true and\n  foo", "refused: unknown name foo (2:3) in \"true and   foo\""},
      {"type", "refused: type is a function: write type() (1:1) in \"type\""},
      {"incidr(client_ip())", "refused: not enough arguments to call incidr (1:1) in \"incidr(client_ip())\""},
      {"type('A')", "refused: too many arguments to call type (1:1) in \"type('A')\""},
      {"upper(1)", "refused: cannot use int as argument (type string) to call upper (1:7) in \"upper(1)\""},
      {"upper(nil)", "refused: cannot use nil as argument (type string) to call upper (1:7) in \"upper(nil)\""},
      {"'a' == 1", "refused: invalid operation: == (mismatched types string and int) (1:5) in \"'a' == 1\""},
      {"1 and true", "refused: invalid operation: and (mismatched types int and bool) (1:3) in \"1 and true\""},
      {"not 1", "refused: invalid operation: not (mismatched type int) (1:1) in \"not 1\""},
      {"'a' in 'abc'", "refused: invalid operation: in (mismatched types string and string) (1:5) in \"'a' in 'abc'\""},
      {"1 in ['a']", "refused: cannot use int as type string in array (1:3) in \"1 in ['a']\""},
      {"1 ? 2 : 3", "refused: non-bool expression (type int) used as condition (1:1) in \"1 ? 2 : 3\""},
      {"'a'.b", "refused: type string has no field b (1:5) in \"'a'.b\""},
      {"[1]['a']", "refused: array elements can only be selected using an integer (got string) (1:5) in \"[1]['a']\""},
      {"1[0:1]", "refused: unexpected token \"[\" (1:2) in \"1[0:1]\""},
      {"any([1], 2)", "refused: predicate should return boolean (got int) (1:10) in \"any([1], 2)\""},
      {"any(1, true)", "refused: cannot use int as argument (type array) to call any (1:5) in \"any(1, true)\""},
      {"#", "refused: unexpected token \"#\" (1:1) in \"#\""},
      {"any([1], #acc)", "refused: unknown pointer #acc (1:10) in \"any([1], #acc)\""},
      {"let n = 1; n", "refused: cannot redeclare n (1:5) in \"let n = 1; n\""},
      {"let len = 1; len", "refused: cannot redeclare len (1:5) in \"let len = 1; len\""},
      {"1 ?? 2 + 3",
       "refused: operator (+) and coalesce expressions (?"
       "?) cannot be mixed: wrap either in parentheses (1:8) in "
       "\"1 ?"
       "? 2 + 3\""},
      {"'a' matches '('", "refused: error parsing regexp: missing closing ): `(` (1:5) in \"'a' matches '('\""},
      {"'abc", "refused: literal not terminated (1:5) in \"'abc\""},
      {"'\\q'", "refused: invalid char escape (1:4) in \"'\\q'\""},
      {"1a", "refused: bad number syntax: \"1a\" (1:2) in \"1a\""},
      {"1 @ 2", "refused: unrecognized character: \"@\" (1:3) in \"1 @ 2\""},
      {"(1", "refused: unexpected token EOF (1:2) in \"(1\""},
      {"1 'a\\n\\x00b'", "refused: unexpected token \"a  b\" (1:3) in \"1 'a\\n\\x00b'\""},
      {"1 2", "refused: unexpected token \"2\" (1:3) in \"1 2\""},
      {"99999999999999999999",
       "refused: invalid integer literal: \"99999999999999999999\" (1:1) in \"99999999999999999999\""},
      {"now()", "refused: \"now\" is not built into portolan (1:1) in \"now()\""},
      {"toJSON(1)", "refused: \"toJSON\" is not built into portolan (1:1) in \"toJSON(1)\""},
      {"b'a'", "refused: bytes are not built into portolan (1:1) in \"b'a'\""},
      {"$env", "refused: \"$env\" is not built into portolan (1:1) in \"$env\""},
      {"name().x()", "refused: methods are not built into portolan: \"x\" (1:8) in \"name().x()\""},
  });
  const auto without_groups = Program::compile("group(1)", {});
  REQUIRE(without_groups.has_error());
  CHECK(without_groups.error().message == "unknown name group (1:1) in \"group(1)\"");
}

TEST_CASE("expression: what fails for a query says why") {
  check_all({
      {"int(name())", "failed: invalid operation: int(web.alder.test.)"},
      {"incidr('x', '10.0.0.0/8')", "failed: first argument is not an IP address"},
      {"incidr(client_ip(), 'x')", "failed: invalid CIDR address: x"},
      {"1 % (n - 3)", "failed: integer divide by zero"},
      {"[1][n]", "failed: index out of range"},
      {"any_of.x", "failed: cannot fetch from nil"},
      {"upper(any_of)", "failed: cannot use nil to call upper"},
      {"any_of and true", "failed: invalid operation: not a bool but nil"},
      {"any_of + 1", "failed: invalid operation: nil + int"},
      {"reduce(filter([1], # > 1), #acc + #)", "failed: reduce of empty array with no initial value"},
      {"repeat('a', 0 - n)", "failed: invalid argument for repeat: a negative number"},
      {"any_of contains 'a'", "false"},
      {"1 in any_of", "false"},
      // An array in an array in an array...
      {"flatten(reduce(1..32, [#acc], [n]))", "[3]"},
      {"flatten(reduce(1..33, [#acc], [n]))", "failed: recursion depth exceeded"},
      {"max(reduce(1..31, [#acc], [n]))", "3"},
      {"max(reduce(1..32, [#acc], [n]))", "failed: recursion depth exceeded"},
  });
}

TEST_CASE("expression: size, depth and time are bounded") {
  const auto repeated = [](std::string_view what, size_t times) {
    std::string out;
    for (size_t i = 0; i < times; ++i) out += what;
    return out;
  };
  const auto refusal = [](const std::string& source) {
    const auto program = Program::compile(source, {kVariables, true});
    return program.has_error() ? program.error().message : std::string();
  };
  CHECK(refusal(repeated("(", 100) + "1").find("nested too deep") != std::string::npos);
  CHECK(refusal(repeated("!", 100) + "true").find("nested too deep") != std::string::npos);
  CHECK(refusal("n" + repeated(" + n", 1000)).find("nested too deep") != std::string::npos);
  CHECK(refusal("[1" + repeated(", 1", 20000) + "]").find("more than 10000 parts") != std::string::npos);
  CHECK(refusal(repeated("1 < (", 20) + "1" + repeated(") < 1", 20)).find("more than 10000 parts") !=
        std::string::npos);
  CHECK(refusal(repeated("any([1], ", 20) + "true" + repeated(")", 20)).find("nested too deep") != std::string::npos);
  CHECK(refusal(std::string(70000, ' ')).find("more than 64 KiB") != std::string::npos);
  CHECK(evaluate("name() == 'a'" + repeated(" or name() == 'b'", 1000)) == "false");
  CHECK(evaluate("len(1..(n * 100000))") == "failed: more than 256 KiB");
  CHECK(evaluate("repeat(name(), 100000)") == "failed: more than 256 KiB");
  CHECK(evaluate("sum(map(1..(n * 200), sum(map(1..(n * 200), # * 2))))").find("failed: more than") == 0);
  CHECK(evaluate("let x = repeat(name(), 1000); len(string(map(1..(n * 1000), x)))") == "failed: more than 256 KiB");
  CHECK(evaluate("all(1..(n * 1000), name() != string([#, #, #, #]))") == "failed: more than 256 KiB");
  CHECK(evaluate("all(1..(n * 1000), all(1..(n * 20), # > 0))").find("failed: more than") == 0);
  // Few values that stand in many places: 300 times 3,000, and two to the power of 20; maps the same way.
  const char* kTooLong = "failed: more than 100,000 steps";
  CHECK(evaluate("let a = 1..(n * 1000); let b = map(1..(n * 100), a); b == map(1..(n * 100), a)") == kTooLong);
  CHECK(evaluate("let a = 1..(n * 1000); let b = map(1..(n * 100), a); b in [b]") == kTooLong);
  CHECK(evaluate("let a = reduce(1..20, [#acc, #acc], n); a == a") == kTooLong);
  CHECK(evaluate("let a = reduce(1..20, ({x: #acc, y: #acc}), n); a != a") == kTooLong);
  CHECK(evaluate("let a = reduce(1..10, [#acc, #acc], n); a == a") == "true");
  CHECK(evaluate("name() matches repeat('a', n * 3334)") == "failed: regex pattern too long: 10002 > 10000");
  const auto lets = [](size_t count) {
    std::string out, sum;
    for (size_t i = 0; i < count; ++i) {
      out += "let x" + std::to_string(i) + " = n; ";
      sum += (i == 0 ? "x" : " + x") + std::to_string(i);
    }
    return out + sum;
  };
  CHECK(evaluate(lets(16)) == "48");
  CHECK(refusal(lets(65)).find("nested too deep") != std::string::npos);
}

TEST_CASE("expression: it is known which labels will be asked for") {
  const auto program =
      Program::compile("metadata('a/b') == '' or any(['x'], metadata('c/' + #) == metadata('d/e'))", {});
  REQUIRE(!program.has_error());
  CHECK(std::vector<std::string>(program->labels().begin(), program->labels().end()) ==
        std::vector<std::string>{"a/b", "d/e"});
}

TEST_CASE("expression: names that a variable may have") {
  for (const char* name : {"ip", "_x", "x1", "index"}) CHECK(is_free_name(name));
  for (const char* name : {"len", "name", "true", "nil", "in", "not", "let", "if", "1x", "", "a b", "a-b"}) {
    CAPTURE(name);
    CHECK(!is_free_name(name));
  }
}

}  // namespace
}  // namespace portolan::expression
