// Names as keys and back.
#include "plugins/etcd/key_path.h"

#include <doctest/doctest.h>

namespace portolan::etcd {
namespace {

TEST_CASE("key path: a name is turned round below the prefix, up to its first wildcard") {
  struct Case {
    const char *prefix, *name, *whole, *fixed;
  };
  const Case cases[] = {
      {"/skydns", "www.example.org.", "/skydns/org/example/www", "/skydns/org/example/www"},
      {"/skydns", ".", "/skydns", "/skydns"},
      {"", "org.", "/org", "/org"},
      {"", ".", "/", "/"},
      {"/a/b", "org.", "/a/b/org", "/a/b/org"},
      {"/skydns", "a.*.example.org.", "/skydns/org/example/*/a", "/skydns/org/example"},
      {"/skydns", "any.example.org.", "/skydns/org/example/any", "/skydns/org/example"},
      {"/skydns", "*.any.org.", "/skydns/org/any/*", "/skydns/org"},
      {"/skydns", "many.org.", "/skydns/org/many", "/skydns/org/many"},
      {"/skydns", "a\\.b.org.", "/skydns/org/a\\.b", "/skydns/org/a\\.b"},
      {"/skydns", "a\\001b.org.", "/skydns/org/a\\001b", "/skydns/org/a\\001b"},
      {"/skydns", "a/b.org.", "/skydns/org/a/b", "/skydns/org/a/b"},
      {"/skydns", "/x//.org.", "/skydns/org/x", "/skydns/org/x"},
      {"/skydns", "\\.\\./x.org.", "/skydns/org/\\.\\./x", "/skydns/org/\\.\\./x"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.name);
    Arena arena;
    const auto name = dns::Name::parse(each.name);
    REQUIRE(name.has_value());
    const KeyPath path = key_path(each.prefix, *name, arena);
    CHECK(path.whole == each.whole);
    CHECK(path.fixed == each.fixed);
    CHECK(path.has_wildcard == (path.whole != path.fixed));
  }
}

TEST_CASE("key path: a prefix is made absolute and plain") {
  for (const auto& [path, cleaned] : {std::pair{"skydns", "/skydns"},
                                      {"/skydns/", "/skydns"},
                                      {"//a//b/", "/a/b"},
                                      {"/", ""},
                                      {"", ""},
                                      {"a/../b/./c", "/b/c"},
                                      {"../x", "/x"}}) {
    CAPTURE(path);
    CHECK(clean_prefix(path) == cleaned);
  }
}

TEST_CASE("key path: wildcards match one part each, and a key may go on") {
  struct Case {
    const char *name, *key;
    bool matched;
  };
  const Case cases[] = {
      {"*.svc.org.", "/skydns/org/svc/1", true}, {"*.svc.org.", "/skydns/org/svc/1/2", true},
      {"*.svc.org.", "/skydns/org/svc", false},  {"a.*.org.", "/skydns/org/x/a", true},
      {"a.*.org.", "/skydns/org/x/b", false},    {"a.*.org.", "/skydns/org/x/a/b", true},
      {"any.any.org.", "/skydns/org/x", false},  {"any.any.org.", "/skydns/org/x/y", true},
      {"*.org.", "/skydns/org/", true},          {"a.*.org.", "/skydns/org/x/ab", false},
  };
  for (const Case& each : cases) {
    CAPTURE(each.name);
    CAPTURE(each.key);
    Arena arena;
    CHECK(matches(key_path("/skydns", *dns::Name::parse(each.name), arena), each.key) == each.matched);
  }
}

TEST_CASE("key path: a key gives the name of what lies below its first part") {
  for (const auto& [key, name] : {std::pair{"/skydns/org/example/www", "www.example.org."},
                                  {"/skydns/org/", "org."},
                                  {"/skydns", "."},
                                  {"/a/b/org", "org.b."}}) {
    CAPTURE(key);
    const auto found = name_of_key(key);
    REQUIRE(found.has_value());
    CHECK(found->text() == name);
  }
  CHECK(name_of_key("/skydns/org//x").has_error());
  CHECK(name_of_key("/skydns/" + std::string(64, 'a')).has_error());
}

}  // namespace
}  // namespace portolan::etcd
