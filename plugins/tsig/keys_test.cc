// Key files: what is read, and where an error is said to be.
#include "plugins/tsig/keys.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>

namespace portolan::tsig {
namespace {

struct File {
  explicit File(const std::string& text) {
    char name[] = "/tmp/portolan-keys-XXXXXX";
    close(mkstemp(name));
    path = name;
    std::ofstream(path) << text;
  }
  ~File() { unlink(path.c_str()); }
  std::string path;
};

std::string error_of(const std::string& text) {
  const File file(text);
  Keys keys;
  const auto read = read_key_file(file.path, keys);
  REQUIRE(read.has_error());
  std::string message = read.error().message;
  if (message.starts_with(file.path)) message.replace(0, file.path.size(), "keys");
  return message;
}

}  // namespace

TEST_CASE("keys: a file holds any number of them, in named.conf's form") {
  const File file(
      "# transfers\n"
      "key \"One.example.\" {\n  algorithm hmac-sha512;\n  secret \"YWJj\";\n};\n"
      "/* two\n lines */ key two { secret YQ==; };  // the end\n");
  Keys keys;
  REQUIRE(read_key_file(file.path, keys).has_value());
  REQUIRE(keys.size() == 2);
  const Key& one = keys.at(*dns::Name::parse("one.EXAMPLE."));
  CHECK(one.secret == "abc");
  CHECK(one.algorithm == dns::TsigAlgorithm::sha512);
  const Key& two = keys.at(*dns::Name::parse("two."));
  CHECK(two.secret == "a");
  CHECK_FALSE(two.algorithm);
}

TEST_CASE("keys: errors name the file, the line, what was found and what was expected") {
  const struct {
    const char* text;
    const char* error;
  } cases[] = {
      {"nokey\n", "keys:1: found \"nokey\", expected \"key\""},
      {"\nkey { secret a; };", "keys:2: found \"{\", expected the name of a key"},
      {"key a\n secret b;", "keys:2: found \"secret\", expected \"{\""},
      {"key a {\n\n secret ;\n}", "keys:3: found \";\", expected a value for secret"},
      {"key a {\n secret YQ==\n}", "keys:3: found \"}\", expected \";\""},
      {"key a {\n algorithm hmac-sha256;\n};", "keys:1: key \"a\" has no secret"},
      {"key a {\n colour red;\n};", "keys:2: found \"colour\", expected algorithm, secret or \"}\""},
      {"key a {\n secret YQ==;", "keys:2: found the end, expected algorithm, secret or \"}\""},
      {"key a { secret YQ==; };\nkey A. { secret YQ==; };", "keys:2: key \"a.\" redefined"},
      {"key a { algorithm hmac-md5; secret YQ==; };",
       "keys:1: key \"a.\": algorithm \"hmac-md5\" is not offered, expected hmac-sha1, hmac-sha224, hmac-sha256, "
       "hmac-sha384 or hmac-sha512"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.text);
    CHECK(error_of(each.text) == each.error);
  }
}

TEST_CASE("keys: a file that is not there is told") {
  Keys keys;
  const auto read = read_key_file("/nonexistent/keys", keys);
  REQUIRE(read.has_error());
  CHECK(read.error().message == "open /nonexistent/keys: no such file or directory");
}

}  // namespace portolan::tsig
