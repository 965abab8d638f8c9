// Which services a name has.
#include "plugins/etcd/lookup.h"

#include <doctest/doctest.h>

namespace portolan::etcd {
namespace {

using Texts = std::vector<std::string>;

// Keys with values; a value that begins with '{' as it is, else a host.
void fill(Store& store, const std::vector<std::pair<std::string, std::string>>& entries) {
  std::vector<ServicePtr> services;
  for (const auto& [key, value] : entries) {
    services.push_back(read_service("/s" + key, value.starts_with('{') ? value : "{\"host\":\"" + value + "\"}"));
  }
  store.replace_all(std::move(services));
}

Texts hosts(const Store& store, const char* name, Wanted wanted = {}) {
  Arena arena;
  const rcu::ReadGuard guard;
  Selection selection(arena);
  switch (select(store, "/s", *dns::Name::parse(name), wanted, arena, selection)) {
    case Found::no_name:
      return {"no name"};
    case Found::broken:
      return {"broken"};
    case Found::unread:
      return {"unread"};
    case Found::services:
      break;
  }
  Texts found;
  for (const Service* service : selection.services) found.push_back(service->host + service->text);
  return found;
}

TEST_CASE("lookup: a name has what lies below it, or else what its own key says") {
  Store store;
  CHECK(hosts(store, "a.org") == Texts{"unread"});
  fill(store, {{"/org/a", "own"},
               {"/org/a/1", "one"},
               {"/org/a/2/x", "two"},
               {"/org/b", "b"},
               {"/org/bb", "bb"},
               {"/org/c/", "slash"},
               {"/org/t", "{\"text\":\"t\"}"},
               {"/org/e", "{}"}});
  CHECK(hosts(store, "a.org") == Texts{"one", "two"});
  CHECK(hosts(store, "2.a.org") == Texts{"two"});
  CHECK(hosts(store, "b.org") == Texts{"b"});
  CHECK(hosts(store, "c.org") == Texts{"slash"});
  CHECK(hosts(store, "d.org") == Texts{"no name"});
  CHECK(hosts(store, "t.org") == Texts{});
  CHECK(hosts(store, "t.org", {.texts = true}) == Texts{"t"});
  CHECK(hosts(store, "e.org") == Texts{});
  CHECK(hosts(store, "a.org", {.exact = true}) == Texts{"own"});
  CHECK(hosts(store, "1.a.org", {.exact = true}) == Texts{"one"});
  CHECK(hosts(store, "2.a.org", {.exact = true}) == Texts{"no name"});
  CHECK(hosts(store, "org") == Texts{"own", "one", "two", "b", "bb", "slash"});
}

TEST_CASE("lookup: wildcards leave out what does not match, and a broken value there does no harm") {
  Store store;
  fill(store, {{"/org/x/web", "x"},
               {"/org/y/web", "y"},
               {"/org/y/web/1", "y1"},
               {"/org/z/db", "z"},
               {"/org/z/bad", "{\"host\":1}"}});
  CHECK(hosts(store, "web.*.org") == Texts{"x", "y", "y1"});
  CHECK(hosts(store, "web.any.org") == Texts{"x", "y", "y1"});
  CHECK(hosts(store, "*.x.org") == Texts{"x"});
  CHECK(hosts(store, "none.*.org") == Texts{});
  CHECK(hosts(store, "*.none.org") == Texts{"no name"});
  CHECK(hosts(store, "bad.*.org") == Texts{"broken"});
  CHECK(hosts(store, "*.org") == Texts{"broken"});
  CHECK(hosts(store, "org") == Texts{"broken"});
  CHECK(hosts(store, "db.z.org") == Texts{"z"});
}

TEST_CASE("lookup: services of other groups than that of the shortest keys are left out") {
  const auto grouped = [](const char* host, const char* group) {
    return std::string("{\"host\":\"") + host + "\",\"group\":\"" + group + "\"}";
  };
  Store store;
  fill(store, {{"/org/a/1", grouped("1", "g1")},
               {"/org/a/2/x", grouped("2", "g2")},
               {"/org/a/3/x", grouped("3", "g1")},
               {"/org/a/4", "4"},
               {"/org/b/1", grouped("1", "g1")},
               {"/org/b/2", grouped("2", "g2")},
               {"/org/c/1/x", grouped("1", "g1")},
               {"/org/c/2", grouped("2", "g2")},
               {"/org/c/3/x", grouped("3", "g2")},
               {"/org/d/1", "1"},
               {"/org/d/2", grouped("2", "g2")},
               {"/org/e/1/x", grouped("1", "g1")},
               {"/org/e/2", "2"},
               {"/org/e/3/x", grouped("3", "g2")}});
  CHECK(hosts(store, "a.org") == Texts{"1", "3", "4"});
  CHECK(hosts(store, "b.org") == Texts{"1", "2"});  // no agreement
  CHECK(hosts(store, "c.org") == Texts{"2", "3"});  // the shorter key decides
  CHECK(hosts(store, "d.org") == Texts{"1", "2"});  // the first key has no group
  CHECK(hosts(store, "e.org") == Texts{"1", "2"});  // a shorter key without one ends the search
}

}  // namespace
}  // namespace portolan::etcd
