// The JSON of etcd's gateway, and the gateway of a fake one.
#include "plugins/etcd/gateway.h"

#include <doctest/doctest.h>

#include "plugins/etcd/fake_etcd.h"

namespace portolan::etcd {
namespace {

cluster::ApiServer at(const std::string& url) {
  cluster::ApiServer server;
  server.url = url;
  return server;
}

TEST_CASE("gateway: a page of keys is read, numbers in strings or not") {
  // Replies of etcd 3.6's gateway; "L2E=" is /a.
  const auto page = read_page(
      R"({"header":{"cluster_id":"324952591200643719", "member_id":"3319814642761637952", "revision":"7"},)"
      R"("kvs":[{"key":"L2E=", "create_revision":"2", "mod_revision":"5", "version":"1", "value":"eA==", "lease":"9"},)"
      R"({"key":"L2I=","mod_revision":6}], "more":true, "count":"3"})");
  REQUIRE(page.has_value());
  CHECK(page->header.cluster == "324952591200643719");
  CHECK(page->header.revision == 7);
  CHECK(page->more);
  REQUIRE(page->values.size() == 2);
  CHECK(page->values[0].key == "/a");
  CHECK(page->values[0].value == "x");
  CHECK(page->values[0].lease == 9);
  CHECK(page->values[0].revision == 5);
  CHECK(page->values[1].value == "");
  CHECK(page->values[1].revision == 6);
}

TEST_CASE("gateway: messages of a watch are read") {
  const auto created = read_watch_message(
      R"({"result":{"header":{"cluster_id":"3","revision":"2","raft_term":"2"},"watch_id":"2","created":true}})");
  REQUIRE(created.has_value());
  CHECK(created->created);
  CHECK(created->watch == 2);
  CHECK(created->header.revision == 2);
  const auto events = read_watch_message(
      R"({"result":{"header":{"revision":"4"},"watch_id":"1","events":[)"
      R"({"kv":{"key":"L2E=","create_revision":"2","mod_revision":"3","version":"1","value":"eA=="}},)"
      R"({"type":"DELETE","kv":{"key":"L2I=","mod_revision":"4"}}]}})");
  REQUIRE(events.has_value());
  REQUIRE(events->events.size() == 2);
  CHECK(events->events[0].put);
  CHECK(events->events[0].value.value == "x");
  CHECK(!events->events[1].put);
  CHECK(events->events[1].value.key == "/b");
  CHECK(events->events[1].value.revision == 4);
  const auto compacted = read_watch_message(
      R"({"result":{"header":{"raft_term":"2"},"watch_id":"1","canceled":true,"compact_revision":"4"}})");
  REQUIRE(compacted.has_value());
  CHECK(compacted->canceled);
  CHECK(compacted->compacted == 4);
}

TEST_CASE("gateway: what is no reply of etcd's is refused with the reason") {
  CHECK(read_page("").has_error());
  CHECK(read_page("[]").has_error());
  CHECK(read_page(R"({"header":{"revision":"0"}})").has_error());
  CHECK(read_page(R"({"header":{"revision":"1"},"kvs":[{"key":"!"}]})").has_error());
  CHECK(read_page(R"({"header":{"revision":"1"},"kvs":[{"value":"eA=="}]})").has_error());
  CHECK(read_watch_message(R"({"result":{"events":[{}]}})").has_error());
  const auto error = read_watch_message(
      R"({"error":{"grpc_code":14,"http_code":503,"message":"etcdserver: no leader","http_status":"Unavailable"}})");
  REQUIRE(error.has_error());
  CHECK(error.error().message == "etcdserver: no leader");
}

TEST_CASE("gateway: keys come in pages") {
  FakeEtcd etcd;
  for (const char* key : {"/s/a", "/s/b", "/s/c", "/t"}) etcd.put(key, key);
  Gateway gateway(at(etcd.url()));
  Page page;
  REQUIRE(gateway.read({"/s", "/s0"}, 0, 2, page).ok());
  CHECK(page.values.size() == 2);
  CHECK(page.more);
  REQUIRE(gateway.read({std::string("/s/b\0", 5), "/s0"}, 0, 2, page).ok());
  REQUIRE(page.values.size() == 1);
  CHECK(page.values[0].value == "/s/c");
  CHECK(!page.more);
}

TEST_CASE("gateway: a token opens what is closed, until it is forgotten") {
  FakeEtcd etcd;
  etcd.put("/s/a", "x");
  Gateway gateway(at(etcd.url()));
  CHECK(gateway.authenticate("u", "p").fault == Fault::not_enabled);
  etcd.require("u", "p");
  Page page;
  CHECK(gateway.read({"/s/a", ""}, 0, 1, page).fault == Fault::unauthenticated);
  CHECK(gateway.authenticate("u", "q").fault == Fault::other);
  REQUIRE(gateway.authenticate("u", "p").ok());
  CHECK(gateway.read({"/s/a", ""}, 0, 1, page).ok());
  etcd.forget_tokens();
  CHECK(gateway.read({"/s/a", ""}, 0, 1, page).fault == Fault::unauthenticated);
  REQUIRE(gateway.authenticate("u", "p").ok());
  etcd.deny_below("/t");
  CHECK(gateway.read({"/s/a", ""}, 0, 1, page).fault == Fault::denied);
}

TEST_CASE("gateway: leases have time left or are gone") {
  FakeEtcd etcd;
  etcd.set_lease(5, 40, 60);
  Gateway gateway(at(etcd.url()));
  std::optional<int64_t> seconds;
  int64_t granted = 0;
  REQUIRE(gateway.time_to_live(5, seconds, granted).ok());
  CHECK(seconds == 40);
  CHECK(granted == 60);
  REQUIRE(gateway.time_to_live(6, seconds, granted).ok());
  CHECK(!seconds);
}

TEST_CASE("gateway: a server that is not there or is no etcd is told apart from one that refuses") {
  std::string gone;
  {
    FakeEtcd etcd;
    gone = etcd.url();
    Page page;
    Gateway elsewhere(at(gone + "/elsewhere"));
    const Answer answer = elsewhere.read({"/a", ""}, 0, 1, page);
    CHECK(answer.fault == Fault::unreachable);
    CHECK(answer.problem.find("etcd 3.4 or later") != std::string::npos);
    etcd.refuse(true);
    Gateway gateway(at(gone));
    CHECK(gateway.read({"/a", ""}, 0, 1, page).fault == Fault::other);
  }
  Page page;
  Gateway gateway(at(gone));
  const Answer answer = gateway.read({"/a", ""}, 0, 1, page);
  CHECK(answer.fault == Fault::unreachable);
  CHECK(answer.problem == "cannot connect");
}

}  // namespace
}  // namespace portolan::etcd
