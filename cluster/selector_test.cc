// Selectors: the syntax and messages of Kubernetes, and what they match.
#include "cluster/selector.h"

#include <doctest/doctest.h>

namespace portolan::cluster {

TEST_CASE("selector: requirements match as the Kubernetes documentation says") {
  const Labels web{{"app", "web"}, {"tier", "front"}, {"in", "notin"}, {"empty", ""}, {"example.com/part", "a.b"}};
  struct Case {
    const char* text;
    bool matches;
  };
  for (const Case& each : {
           Case{"", true},
           Case{"app=web", true},
           Case{"app == web", true},
           Case{"app=db", false},
           Case{"missing=web", false},
           Case{"app", true},
           Case{"missing", false},
           Case{"!missing", true},
           Case{"!app", false},
           Case{"! app", false},
           Case{"tier in (front, data)", true},
           Case{"tier in (back,data)", false},
           Case{"missing in (a)", false},
           Case{"tier notin (front)", false},
           Case{"tier notin (back)", true},
           Case{"missing notin (a)", true},
           Case{"app=web,tier in (front),!missing", true},
           Case{"app=web,tier=back", false},
           Case{"in in (notin)", true},
           Case{"empty=", true},
           Case{"app=", false},
           Case{"empty in ()", true},
           Case{"app in ()", false},
           Case{"empty in (,x)", true},
           Case{"empty in (x,)", true},
           Case{"example.com/part=a.b", true},
       }) {
    CAPTURE(each.text);
    const auto selector = parse_selector(each.text);
    REQUIRE(selector.has_value());
    CHECK(selector->matches(web) == each.matches);
    const auto again = parse_selector(selector->text());  // what an API server is sent means the same
    REQUIRE(again.has_value());
    CHECK(again->matches(web) == each.matches);
  }
}

TEST_CASE("selector: what CoreDNS refuses is refused with its message") {
  struct Case {
    const char* text;
    const char* message;
  };
  for (const Case& each : {
           Case{"a in",
                "couldn't parse the selector string \"a in\": unable to parse requirement: found '' expected: '('"},
           Case{"a b",
                "couldn't parse the selector string \"a b\": unable to parse requirement: found 'b', expected: in, "
                "notin, =, "
                "==, !=, gt, lt"},
           Case{"=b",
                "couldn't parse the selector string \"=b\": found '=', expected: !, identifier, or 'end of string'"},
           Case{"a in (b",
                "couldn't parse the selector string \"a in (b\": unable to parse requirement: found '', expected: ',' "
                "or ')'"},
           Case{
               "!",
               "couldn't parse the selector string \"!\": unable to parse requirement: found '', expected: identifier"},
           Case{"a==b==c",
                "couldn't parse the selector string \"a==b==c\": found '==', expected: ',' or 'end of string'"},
           Case{",",
                "couldn't parse the selector string \",\": found ',', expected: !, identifier, or 'end of string'"},
           Case{"(",
                "couldn't parse the selector string \"(\": found '(', expected: !, identifier, or 'end of string'"},
           Case{"a!=b", "\"!=\" is not a valid label selector operator"},
       }) {
    CAPTURE(each.text);
    const auto selector = parse_selector(each.text);
    REQUIRE(selector.has_error());
    CHECK(selector.error().message == each.message);
  }
}

TEST_CASE("selector: keys and values that no label can have are refused") {
  for (const char* text :
       {"-a=b", "a=-b", "a_/b=c", "UPPER.example/b", "/a", "a/b/c",
        "a=0123456789012345678901234567890123456789012345678901234567890123", "a,", "a>1", "a in (b c)"}) {
    CAPTURE(text);
    CHECK(parse_selector(text).has_error());
  }
}

}  // namespace portolan::cluster
