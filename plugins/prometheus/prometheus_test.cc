// Tests of the query metrics: labels, who replied, sizes, what is not exposed before it happens.
#include "plugins/prometheus/prometheus.h"

#include <doctest/doctest.h>

#include "base/metrics.h"
#include "server/setup.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin prometheus_plugin;

namespace prometheus {
namespace {

using server::Outcome;
using server::Query;
using testing::Ask;
using testing::PluginFixture;

Task<Outcome> by_name(Query& query, server::Next) {
  const std::string_view what = query.question.lower.first_label();
  if (what == "nx") return query.answer(dns::Rcode::nxdomain);
  if (what == "fail") return query.fail(dns::Rcode::servfail);
  if (what == "drop") return Outcome::dropped();
  if (what == "odd") return query.fail(static_cast<dns::Rcode>(3000));
  return query.answer();
}
Task<Outcome> pass(Query& query, server::Next next) { return next(query); }

std::vector<server::Plugin> table() {
  return {prometheus_plugin, testing::stand_in("errors", pass), testing::stand_in("last", by_name)};
}

// A server whose metrics have a port of their own, since counters live as long as the process.
struct Counting : PluginFixture {
  explicit Counting(int port)
      : PluginFixture("alder.test:" + std::to_string(port) + " {\nprometheus 127.0.0.1:0\nerrors\nlast\n}\n", table()),
        server("server=\"dns://:" + std::to_string(port) + "\"") {
    REQUIRE_MESSAGE(ok(), error_text());
  }
  // The value behind NAME{...,server="...",...,view="",zone="..."} with `labels` before and between, as exposed.
  std::string value(const std::string& name, const std::string& before, const std::string& between,
                    const std::string& zone = "alder.test.") const {
    std::string line = "\n" + name + "{" + before + (before.empty() ? "" : ",") + server + ",";
    line += between + (between.empty() ? "" : ",") + "view=\"\",zone=\"" + zone + "\"} ";
    const std::string text = "\n" + metrics::exposition();
    const auto at = text.find(line);
    if (at == text.npos) return "absent";
    return text.substr(at + line.size(), text.find('\n', at + 1) - at - line.size());
  }
  std::string server;
};

TEST_CASE("prometheus: requests by protocol, family and type, others together") {
  Counting counting(2001);
  counting.ask("a.alder.test.");
  counting.ask("a.alder.test.");
  counting.ask("a.alder.test.", dns::RRType::loc);
  counting.ask("a.alder.test.", dns::RRType::hinfo);
  counting.ask("a.alder.test.", dns::RRType::svcb);
  Ask tcp{.name = "a.alder.test.", .transport = server::Transport::tcp};
  tcp.client = "::1";
  counting.ask(tcp);
  const std::string name = "coredns_dns_requests_total";
  CHECK(counting.value(name, R"(family="1",proto="udp")", R"(type="A")") == "2");
  CHECK(counting.value(name, R"(family="1",proto="udp")", R"(type="other")") == "2");
  CHECK(counting.value(name, R"(family="1",proto="udp")", R"(type="SVCB")") == "1");
  CHECK(counting.value(name, R"(family="2",proto="tcp")", R"(type="A")") == "1");
  CHECK(counting.value(name, R"(family="1",proto="tcp")", R"(type="A")") == "absent");
  CHECK(counting.value("coredns_dns_request_duration_seconds_count", "", "") == "6");
}

TEST_CASE("prometheus: responses by rcode, with the next plugin's name if one replied") {
  // CoreDNS names whatever stands behind `prometheus`: recorded "errors" and "".
  Counting counting(2002);
  for (const char* name : {"a", "nx", "fail", "drop", "odd", "odd"}) counting.ask(std::string(name) + ".alder.test.");
  const std::string name = "coredns_dns_responses_total";
  CHECK(counting.value(name, R"(plugin="errors",rcode="NOERROR")", "") == "1");
  CHECK(counting.value(name, R"(plugin="errors",rcode="NXDOMAIN")", "") == "1");
  CHECK(counting.value(name, R"(plugin="",rcode="SERVFAIL")", "") == "1");
  CHECK(counting.value(name, R"(plugin="",rcode="NOERROR")", "") == "1");
  CHECK(counting.value(name, R"(plugin="",rcode="RCODE3000")", "") == "2");
}

TEST_CASE("prometheus: sizes and the DO bit") {
  Counting counting(2003);
  counting.ask("a.alder.test.");
  CHECK(counting.value("coredns_dns_do_requests_total", "", "") == "absent");
  Ask ask{.name = "a.alder.test.", .edns_size = 4096, .dnssec_ok = true};
  counting.ask(ask);
  CHECK(counting.value("coredns_dns_do_requests_total", "", "") == "1");
  // 12 header, 14 name, 4 type and class; 11 for the OPT, which the response's size leaves out.
  CHECK(counting.value("coredns_dns_request_size_bytes_sum", R"(proto="udp")", "") == "71");
  CHECK(counting.value("coredns_dns_response_size_bytes_sum", R"(proto="udp")", "") == "60");
}

TEST_CASE("prometheus: queries that no block takes have the zone \"dropped\"") {
  Counting counting(2004);
  CHECK(counting.ask("cedar.example.").rcode == dns::Rcode::refused);
  CHECK(counting.value("coredns_dns_responses_total", R"(plugin="",rcode="REFUSED")", "", "dropped") == "1");
  CHECK(counting.value("coredns_dns_response_size_bytes_sum", R"(proto="udp")", "", "dropped") == "31");
}

TEST_CASE("prometheus: a zone that a plugin has found by itself is the label, as long as it is there") {
  struct Finding : server::Handler, ZoneLabels {
    Task<Outcome> serve(Query& query, server::Next) override { return query.answer(); }
    dns::NameView zone_label(dns::NameView lower) const override {
      return there && lower.is_under(zone) ? lower.suffix(3) : dns::NameView();
    }
    dns::Name zone = *dns::Name::parse("sub.alder.test.");
    bool there = true;
  };
  const server::Plugin last{"last", [](server::Setup& setup) -> Result<void> {
                              setup.add(std::make_unique<Finding>());
                              return {};
                            }};
  PluginFixture server("alder.test:2012 {\nprometheus 127.0.0.1:0\nlast\n}\n", {prometheus_plugin, last});
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  const auto count = [](const std::string& zone) {
    const std::string text = metrics::exposition();
    const std::string line =
        "\ncoredns_dns_responses_total{plugin=\"last\",rcode=\"NOERROR\","
        "server=\"dns://:2012\",view=\"\",zone=\"" +
        zone + "\"} ";
    const auto at = text.find(line);
    return at == text.npos ? 0 : std::stoi(text.substr(at + line.size()));
  };
  server.ask("a.alder.test.");
  server.ask("a.sub.alder.test.");
  server.ask("sub.alder.test.");
  CHECK(count("alder.test.") == 1);
  CHECK(count("sub.alder.test.") == 2);
  server.handler<Finding>("last").there = false;
  server.ask("a.sub.alder.test.");
  CHECK(count("alder.test.") == 2);
  CHECK(count("sub.alder.test.") == 2);
}

TEST_CASE("prometheus: plugins of the block are enabled, those of the configuration before no longer") {
  const std::string name = "coredns_plugin_enabled";
  {
    Counting before(2005);
    before.configuration().serving();
    CHECK(before.value(name, R"(name="errors")", "") == "1");
    CHECK(before.value(name, R"(name="prometheus")", "") == "1");
  }
  Counting after(2006);
  after.configuration().serving();
  CHECK(after.value(name, R"(name="last")", "") == "1");
  CHECK(metrics::exposition().find(":2005\"") == std::string::npos);
}

TEST_CASE("prometheus: the process and the build are described") {
  Counting counting(2007);
  const std::string text = metrics::exposition();
  for (const char* name :
       {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_virtual_memory_bytes",
        "process_virtual_memory_max_bytes", "process_open_fds", "process_max_fds", "process_start_time_seconds",
        "process_network_receive_bytes_total", "process_network_transmit_bytes_total", "coredns_panics_total"}) {
    CAPTURE(name);
    CHECK(text.find(std::string("\n") + name + " ") != text.npos);
  }
  CHECK(text.find("coredns_build_info{") != text.npos);
}

TEST_CASE("prometheus: runtime metrics are exposed once they are asked for") {
  PluginFixture server("a:2008 {\nprometheus 127.0.0.1:0 {\nruntime_metrics\n}\nlast\n}\n", table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  CHECK(metrics::exposition().find("\nportolan_runtime_threads ") != std::string::npos);
}

TEST_CASE("prometheus: what is refused, as recorded from CoreDNS") {
  static constexpr struct {
    const char* directive;
    const char* message;
  } kCases[] = {
      {"prometheus x", "address x: missing port in address"},
      {"prometheus 127.0.0.1:0 x", "Wrong argument count or unexpected line ending after 'x'"},
      {"prometheus {\nruntime_metrics x\n}", "Wrong argument count or unexpected line ending after 'x'"},
      {"prometheus {\nfoo\n}", "foo"},
      {"prometheus 203.0.113.77:80",
       "plugin/prometheus: listen tcp 203.0.113.77:80: bind: cannot assign requested address"},
      {"prometheus 127.0.0.1:0\nprometheus 127.0.0.1:0", "this plugin can only be used once per Server Block"},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.directive);
    const PluginFixture server(std::string(".:53 {\n") + each.directive + "\nlast\n}\n", table());
    CHECK_MESSAGE(server.error_text().find(each.message) != std::string::npos, server.error_text());
  }
}

}  // namespace
}  // namespace prometheus
}  // namespace portolan
