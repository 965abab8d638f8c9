// Values of keys, read as Go reads them.
#include "plugins/etcd/service.h"

#include <doctest/doctest.h>

namespace portolan::etcd {
namespace {

constexpr const char* kKey = "/skydns/org/example/a";

TEST_CASE("service: members are read in any case, and the last of a name counts") {
  const auto service = read_service(kKey, R"({"Host":"x.org","host":"192.0.2.1","PORT":8080,"priority":20,"weight":-3,
    "text":"t","mail":true,"ttl":60,"TargetStrip":2,"group":"g","key":"/other","more":{"host":"no"}})");
  REQUIRE(service->problem == "");
  CHECK(service->key == kKey);
  CHECK(service->host == "192.0.2.1");
  CHECK(service->kind == Service::Kind::a);
  CHECK(service->port == 8080);
  CHECK(service->priority == 20);
  CHECK(service->weight == -3);
  CHECK(service->text == "t");
  CHECK(service->mail);
  CHECK(service->ttl == 60);
  CHECK(service->strip == 2);
  CHECK(service->group == "g");
  CHECK(service->own.text() == "a.example.org.");
  CHECK(service->slashes == 4);
}

TEST_CASE("service: what a host is follows from its form and from the text") {
  struct Case {
    const char* value;
    Service::Kind kind;
    bool has_target;
  };
  const Case cases[] = {
      {R"({"host":"192.0.2.1"})", Service::Kind::a, false},
      {R"({"host":"::ffff:192.0.2.1"})", Service::Kind::a, false},
      {R"({"host":"2001:db8::1"})", Service::Kind::aaaa, false},
      {R"({"host":"192.0.2.01"})", Service::Kind::name, true},  // Go takes no leading zeros
      {R"({"host":"fe80::1%eth0"})", Service::Kind::name, true},
      {R"({"host":"www.example.org"})", Service::Kind::name, true},
      {R"({"host":"www.example.org","text":"x"})", Service::Kind::text, true},
      {R"({"host":"192.0.2.1","text":"x"})", Service::Kind::a, false},
      {R"({"text":"x"})", Service::Kind::text, false},
      {R"({"host":"a..b"})", Service::Kind::name, false},
      {R"({})", Service::Kind::name, false},
      {"null", Service::Kind::name, false},
  };
  for (const Case& each : cases) {
    CAPTURE(each.value);
    const auto service = read_service(kKey, each.value);
    CHECK(service->problem == "");
    CHECK(service->kind == each.kind);
    CHECK(service->has_target == each.has_target);
    CHECK(service->priority == 10);
  }
}

TEST_CASE("service: what Go's encoding/json refuses has a problem") {
  for (const char* value : {"", "not json", "\"text\"", "[]", "1", R"({"host":1})", R"({"ttl":"60"})", R"({"ttl":-1})",
                            R"({"ttl":4294967296})", R"({"port":1.5})", R"({"port":1e3})", R"({"mail":"yes"})",
                            R"({"host":"a"} x)", R"({"host":"a",})", R"({"port":9223372036854775808})"}) {
    CAPTURE(value);
    const auto service = read_service(kKey, value);
    CHECK(service->problem.starts_with(std::string(kKey) + ": "));
    CHECK(service->host == "");
  }
}

TEST_CASE("service: null changes nothing, and broken text is replaced") {
  CHECK(read_service(kKey, R"({"host":"a.org","host":null,"ttl":null})")->host == "a.org");
  CHECK(read_service(kKey, "{\"text\":\"caf\xe9\"}")->text == "caf\xef\xbf\xbd");
  CHECK(read_service(kKey, "{\"text\":\"\xe2\x82\"}")->text == "\xef\xbf\xbd\xef\xbf\xbd");
  CHECK(read_service(kKey, "{\"text\":\"\xe2\x82\xac\"}")->text == "\xe2\x82\xac");
  CHECK(read_service(kKey, R"({"text":"\ud83d\ude00"})")->text == "\xf0\x9f\x98\x80");
  CHECK(read_service(kKey, R"({"text":"\ud83dx\ude00"})")->text == "\xef\xbf\xbdx\xef\xbf\xbd");
  CHECK(read_service(kKey, R"({"text":"\\ud83d"})")->text == "\\ud83d");
}

TEST_CASE("service: the TTL is the smaller of the value's and the lease's, which has bounds") {
  struct Case {
    uint32_t ttl;
    int64_t left;  // -1: no lease, -2: not known yet, -3: etcd does not say
    uint32_t answered;
  };
  const LeaseBounds bounds{20, 60};
  FakeClock clock;
  for (const Case& each :
       {Case{0, -1, 300}, Case{33, -1, 33}, Case{0, 500, 60}, Case{0, 40, 40}, Case{0, 5, 20}, Case{0, -100, 20},
        Case{33, 500, 33}, Case{33, 25, 25}, Case{0, -2, 20}, Case{5, -2, 5}, Case{0, -3, 300}, Case{33, -3, 33}}) {
    CAPTURE(each.ttl);
    CAPTURE(each.left);
    Service service;
    service.ttl = each.ttl;
    if (each.left != -1) {
      auto lease = std::make_shared<Lease>();
      lease->ends = (clock.now() + std::chrono::seconds(each.left)).time_since_epoch().count();
      lease->state = each.left == -2   ? Lease::State::asked
                     : each.left == -3 ? Lease::State::unknown
                                       : Lease::State::known;
      service.lease = lease;
    }
    CHECK(service.ttl_now(bounds, clock.now()) == each.answered);
  }
}

}  // namespace
}  // namespace portolan::etcd
