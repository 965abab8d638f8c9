// Option tables for people and for programs.
#include "server/print_options.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "server/setup.h"

namespace portolan::server {
namespace {

Result<void> nothing(Setup&) { return {}; }

constexpr corefile::Arg kOwn[] = {{.name = "FROM"}, {.name = "TO", .many = true}};
constexpr corefile::Arg kFiles[] = {{.name = "CERT"}, {.name = "KEY"}, {.name = "CA"}};
constexpr corefile::Arg kZones[] = {{.name = "ZONES", .many = true}};
constexpr corefile::Option kOptions[] = {
    {.name = "", .args = kOwn, .required = 2, .help = "what goes where"},
    {.name = "tls", .args = kFiles, .required = 1, .fallback = "none", .help = "files"},
    {.name = "fallthrough", .args = kZones, .help = "pass on"},
    {.name = "force_tcp", .help = "TCP only"},
};
const std::vector<Plugin> kTable = {{.name = "forward", .setup = nothing, .options = kOptions}, {.name = "unbuilt"}};

TEST_CASE("options: a plugin is described with what need not be given in brackets") {
  const auto text = describe("forward", kTable);
  REQUIRE(text.has_value());
  CHECK(*text ==
        "forward FROM TO...\n    what goes where\n"
        "\ntls CERT [KEY [CA]]\n    files (default: none)\n"
        "\nfallthrough [ZONES...]\n    pass on\n"
        "\nforce_tcp\n    TCP only\n");
}

TEST_CASE("options: what cannot be described is an error with the nearest name") {
  CHECK(describe("forwrad", kTable).error().message ==
        "-describe: there is no plugin \"forwrad\"; did you mean 'forward'?");
  CHECK(describe("unbuilt", kTable).error().message == "-describe: unbuilt is not built");
}

TEST_CASE("options: the JSON has every plugin and option") {
  const auto json = nlohmann::json::parse(options_as_json(kTable));
  REQUIRE(json.size() == 2);
  CHECK(json[0]["plugin"] == "forward");
  CHECK(json[0]["built"] == true);
  CHECK(json[0]["options"].size() == 4);
  CHECK(json[0]["options"][1]["synopsis"] == "tls CERT [KEY [CA]]");
  CHECK(json[0]["options"][1]["default"] == "none");
  CHECK(json[1]["built"] == false);
}

}  // namespace
}  // namespace portolan::server
