// Kubeconfig files as kubectl writes them, and the service account of a pod.
#include "cluster/kubeconfig.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cluster/exec_credentials.h"
#include "cluster/test_script.h"

namespace portolan::cluster {
namespace {

namespace fs = std::filesystem;

struct File {
  explicit File(const std::string& text) {
    std::string pattern = (fs::temp_directory_path() / "portolan-kubeconfig-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    path = (folder / "config").string();
    std::ofstream(path) << text;
  }
  ~File() { fs::remove_all(folder); }
  fs::path folder;
  std::string path;
};

constexpr const char* kConfig = R"(apiVersion: v1
kind: Config
current-context: main
contexts:
- name: main
  context: {cluster: one, user: token}
- name: files
  context: {cluster: two, user: certificate}
- name: basic
  context: {cluster: two, user: basic}
- name: other
  context: {cluster: one, user: provider}
- name: dangling
  context: {cluster: nowhere, user: token}
clusters:
- name: one
  cluster:
    server: https://10.96.0.1:443
    certificate-authority-data: LS0tQ0EtLS0=
    tls-server-name: kubernetes.default
- name: two
  cluster: {server: "https://[::1]:6443", certificate-authority: pki/ca.crt, insecure-skip-tls-verify: true}
users:
- name: token
  user: {token: secret, tokenFile: /run/token}
- name: certificate
  user: {client-certificate: client.crt, client-key-data: S0VZ}
- name: basic
  user: {username: me, password: "1234"}
- name: provider
  user:
    auth-provider: {name: gcp}
)";

}  // namespace

TEST_CASE("kubeconfig: contexts name cluster and user; data and paths are read") {
  const File file(kConfig);
  const auto main = from_kubeconfig(file.path, "");
  REQUIRE(main.has_value());
  CHECK(main->url == "https://10.96.0.1:443");
  CHECK(main->ca_data == "---CA---");
  CHECK(main->server_name == "kubernetes.default");
  CHECK(main->token == "secret");
  CHECK(main->token_file == "/run/token");
  CHECK(!main->insecure_skip_verify);

  const auto files = from_kubeconfig(file.path, "files");
  REQUIRE(files.has_value());
  CHECK(files->ca_file == (file.folder / "pki/ca.crt").string());
  CHECK(files->certificate_file == (file.folder / "client.crt").string());
  CHECK(files->key_data == "KEY");
  CHECK(files->insecure_skip_verify);

  const auto basic = from_kubeconfig(file.path, "basic");
  REQUIRE(basic.has_value());
  CHECK(basic->user == "me");
  CHECK(basic->password == "1234");
}

TEST_CASE("kubeconfig: what cannot be honoured or found is refused") {
  const File file(kConfig);
  const auto message = [](const Result<ApiServer>& result) {
    return result ? std::string("accepted") : result.error().message;
  };
  const std::string start = "kubeconfig " + file.path + ": ";
  CHECK(
      message(from_kubeconfig(file.path, "other")) ==
      start +
          "\"auth-provider\" credentials are not supported: expected token, tokenFile, a client certificate, username "
          "and password, or exec");
  CHECK(message(from_kubeconfig(file.path, "nobody")) == start + "context \"nobody\" is not in its list \"contexts\"");
  CHECK(message(from_kubeconfig(file.path, "dangling")) ==
        start + "cluster \"nowhere\" is not in its list \"clusters\"");
  CHECK(message(from_kubeconfig("/nonexistent/config", "")) == "kubeconfig /nonexistent/config: cannot be read");
  const File broken("a: b\nc: [\n");
  CHECK(message(from_kubeconfig(broken.path, "")).starts_with("kubeconfig " + broken.path + ":"));
  const File empty("{}");
  CHECK(message(from_kubeconfig(empty.path, "")).find("no current-context") != std::string::npos);
  const File garbled(R"({current-context: c, contexts: [{name: c, context: {cluster: k}}],
    clusters: [{name: k, cluster: {server: "https://x", certificate-authority-data: "!!!"}}]})");
  CHECK(message(from_kubeconfig(garbled.path, "")).find("certificate-authority-data is not base64") !=
        std::string::npos);
}

TEST_CASE("kubeconfig: a program gives credentials, and is told about the cluster if it shall be") {
  const TestScript script(R"(printf '%s %s' "$*" "$REGION" > told
printf '%s' "$KUBERNETES_EXEC_INFO" > info
echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"from-program"}}')");
  const std::string config = R"(apiVersion: v1
