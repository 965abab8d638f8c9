// When a program is run, what of its output is taken, and what happens when it fails.
#include "cluster/exec_credentials.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "cluster/test_script.h"

namespace portolan::cluster {
namespace {

constexpr const char* kV1 = "client.authentication.k8s.io/v1";
bool never() { return false; }

std::string answer(const std::string& status) {
  return std::string(R"({"kind":"ExecCredential","apiVersion":")") + kV1 + R"(","status":)" + status + "}";
}
std::string token(const std::string& text) { return answer(R"({"token":")" + text + R"("})"); }

/// A program that prints the file `answer` and counts its runs.
struct Plugin {
  explicit Plugin(const std::string& body = "echo >> runs; cat answer") : script(body) {
    program.place = "kubeconfig /k:7";
    program.api_version = kV1;
    program.command = "./plugin";
    program.folder = script.folder();
    credentials.emplace(program, clock);
  }
  std::string get() {
    const auto got = credentials->get(never);
    return got ? (*got)->token : "error: " + got.error().message;
  }
  size_t runs() const {
    const std::string lines = script.read("runs");
    return static_cast<size_t>(std::count(lines.begin(), lines.end(), '\n'));
  }
  std::string path() const { return script.folder() + "/./plugin"; }

  TestScript script;
  FakeClock clock;
  ExecPlugin program;
  std::optional<ExecCredentials> credentials;
};

}  // namespace

TEST_CASE("exec credentials: what a program prints") {
  struct Case {
    std::string json;
    const char* problem;  // empty: taken
  };
  const std::string wrong_version = R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1"})";
  const Case cases[] = {
      {token("t"), ""},
      {answer(R"({"clientCertificateData":"c","clientKeyData":"k"})"), ""},
      {answer(R"({"token":"t","expirationTimestamp":"2026-01-02T03:04:05Z"})"), ""},
      {answer(R"({"token":"t","expirationTimestamp":null})"), ""},
      {"", "its output is no JSON object: expected an ExecCredential"},
      {"login at https://x", "its output is no JSON object: expected an ExecCredential"},
      {"[]", "its output is no JSON object: expected an ExecCredential"},
      {"{}", "kind \"\": expected ExecCredential"},
      {wrong_version, "apiVersion \"client.authentication.k8s.io/v1beta1\": expected client.authentication.k8s.io/v1"},
      {answer("null"), "its output has no status"},
      {answer("{}"), "status has neither a token nor a client certificate"},
      {answer(R"({"token":7})"), "status has neither a token nor a client certificate"},
      {answer(R"({"token":"t","clientKeyData":"k"})"),
       "status has one of clientCertificateData and clientKeyData: expected both or none"},
      {answer(R"({"token":"t","expirationTimestamp":"soon"})"),
       "expirationTimestamp \"soon\": expected an RFC 3339 time"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.json);
    const auto parsed = parse_exec_credential(each.json, kV1);
    CHECK((parsed ? "" : parsed.error().message) == each.problem);
  }
}

TEST_CASE("exec credentials: the program runs once, and again when they expire") {
  Plugin plugin;
  plugin.script.write("answer", answer(R"({"token":"one","expirationTimestamp":"2023-11-14T22:23:20Z"})"));
  CHECK(plugin.runs() == 0);  // not before they are needed
  CHECK(plugin.get() == "one");
  CHECK(plugin.get() == "one");
  CHECK(plugin.runs() == 1);
  plugin.clock.advance(std::chrono::seconds(599));
  CHECK(plugin.get() == "one");
  plugin.script.write("answer", token("two"));
  plugin.clock.advance(std::chrono::seconds(1));
  CHECK(plugin.get() == "two");
  plugin.clock.advance(std::chrono::hours(1000));
  CHECK(plugin.get() == "two");
  CHECK(plugin.runs() == 2);
}

TEST_CASE("exec credentials: what the API server refuses is asked for again, but not on and on") {
  Plugin plugin;
  plugin.script.write("answer", token("one"));
  CHECK(plugin.get() == "one");
  plugin.clock.advance(std::chrono::hours(1));
  const CredentialsPtr old = *plugin.credentials->get(never);
  plugin.credentials->refused(old);
  plugin.script.write("answer", token("two"));
  CHECK(plugin.get() == "two");
  plugin.credentials->refused(old);  // another connection that still had the old ones
  CHECK(plugin.get() == "two");
  CHECK(plugin.runs() == 2);

  const CredentialsPtr fresh = *plugin.credentials->get(never);
  plugin.credentials->refused(fresh);
  CHECK(plugin.get() == "error: kubeconfig /k:7: exec: the API server refuses the credentials that ./plugin gives");
  CHECK(plugin.runs() == 2);
  plugin.clock.advance(std::chrono::seconds(1));
  CHECK(plugin.get() == "two");
  CHECK(plugin.runs() == 3);
}

TEST_CASE("exec credentials: a program that fails is left alone for longer and longer") {
  Plugin plugin("echo >> runs; echo 'no login' >&2; exit 2");
  const std::string problem = "error: kubeconfig /k:7: exec: " + plugin.path() + ": exit status 2: no login";
  size_t runs = 0;
  for (const int pause : {1, 2, 4, 8, 16, 30, 30}) {
    CAPTURE(pause);
    CHECK(plugin.get() == problem);
    CHECK(plugin.runs() == ++runs);
    plugin.clock.advance(std::chrono::seconds(pause) - std::chrono::milliseconds(1));
    CHECK(plugin.get() == problem);
    CHECK(plugin.runs() == runs);
    plugin.clock.advance(std::chrono::milliseconds(1));
  }
}

TEST_CASE("exec credentials: those that have expired already are no good") {
  Plugin plugin;
  plugin.script.write("answer", answer(R"({"token":"old","expirationTimestamp":"2023-11-14T22:13:20Z"})"));
  CHECK(plugin.get() ==
        "error: kubeconfig /k:7: exec: " + plugin.path() + ": the credentials it gives have expired already");
}

TEST_CASE("exec credentials: connections that need them at once share one run") {
  Plugin plugin("echo >> runs; sleep 0.2; cat answer");
  plugin.script.write("answer", token("one"));
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { right += plugin.get() == "one"; });
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 4);
  CHECK(plugin.runs() == 1);
}

TEST_CASE("exec credentials: a program that is not there is missed before it is needed") {
  Plugin plugin;
  CHECK(plugin.credentials->check().has_value());
  plugin.program.command = "portolan-no-such-program";
  plugin.program.install_hint = "see https://cloud.example/login";
  const ExecCredentials missing(plugin.program, plugin.clock);
  CHECK(missing.check().error().message ==
        "kubeconfig /k:7: exec: command \"portolan-no-such-program\" is not in PATH; see https://cloud.example/login");
  CHECK(missing.key() != plugin.credentials->key());
}

}  // namespace portolan::cluster
