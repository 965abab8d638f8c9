// The command line, by Go's rules.
#include "server/flags.h"

#include <doctest/doctest.h>

namespace portolan::server {

TEST_CASE("flags: every form of Go's flag package is taken") {
  for (const std::vector<std::string>& args : {std::vector<std::string>{"-conf", "x", "-dns.port", "1053"},
                                               {"--conf=x", "--dns.port=1053"},
                                               {"-conf=x", "-p", "1053"},
                                               {"-p=1053", "--conf", "x"}}) {
    auto flags = parse_flags(args);
    REQUIRE(flags.has_value());
    CHECK(flags->conf == "x");
    CHECK(check_flags(*flags).value() == 1053);
    CHECK_FALSE(flags->quiet);
  }
}

TEST_CASE("flags: a switch takes a boolean value after = only") {
  CHECK(parse_flags({"-quiet"})->quiet);
  CHECK(parse_flags({"-quiet=true"})->quiet);
  CHECK_FALSE(parse_flags({"-quiet=false"})->quiet);
  CHECK(parse_flags({"-quiet=maybe"}).error().message == "invalid boolean value \"maybe\" for -quiet");
}

TEST_CASE("flags: defaults are port 53 and no Corefile named") {
  auto flags = parse_flags({});
  REQUIRE(flags.has_value());
  CHECK(check_flags(*flags).value() == 53);
  CHECK(flags->conf.empty());
}

TEST_CASE("flags: what cannot be understood is an error that names it") {
  CHECK(parse_flags({"-nosuch"}).error().message == "flag provided but not defined: -nosuch");
  CHECK(parse_flags({"-conf"}).error().message == "flag needs an argument: -conf");
  CHECK(parse_flags({"-describe", ""}).error().message == "flag needs an argument: -describe");
}

TEST_CASE("flags: what is understood and cannot be is told apart, since it exits otherwise") {
  CHECK(check_flags(*parse_flags({"-p", "65536"})).error().message == "-dns.port: \"65536\" is not a port");
  CHECK(check_flags(*parse_flags({"-p", "53x"})).has_error());
  CHECK(check_flags(*parse_flags({"extra", "-quiet"})).error().message ==
        "extra command line arguments: [extra -quiet]");
}

TEST_CASE("flags: the usage names every flag") {
  const std::string text = usage("portolan");
  for (const char* flag :
       {"-check", "-conf", "-dns.port", "-p ", "-pidfile", "-plugins", "-print-rbac", "-quiet", "-version"}) {
    CHECK(text.find(flag) != std::string::npos);
  }
}

}  // namespace portolan::server
