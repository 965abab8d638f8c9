// Checks as client-go does, and builds KUBERNETES_EXEC_INFO, the only thing that a program is told.
#include "cluster/kubeconfig_exec.h"

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "cluster/exec_credentials.h"
#include "cluster/yaml_json.h"

namespace portolan::cluster {
namespace {

using nlohmann::json;

constexpr const char* kV1 = "client.authentication.k8s.io/v1";
constexpr const char* kV1beta1 = "client.authentication.k8s.io/v1beta1";
constexpr const char* kConfigExtension = "client.authentication.k8s.io/exec";

std::string text(const YAML::Node& map, const char* key) {
  const YAML::Node value = map[key];
  return value && value.IsScalar() ? value.Scalar() : std::string{};
}

Result<std::string> authority(const ApiServer& server) {
  if (server.ca_file.empty() || !server.ca_data.empty()) {
    return Result<std::string>(boost::system::in_place_value, server.ca_data);
  }
  std::ifstream in(server.ca_file, std::ios::binary);
  if (!in) return fail("exec: certificate authority " + server.ca_file + " cannot be read");
  return Result<std::string>(boost::system::in_place_value, std::istreambuf_iterator<char>(in),
                             std::istreambuf_iterator<char>());
}

/// What a cluster's entry keeps for the program, under an extension of a fixed name; null when there is nothing.
Result<json> config_for_program(const YAML::Node& cluster) {
  const auto given = [](json value) { return Result<json>(boost::system::in_place_value, std::move(value)); };
  for (const YAML::Node& each : cluster["extensions"]) {
    if (!each.IsMap() || text(each, "name") != kConfigExtension) continue;
    std::string as_json;
    YamlProblem problem;
    if (!yaml_to_json(YAML::Dump(each["extension"]), as_json, problem)) {
      return Result<json>(boost::system::in_place_error, fail("exec: the cluster's extension: " + problem.message));
    }
    return given(json::parse(as_json, nullptr, false));
  }
  return given(nullptr);
}

Result<json> cluster_info(const YAML::Node& cluster, const ApiServer& server) {
  json info = {{"server", server.url}};
  if (!server.server_name.empty()) info["tls-server-name"] = server.server_name;
  if (server.insecure_skip_verify) info["insecure-skip-tls-verify"] = true;
  const auto ca = authority(server);
  if (!ca) return Result<json>(boost::system::in_place_error, ca.error());
  if (!ca->empty()) info["certificate-authority-data"] = base64_encoded(*ca);
  auto config = config_for_program(cluster);
  if (!config) return config;
  info["config"] = std::move(*config);
  return Result<json>(boost::system::in_place_value, std::move(info));
}

/// Whether the program may be run without anybody to talk to.
Result<void> check_mode(const std::string& mode, const std::string& api_version) {
  if (mode == "Never" || mode == "IfAvailable" || (mode.empty() && api_version == kV1beta1)) return {};
  if (mode == "Always") return fail("exec: interactiveMode \"Always\": expected Never or IfAvailable, nobody is there");
  if (mode.empty()) return fail("exec: interactiveMode is missing: expected Never or IfAvailable");
  return fail("exec: interactiveMode \"" + mode + "\": expected Never or IfAvailable");
}

Result<void> check_alone(const ApiServer& server) {
  const bool token = !server.token.empty() || !server.token_file.empty();
  const bool certificate = !server.certificate_file.empty() || !server.certificate_data.empty();
  if (!token && !certificate && server.user.empty()) return {};
  return fail(std::string("exec: expected no other credentials beside it, found ") + (token ? "a token"
                                                                                      : certificate
                                                                                          ? "a client certificate"
                                                                                          : "a username"));
}

}  // namespace

Result<void> read_exec(const YAML::Node& exec, const YAML::Node& cluster, const std::string& path, ApiServer& server) {
  if (!exec.IsMap()) return fail("exec: expected a map with apiVersion and command");
  ExecPlugin plugin;
  plugin.place = "kubeconfig " + path + ":" + std::to_string(exec.Mark().line + 1);
  plugin.api_version = text(exec, "apiVersion");
  if (plugin.api_version != kV1 && plugin.api_version != kV1beta1) {
    return fail("exec: apiVersion \"" + plugin.api_version + "\": expected " + kV1 + " or " + kV1beta1);
  }
  plugin.command = text(exec, "command");
  if (plugin.command.empty()) return fail("exec: command is missing");
  if (auto checked = check_mode(text(exec, "interactiveMode"), plugin.api_version); !checked) return checked;
  if (auto checked = check_alone(server); !checked) return checked;
  plugin.folder = std::filesystem::absolute(path).parent_path().string();
  plugin.install_hint = text(exec, "installHint");
  for (const YAML::Node& each : exec["args"]) {
    if (!each.IsScalar()) return fail("exec: args: expected a list of texts");
    plugin.program.args.push_back(each.Scalar());
  }
  for (const YAML::Node& each : exec["env"]) {
    const std::string name = each.IsMap() ? text(each, "name") : std::string{};
    if (name.empty()) return fail("exec: env: expected a list of name and value");
    plugin.program.environment.emplace_back(name, text(each, "value"));
  }
  json info = {{"kind", "ExecCredential"}, {"apiVersion", plugin.api_version}, {"spec", {{"interactive", false}}}};
  if (text(exec, "provideClusterInfo") == "true") {
    auto about_cluster = cluster_info(cluster, server);
    if (!about_cluster) return about_cluster.error();
    info["spec"]["cluster"] = std::move(*about_cluster);
  }
  plugin.program.environment.emplace_back("KUBERNETES_EXEC_INFO", info.dump());
  server.exec = std::make_shared<ExecCredentials>(std::move(plugin), system_clock());
  return {};
}

}  // namespace portolan::cluster
