// Which pod asks: by address, as pods come, change and go.
#include "plugins/kubernetes/client_pods.h"

#include <doctest/doctest.h>

#include "base/rcu.h"
#include "plugins/kubernetes/test_cluster.h"

using namespace portolan;
using namespace portolan::kubernetes;
using namespace portolan::kubernetes::testing;

namespace {

constexpr Shape kShape{.endpoint_slices = true, .pods = true, .pod_names = false, .clients = ClientData::all};

std::string asks(const Index& index, const char* address) {
  const rcu::ReadGuard reading;
  const ClientPod* pod = index.client(*IpAddress::parse(address));
  if (!pod) return "nobody";
  const Client client = pod->client();
  std::string text = std::string(client.space) + "/" + std::string(client.name);
  for (const char* key : {"app", "role", "example.com/part"}) {
    if (std::string_view value; client.label(key, value)) text.append(" ").append(key).append("=").append(value);
  }
  return text;
}

cluster::Pod labelled(cluster::Pod pod, cluster::Labels labels) {
  pod.meta.labels = std::move(labels);
  return pod;
}

}  // namespace

TEST_CASE("client pods: a pod is known by its address, with its labels") {
  Index index(kShape, system_clock());
  index.apply(
      labelled(pod_object("prod", "a", "10.0.0.1"), {{"app", "web"}, {"role", ""}, {"example.com/part", "x.y"}}));
  index.apply(pod_object("Media", "b", "2001:db8::1"));
  CHECK(asks(index, "10.0.0.1") == "prod/a app=web role= example.com/part=x.y");
  CHECK(asks(index, "2001:db8::1") == "media/b");
  CHECK(asks(index, "10.0.0.2") == "nobody");
}

TEST_CASE("client pods: changes are followed until the pod is gone") {
  Index index(kShape, system_clock());
  index.apply(labelled(pod_object("prod", "a", "10.0.0.1"), {{"app", "web"}}));
  index.apply(labelled(pod_object("prod", "a", "10.0.0.1"), {{"app", "shop"}, {"role", "r"}}));
  CHECK(asks(index, "10.0.0.1") == "prod/a app=shop role=r");
  index.apply(pod_object("prod", "a", "10.0.0.2"));
  CHECK(asks(index, "10.0.0.1") == "nobody");
  CHECK(asks(index, "10.0.0.2") == "prod/a");

  cluster::Pod ending = labelled(pod_object("prod", "a", "10.0.0.2"), {{"app", "late"}});
  ending.meta.terminating = true;
  index.apply(std::move(ending));  // goes on asking as it was
  CHECK(asks(index, "10.0.0.2") == "prod/a");
  index.apply(pod_object("prod", "a", "10.0.0.2", "Succeeded"));
  CHECK(asks(index, "10.0.0.2") == "nobody");

  index.apply(pod_object("prod", "b", "10.0.0.3"));
  index.remove(cluster::Kind::pod, "prod", "b");
  CHECK(asks(index, "10.0.0.3") == "nobody");
  index.apply(pod_object("prod", "c", "not an address"));
  index.apply(pod_object("prod", "c", "10.0.0.4"));
  CHECK(asks(index, "10.0.0.4") == "prod/c");
}

TEST_CASE("client pods: an address that several pods share is known as long as one of them has it") {
  Index index(kShape, system_clock());
  index.apply(pod_object("kube-system", "proxy", "192.0.2.1"));
  index.apply(pod_object("prod", "host", "192.0.2.1"));
  CHECK(asks(index, "192.0.2.1") != "nobody");
  index.remove(cluster::Kind::pod, "kube-system", "proxy");
  CHECK(asks(index, "192.0.2.1") == "prod/host");
  index.apply(pod_object("media", "next", "192.0.2.1"));
  index.remove(cluster::Kind::pod, "prod", "host");
  CHECK(asks(index, "192.0.2.1") == "media/next");
}

TEST_CASE("client pods: by every address, where all addresses of pods are known") {
  Shape shape = kShape;
  shape.all_pod_ips = true;
  Index index(shape, system_clock());
  cluster::Pod pod = pod_object("prod", "a", "10.0.0.1");
  pod.ips = {"10.0.0.1", "fd00::1"};
  index.apply(cluster::Object(pod));
  CHECK(asks(index, "10.0.0.1") == "prod/a");
  CHECK(asks(index, "fd00::1") == "prod/a");
  pod.ips = {"10.0.0.1", "fd00::2"};
  index.apply(labelled(pod, {{"app", "web"}}));
  CHECK(asks(index, "10.0.0.1") == "prod/a app=web");
  CHECK(asks(index, "fd00::1") == "nobody");
  CHECK(asks(index, "fd00::2") == "prod/a app=web");
  index.remove(cluster::Kind::pod, "prod", "a");
  CHECK(asks(index, "10.0.0.1") == "nobody");
  CHECK(asks(index, "fd00::2") == "nobody");
}

TEST_CASE("client pods: a snapshot without a pod ends it") {
  Index index(kShape, system_clock());
  index.apply(pod_object("prod", "a", "10.0.0.1"));
  snapshot_all(index);
  CHECK(asks(index, "10.0.0.1") == "nobody");
}

TEST_CASE("client pods: only what is asked for is kept") {
  const auto known = [](ClientData clients, bool pods) {
    Index index({.endpoint_slices = true, .pods = pods, .pod_names = false, .clients = clients}, system_clock());
    index.apply(labelled(pod_object("prod", "a", "10.0.0.1"), {{"app", "web"}}));
    return asks(index, "10.0.0.1");
  };
  CHECK(known(ClientData::none, true) == "nobody");
  CHECK(known(ClientData::spaces, true) == "prod/");
  CHECK(known(ClientData::all, true) == "prod/a app=web");
}

TEST_CASE("client pods: a copy does not need the index") {
  Arena arena;
  Client copy;
  {
    Index index(kShape, system_clock());
    index.apply(labelled(pod_object("prod", "a", "10.0.0.1"), {{"app", "web"}}));
    const rcu::ReadGuard reading;
    copy = index.client(*IpAddress::parse("10.0.0.1"))->client().copy(arena);
  }
  std::string_view value;
  CHECK(copy.space == "prod");
  CHECK(copy.name == "a");
  REQUIRE(copy.label("app", value));
  CHECK(value == "web");
  CHECK_FALSE(copy.label("ap", value));
}
