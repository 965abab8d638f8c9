// The grammar, with the quirks recorded from CoreDNS: optional underscores, no wildcards, ignored labels of pods.
#include "plugins/kubernetes/name_parse.h"

#include <doctest/doctest.h>

using namespace portolan;
using namespace portolan::kubernetes;

TEST_CASE("kubernetes: names are taken apart from the right") {
  struct Case {
    const char* name;
    NameKind kind;
    const char *port, *protocol, *endpoint, *service, *space;
  };
  const Case cases[] = {
      {"zone.", NameKind::empty, "", "", "", "", ""},
      {"svc.zone.", NameKind::empty, "", "", "", "", ""},
      {"pod.zone.", NameKind::empty, "", "", "", "", ""},
      {"x.zone.", NameKind::invalid, "", "", "", "", ""},
      {"dns-version.zone.", NameKind::invalid, "", "", "", "", ""},
      {"prod.svc.zone.", NameKind::service, "", "", "", "", "prod"},
      {"prod.pod.zone.", NameKind::pod, "", "", "", "", "prod"},
      {"web.prod.svc.zone.", NameKind::service, "", "", "", "web", "prod"},
      {"*.prod.svc.zone.", NameKind::service, "", "", "", "*", "prod"},
      {"web-0.web.prod.svc.zone.", NameKind::service, "", "", "web-0", "web", "prod"},
      {"_http.web.prod.svc.zone.", NameKind::service, "", "", "_http", "web", "prod"},
      {"_http._tcp.web.prod.svc.zone.", NameKind::service, "http", "tcp", "", "web", "prod"},
      {"http.tcp.web.prod.svc.zone.", NameKind::service, "http", "tcp", "", "web", "prod"},
      {"__http._.web.prod.svc.zone.", NameKind::service, "_http", "", "", "web", "prod"},
      {"a._http._tcp.web.prod.svc.zone.", NameKind::invalid, "", "", "", "", ""},
      {"a.b.c.d.e.f.g.svc.zone.", NameKind::invalid, "", "", "", "", ""},
      {"1-2-3-4.prod.pod.zone.", NameKind::pod, "", "", "", "1-2-3-4", "prod"},
      {"a.1-2-3-4.prod.pod.zone.", NameKind::pod, "", "", "a", "1-2-3-4", "prod"},
      {"svc.svc.svc.zone.", NameKind::service, "", "", "", "svc", "svc"},
      {"web.prod.zone.", NameKind::invalid, "", "", "", "", ""},
      {"web.prod.svc.x.zone.", NameKind::invalid, "", "", "", "", ""},
  };
  const auto zone = dns::Name::parse("zone.");
  REQUIRE(zone.has_value());
  for (const Case& each : cases) {
    CAPTURE(each.name);
    const auto name = dns::Name::parse(each.name);
    REQUIRE(name.has_value());
    const ParsedName parsed = parse_name(name->view(), zone->view());
    CHECK(parsed.kind == each.kind);
    CHECK(parsed.port == each.port);
    CHECK(parsed.protocol == each.protocol);
    CHECK(parsed.endpoint == each.endpoint);
    CHECK(parsed.service == each.service);
    CHECK(parsed.space == each.space);
  }
}

TEST_CASE("kubernetes: options add names to the grammar") {
  const std::string only_ip[] = {"ip"};
  struct Case {
    const char* name;
    Grammar grammar;
    NameKind kind;
    const char *port, *protocol, *endpoint, *cluster, *zone, *service;
    bool prefer = false;
  };
  const Grammar zonal{.zonal = true}, multicluster{.multicluster = true}, ip{.pod_labels = only_ip};
  const Case cases[] = {
      {"z1.pin._zone.web.prod.svc.zone.", zonal, NameKind::service, "", "", "", "", "\2z1", "web"},
      {"a.b.prefer._zone.web.prod.svc.zone.", zonal, NameKind::service, "", "", "", "", "\1a\1b", "web", true},
      {"z1.pin._zone.web.prod.svc.zone.", {}, NameKind::invalid, "", "", "", "", "", ""},
      {"z1.other._zone.web.prod.svc.zone.", zonal, NameKind::invalid, "", "", "", "", "", ""},
      {"z1.pin.zone.web.prod.svc.zone.", zonal, NameKind::invalid, "", "", "", "", "", ""},
      {"z1.pin._zone.1-2-3-4.prod.pod.zone.", zonal, NameKind::invalid, "", "", "", "", "", ""},
      {"pin._zone.web.prod.svc.zone.", zonal, NameKind::service, "pin", "zone", "", "", "", "web"},
      {"z1.pin._zone.web.prod.svc.zone.", {true, true, {}}, NameKind::invalid, "", "", "", "", "", ""},
      {"e.east.web.prod.svc.zone.", multicluster, NameKind::service, "", "", "e", "east", "", "web"},
      {"e.web.prod.svc.zone.", multicluster, NameKind::service, "", "", "e", "", "", "web"},
      {"_http._tcp.web.prod.svc.zone.", multicluster, NameKind::service, "http", "tcp", "", "", "", "web"},
      {"_http.tcp.web.prod.svc.zone.", multicluster, NameKind::service, "http", "tcp", "", "", "", "web"},
      {"http._tcp.web.prod.svc.zone.", multicluster, NameKind::service, "http", "tcp", "", "", "", "web"},
      {"1-2-3-4.prod.ip.zone.", ip, NameKind::pod, "", "", "", "", "", "1-2-3-4"},
      {"1-2-3-4.prod.pod.zone.", ip, NameKind::invalid, "", "", "", "", "", ""},
      {"1-2-3-4.prod.ip.zone.", {}, NameKind::invalid, "", "", "", "", "", ""},
  };
  const auto zone = dns::Name::parse("zone.");
  for (const Case& each : cases) {
    CAPTURE(each.name);
    const auto name = dns::Name::parse(each.name);
    REQUIRE(name.has_value());
    const ParsedName parsed = parse_name(name->view(), zone->view(), each.grammar);
    CHECK(parsed.kind == each.kind);
    CHECK(parsed.port == each.port);
    CHECK(parsed.protocol == each.protocol);
    CHECK(parsed.endpoint == each.endpoint);
    CHECK(parsed.cluster == each.cluster);
    CHECK(parsed.zone == each.zone);
    CHECK(parsed.service == each.service);
    CHECK(parsed.prefer_zone == each.prefer);
  }
  const auto name = dns::Name::parse("e.east.web.prod.svc.zone.");
  CHECK(parse_name(name->view(), zone->view(), multicluster).host == "\1e\4east");
}

TEST_CASE("kubernetes: the key of a service is its last three labels as they stand in the name") {
  const auto name = dns::Name::parse("_http._tcp.web.prod.svc.cluster.local.");
  const auto zone = dns::Name::parse("cluster.local.");
  CHECK(parse_name(name->view(), zone->view()).key == "\3web\4prod\3svc");
  const auto root_zone = dns::Name::parse("web.prod.svc.");
  CHECK(parse_name(root_zone->view(), dns::NameView()).key == "\3web\4prod\3svc");
}
