// What the directive accepts, and how it refuses the rest.
#include <doctest/doctest.h>

#include "plugins/trace/options.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin trace_plugin;

namespace {

testing::PluginFixture served(const std::string& directive) {
  return testing::PluginFixture(
      ".:53 {\n" + directive + "\nlast\n}\n",
      {trace_plugin, testing::stand_in("last", [](server::Query& query, server::Next) { return query.answer(); })});
}

TEST_CASE("trace: an endpoint is a type and an address, and what is left out has a default") {
  static constexpr struct {
    const char *type, *endpoint, *url;
  } kCases[] = {
      {"zipkin", "", "http://localhost:9411/api/v2/spans"},
      {"zipkin", "tracinghost:9253", "http://tracinghost:9253/api/v2/spans"},
      {"zipkin", "http://tracinghost:9411/zipkin/api/v2/spans", "http://tracinghost:9411/zipkin/api/v2/spans"},
      {"zipkin", "https://h/x", "https://h/x"},
      {"zipkin", "http://h:1", "http://h:1/"},
      {"datadog", "", "http://localhost:8126/v0.4/traces"},
      {"datadog", "h:1", "http://h:1/v0.4/traces"},
      {"otlp", "", "http://localhost:4318/v1/traces"},
      {"otlp", "http://h:4318/custom", "http://h:4318/custom"},
      {"foo", "h:1", "tracing endpoint type 'foo' is not supported"},
      {"zipkin", "http://", "'http://' is no URL of a collector, expected HOST:PORT or http://HOST:PORT/PATH"},
      {"zipkin", "xhttp", "'xhttp' is no URL of a collector, expected HOST:PORT or http://HOST:PORT/PATH"},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.type);
    CAPTURE(each.endpoint);
    trace::Options options;
    const auto set = trace::set_endpoint(options, each.type, each.endpoint);
    CHECK((set ? options.origin + options.path : set.error().message) == each.url);
  }
}

TEST_CASE("trace: wrong use is refused with its place") {
  static constexpr struct {
    const char *directive, *error;
  } kCases[] = {
      {"trace foo 127.0.0.1:1", "2 - Error during parsing: tracing endpoint type 'foo' is not supported"},
      {"trace {\n datadog_analytics_rate 2\n}",
       "3 - Error during parsing: datadog analytics rate must be between 0 and 1, '2' is not supported"},
  };
  for (const auto& each : kCases) {
    CAPTURE(each.directive);
    CHECK(served(each.directive).error_text() == "plugin/trace: Corefile:" + std::string(each.error) + "\n");
  }
  for (const char* option : {"every", "every x", "every -1", "service", "client_server maybe",
                             "datadog_analytics_rate x", "zipkin_max_backlog_size x", "zipkin_max_batch_size x",
                             "zipkin_max_batch_interval x", "zipkin_max_batch_interval -1s", "foo"}) {
    CAPTURE(option);
    const auto server = served("trace {\n " + std::string(option) + "\n}");
    CHECK_FALSE(server.ok());
    CHECK(server.error_text().starts_with("plugin/trace: Corefile:3 - Error during parsing: "));
  }
  CHECK(served("trace a b c").error_text().find("Wrong argument count or unexpected line ending after 'c'") !=
        std::string::npos);
}

TEST_CASE("trace: everything that CoreDNS documents is accepted, and what has no effect is warned about") {
  const char* directives[] = {"trace",
                              "trace h:1",
                              "trace ZIPKIN h:1",
                              "trace datadog h:1 {\n datadog_analytics_rate 0.25\n}",
                              "trace {\n every 10\n service x\n client_server\n client_server false\n}",
                              "trace {\n zipkin_max_backlog_size 5\n zipkin_max_batch_size 5\n"
                              " zipkin_max_batch_interval 5s\n}"};
  for (const char* directive : directives) {
    CAPTURE(directive);
    auto server = served(directive);
    REQUIRE(server.ok());
    CHECK(server.configuration().warnings().empty());
  }
  auto server = served("trace {\n datadog_analytics_rate 1\n}");
  REQUIRE(server.ok());
  CHECK(server.configuration().warnings() ==
        std::vector<std::string>{"plugin/trace: Corefile:3 - datadog_analytics_rate means something for the endpoint "
                                 "type datadog only"});
}

}  // namespace
}  // namespace portolan
