// The ordered store against std::map, and readers while it changes.
#include "plugins/etcd/store.h"

#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <thread>

#include "base/random.h"

namespace portolan::etcd {
namespace {

ServicePtr service(const std::string& key, uint32_t ttl) {
  auto made = std::make_shared<Service>();
  made->key = key;
  made->ttl = ttl;
  return made;
}

std::string key_of(uint64_t number) {
  std::string key = "/s";
  for (int i = 0; i < 4; ++i, number /= 11) key += "/" + std::to_string(number % 11);
  return key;
}

TEST_CASE("store: holds what a map holds, through thousands of changes") {
  Store store;
  std::map<std::string, uint32_t> model;
  CHECK(store.read() == nullptr);
  std::vector<ServicePtr> all;
  for (uint64_t i = 0; i < 3000; ++i) model[key_of(i * 7919)] = static_cast<uint32_t>(i);
  for (const auto& [key, ttl] : model)
    all.insert(all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2), service(key, ttl));
  store.replace_all(std::move(all));
  uint64_t random = 1;
  for (uint32_t i = 0; i < 400; ++i) {
    std::vector<Store::Change> changes;
    for (int j = 0; j < 20; ++j) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      const std::string key = key_of(random >> 33);
      const bool put = (random >> 32) % 3 != 0 && i < 300;
      changes.push_back({key, put ? service(key, i) : nullptr});
      if (put)
        model[key] = i;
      else
        model.erase(key);
    }
    store.apply(std::move(changes));
  }
  REQUIRE(store.size() == model.size());
  const rcu::ReadGuard guard;
  const Store::Root& root = *store.read();
  for (uint64_t i = 0; i < 11 * 11 * 11 * 11; ++i) {
    const std::string key = key_of(i);
    const auto expected = model.find(key);
    const Service* found = Store::find(root, key);
    REQUIRE((found != nullptr) == (expected != model.end()));
    if (found) REQUIRE(found->ttl == expected->second);
  }
  for (const std::string prefix : {"/", "/s", "/s/", "/s/1", "/s/1/", "/s/10/", "/s/3/7/", "/t", "/a", ""}) {
    CAPTURE(prefix);
    std::vector<std::string> expected, found;
    for (const auto& [key, ttl] : model) {
      if (key.starts_with(prefix)) expected.push_back(key);
    }
    Store::with_prefix(root, prefix, [&](const Service& each) {
      found.push_back(each.key);
      return true;
    });
    CHECK(found == expected);
  }
}

TEST_CASE("store: can become empty and full again") {
  Store store;
  store.replace_all({});
  store.apply({{"/a", nullptr}});
  store.apply({{"/a", service("/a", 1)}, {"/a", nullptr}, {"/b", service("/b", 2)}});
  CHECK(store.size() == 1);
  const rcu::ReadGuard guard;
  CHECK(Store::find(*store.read(), "/a") == nullptr);
  CHECK(Store::find(*store.read(), "/b")->ttl == 2);
}

TEST_CASE("store: a reader sees every change whole") {
  Store store;
  store.replace_all({service("/a", 0), service("/b", 0)});
  std::atomic<bool> done{false};
  std::atomic<int> torn{0};
  std::thread reader([&] {
    while (!done) {
      const rcu::ReadGuard guard;
      const Store::Root& root = *store.read();
      if (Store::find(root, "/a")->ttl != Store::find(root, "/b")->ttl) ++torn;
    }
  });
  for (uint32_t i = 1; i < 2000; ++i) store.apply({{"/a", service("/a", i)}, {"/b", service("/b", i)}});
  done = true;
  reader.join();
  CHECK(torn == 0);
  rcu::barrier();
}

}  // namespace
}  // namespace portolan::etcd
