// Unknown directives and lints.
#include "corefile/check.h"

#include <doctest/doctest.h>

#include "corefile/parser.h"

using namespace portolan;
using namespace portolan::corefile;

namespace {

constexpr KnownDirective kKnown[] = {{"errors"}, {"log"}, {"whoami"}, {"route53", false}, {"forward"}};

std::string shown(const std::vector<Error>& errors) {
  std::string out;
  for (const Error& error : errors) out += (out.empty() ? "" : "\n") + error.message;
  return out;
}

File file(std::string_view text) {
  auto parsed = parse(text, {});
  REQUIRE(parsed.has_value());
  return std::move(*parsed);
}

}  // namespace

TEST_CASE("check: unknown directives and those that are not built are reported all at once") {
  CHECK(check_directives(file(". {\n log\n whoami\n}\n"), kKnown).empty());
  CHECK(shown(check_directives(file(". {\n nosuchplugin\n WHOAMI\n route53 x\n}\na {\n foward . /etc/resolv.conf\n}\n"),
                               kKnown)) ==
        "Corefile:2 - Error during parsing: Unknown directive 'nosuchplugin'\n"
        "Corefile:3 - Error during parsing: Unknown directive 'WHOAMI'; did you mean 'whoami'?\n"
        "Corefile:4 - Error during parsing: directive \"route53\" is known to CoreDNS but not built into portolan\n"
        "Corefile:7 - Error during parsing: Unknown directive 'foward'; did you mean 'forward'?");
  CHECK(shown(check_directives(file(". {\n {$PORTOLAN_TEST_NOT_SET}\n}\n"), kKnown)) ==
        "Corefile:2 - Error during parsing: Unknown directive ''");
}

TEST_CASE("lint: keys that stand twice, blocks out of reach and odd keys are found") {
  struct Case {
    std::string_view text, warnings;
  };
  const Case cases[] = {
      {"a:53 {\n}\nb:53 {\n}\na:54 {\n}\ntls://a:53 {\n}\n", ""},
      {"a:53 A.:53 {\n}\n", "Corefile:1 - dns://a.:53 stands twice in the keys of one server block"},
      {"10.0.0.0/24 0.0.10.in-addr.arpa {\n}\n",
       "Corefile:1 - dns://0.0.10.in-addr.arpa. stands twice in the keys of one server block"},
      {"a {\n}\na {\n}\n", "Corefile:3 - dns://a. is already defined at Corefile:1"},
      {"tls://a {\n}\ntls://a:853 {\n}\n", "Corefile:3 - tls://a.:853 is already defined at Corefile:1"},
      {"a {\n bind 127.0.0.1\n}\na {\n bind 127.0.0.2\n}\n", ""},
      {"a {\n bind 127.0.0.1\n}\na {\n}\n", "Corefile:4 - dns://a. is already defined at Corefile:1"},
      {"a {\n view v\n}\na {\n}\n", ""},
      {"a {\n}\na {\n view v\n}\n",
       "Corefile:3 - dns://a. is never reached here: the block at Corefile:1 has no view and takes all its queries"},
      {"foo://a:53 {\n}\n", "Corefile:1 - 'foo' is no scheme; it counts as a part of the zone 'foo://a.'"},
      {"a:abc {\n}\n", "Corefile:1 - 'abc' is no port; it counts as a part of the zone 'a:abc.'"},
      {"dns://a {\n}\n2001:db8::/32 {\n}\n", ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK(shown(lint(file(c.text))) == c.warnings);
  }
}
