// Which domains a resolv.conf names.
#include "plugins/common/search_domains.h"

#include <doctest/doctest.h>

using portolan::parse_search_domains;
using portolan::read_search_domains;

namespace {

std::string domains(std::string_view text) {
  const auto found = parse_search_domains(text);
  if (!found) return "error: " + found.error().message;
  std::string out;
  for (const auto& name : *found) out.append(out.empty() ? "" : " ").append(name.text());
  return out;
}

}  // namespace

TEST_CASE("search domains are those of the last search or domain line") {
  struct Case {
    std::string_view text, expected;
  };
  for (const Case& each : {
           Case{"", ""},
           Case{"nameserver 192.0.2.1\noptions ndots:5\n", ""},
           Case{"# c\nsearch Alder.test birch.test.\nnameserver 127.0.0.1\n", "alder.test. birch.test."},
           Case{"search a.test b.test\nsearch c.test", "c.test."},
           Case{"search a.test b.test\ndomain c.test d.test\n", "c.test."},
           Case{"domain c.test\nsearch a.test\n", "a.test."},
           Case{"search a.test\nsearch\n", ""},
           Case{"#search a.test\n;search b.test\n searching c.test\n", ""},
           Case{"\tsearch  a.test\r\n", "a.test."},
           Case{"search .\n", "."},
           Case{"search a..b\n", "error: \"a..b\" is no search domain: "},
       }) {
    CAPTURE(each.text);
    CHECK(domains(each.text).substr(0, each.expected.starts_with("error") ? each.expected.size() : 99) ==
          each.expected);
  }
}

TEST_CASE("a resolv.conf that cannot be read is an error with its path") {
  CHECK(read_search_domains("/nonexistent/resolv.conf").error().message ==
        "open /nonexistent/resolv.conf: no such file or directory");
  CHECK(read_search_domains("/").error().message == "open /: not a regular file");
}