kind: Config
current-context: main
contexts: [{name: main, context: {cluster: one, user: exec}}]
clusters:
- name: one
  cluster:
    server: https://10.96.0.1:443
    certificate-authority-data: LS0tQ0EtLS0=
    tls-server-name: kubernetes.default
    extensions:
    - name: client.authentication.k8s.io/exec
      extension: {audience: "06e3fbd18de8", depth: 2}
users:
- name: exec
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ./plugin
      args: [get-token, --cluster, "my cluster"]
      env: [{name: REGION, value: eu-1}]
      interactiveMode: IfAvailable
      provideClusterInfo: )";
  for (const bool info : {true, false}) {
    script.write("config", config + (info ? "true\n" : "false\n"));
    const auto server = from_kubeconfig(script.folder() + "/config", "");
    REQUIRE_MESSAGE(server.has_value(), server.error().message);
    REQUIRE(server->exec);
    CHECK(server->exec->check().has_value());
    const auto credentials = server->exec->get([] { return false; });
    REQUIRE_MESSAGE(credentials.has_value(), credentials.error().message);
    CHECK((*credentials)->token == "from-program");
    CHECK(script.read("told") == "get-token --cluster my cluster eu-1");
    auto told = nlohmann::json::parse(script.read("info"));
    CHECK(told["kind"] == "ExecCredential");
    CHECK(told["apiVersion"] == "client.authentication.k8s.io/v1");
    CHECK(told["spec"]["interactive"] == false);
    if (!info) {
      CHECK_FALSE(told["spec"].contains("cluster"));
      continue;
    }
    CHECK(told["spec"]["cluster"] == nlohmann::json::parse(R"({"server":"https://10.96.0.1:443",
        "tls-server-name":"kubernetes.default","certificate-authority-data":"LS0tQ0EtLS0=",
        "config":{"audience":"06e3fbd18de8","depth":2}})"));
  }
}

TEST_CASE("kubeconfig: a program that cannot be run as it wants to is refused") {
  struct Case {
    const char* exec;
    const char* rest;
    const char* problem;
  };
  const Case cases[] = {
      {"apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Never", "", ""},
      {"apiVersion: client.authentication.k8s.io/v1beta1, command: aws", "", ""},
      {"apiVersion: client.authentication.k8s.io/v1, command: aws", "",
       "exec: interactiveMode is missing: expected Never or IfAvailable"},
      {"apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Always", "",
       "exec: interactiveMode \"Always\": expected Never or IfAvailable, nobody is there"},
      {"apiVersion: client.authentication.k8s.io/v1beta1, command: aws, interactiveMode: always", "",
       "exec: interactiveMode \"always\": expected Never or IfAvailable"},
      {"apiVersion: client.authentication.k8s.io/v1alpha1, command: aws", "",
       "exec: apiVersion \"client.authentication.k8s.io/v1alpha1\": expected client.authentication.k8s.io/v1 or "
       "client.authentication.k8s.io/v1beta1"},
      {"apiVersion: client.authentication.k8s.io/v1beta1", "", "exec: command is missing"},
      {"apiVersion: client.authentication.k8s.io/v1beta1, command: aws, env: [{value: x}]", "",
       "exec: env: expected a list of name and value"},
      {"apiVersion: client.authentication.k8s.io/v1beta1, command: aws, args: [[x]]", "",
       "exec: args: expected a list of texts"},
      {"apiVersion: client.authentication.k8s.io/v1beta1, command: aws", ", token: t",
       "exec: expected no other credentials beside it, found a token"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.exec);
    const File file(std::string("{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}],\n"
                                "clusters: [{name: k, cluster: {server: \"https://x\"}}],\n"
                                "users: [{name: u, user: {exec: {") +
                    each.exec + "}" + each.rest + "}}]}\n");
    const auto read = from_kubeconfig(file.path, "");
    const std::string problem = read ? "" : read.error().message;
    CHECK(problem == (*each.problem ? "kubeconfig " + file.path + ": " + each.problem : ""));
  }
}

TEST_CASE("kubeconfig: a pod's service account") {
  const File folder("");
  std::ofstream(folder.folder / "token") << "t";
  std::ofstream(folder.folder / "ca.crt") << "c";
  const auto server = service_account("10.96.0.1", "443", folder.folder.string());
  REQUIRE(server.has_value());
  CHECK(server->url == "https://10.96.0.1:443");
  CHECK(server->token_file == (folder.folder / "token").string());
  CHECK(service_account("fd00::1", "443", folder.folder.string())->url == "https://[fd00::1]:443");
  CHECK(service_account("", "443", folder.folder.string()).has_error());
  CHECK(service_account("10.96.0.1", "443", "/nonexistent").has_error());
}

}  // namespace portolan::cluster
