// Kubeconfig files as kubectl writes them, and the service account of a pod.
#include "cluster/kubeconfig.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

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
- name: program
  context: {cluster: one, user: exec}
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
- name: exec
  user:
    exec: {command: aws}
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
  CHECK(message(from_kubeconfig(file.path, "program")) ==
        start +
            "\"exec\" credentials are not supported: expected token, tokenFile, a client certificate or username and "
            "password");
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
