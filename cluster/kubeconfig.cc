// Kubeconfig files through yaml-cpp. What cannot be honoured (proxies, impersonation) is refused.
#include "cluster/kubeconfig.h"

#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <filesystem>

#include "base/base64.h"
#include "cluster/kubeconfig_exec.h"

namespace portolan::cluster {
namespace {

constexpr const char* kServiceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The text of `map[key]`; empty when it is not there.
std::string text(const YAML::Node& map, const char* key) {
  const YAML::Node value = map[key];
  return value && value.IsScalar() ? value.Scalar() : std::string{};
}

/// The member `what` (cluster, user, context) of the entry called `name` in a list of named entries.
Result<YAML::Node> named(const YAML::Node& root, const char* list, const char* what, const std::string& name) {
  for (const YAML::Node& entry : root[list]) {
    if (entry.IsMap() && text(entry, "name") == name) {
      if (const YAML::Node value = entry[what]; value && value.IsMap()) return value;
      return YAML::Node(YAML::NodeType::Map);
    }
  }
  const std::string problem = std::string(what) + " \"" + name + "\" is not in its list \"" + list + "\"";
  return Result<YAML::Node>(boost::system::in_place_error, fail(problem));  // a Node could be made of anything
}

/// Reads a value that may stand as base64 data, which wins, or as a path, relative to the kubeconfig's folder.
Result<void> file_or_data(const YAML::Node& map, const char* key, const std::filesystem::path& folder,
                          std::string& file, std::string& data) {
  const std::string data_key = std::string(key) + "-data";
  if (!text(map, data_key.c_str()).empty()) {
    auto decoded = base64_decoded(text(map, data_key.c_str()));
    if (!decoded) return fail(data_key + " is " + decoded.error().message);
    data = std::move(*decoded);
  } else if (const std::string path = text(map, key); !path.empty()) {
    file = (folder / path).string();
  }
  return {};
}

Result<void> read_cluster(const YAML::Node& cluster, const std::filesystem::path& folder, ApiServer& server) {
  if (!text(cluster, "proxy-url").empty())
    return fail("proxy-url is not supported: the API server must be reached directly");
  server.url = text(cluster, "server");
  if (server.url.empty()) return fail("the cluster has no server");
  server.server_name = text(cluster, "tls-server-name");
  server.insecure_skip_verify = text(cluster, "insecure-skip-tls-verify") == "true";
  return file_or_data(cluster, "certificate-authority", folder, server.ca_file, server.ca_data);
}

Result<void> read_user(const YAML::Node& user, const std::filesystem::path& folder, ApiServer& server) {
  for (const char* refused : {"auth-provider", "as", "as-uid", "as-groups"}) {
    if (!user[refused]) continue;
    return fail(std::string("\"") + refused +
                "\" credentials are not supported: expected token, tokenFile, a client certificate, username and "
                "password, or exec");
  }
  server.token = text(user, "token");
  if (const std::string path = text(user, "tokenFile"); !path.empty()) server.token_file = (folder / path).string();
  server.user = text(user, "username");
  server.password = text(user, "password");
  if (auto read = file_or_data(user, "client-certificate", folder, server.certificate_file, server.certificate_data);
      !read) {
    return read;
  }
  return file_or_data(user, "client-key", folder, server.key_file, server.key_data);
}

Result<ApiServer> read_config(const YAML::Node& root, const std::filesystem::path& path, const std::string& wanted) {
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  if (!root.IsMap()) return fail("expected a kubeconfig");
  const std::string context_name = wanted.empty() ? text(root, "current-context") : wanted;
  if (context_name.empty()) return fail("no context is named and there is no current-context");
  const auto context = named(root, "contexts", "context", context_name);
  if (!context) return context.error();
  const auto cluster = named(root, "clusters", "cluster", text(*context, "cluster"));
  if (!cluster) return cluster.error();
  ApiServer server;
  if (auto read = read_cluster(*cluster, folder, server); !read) return read.error();
  if (const std::string user_name = text(*context, "user"); !user_name.empty()) {
    const auto user = named(root, "users", "user", user_name);
    if (!user) return user.error();
    if (auto read = read_user(*user, folder, server); !read) return read.error();
    if (const YAML::Node exec = (*user)["exec"]; exec && !exec.IsNull()) {
      if (auto read = read_exec(exec, *cluster, path.string(), server); !read) return read.error();
    }
  }
  return server;
}

}  // namespace

Result<ApiServer> from_kubeconfig(const std::string& path, const std::string& context) {
  try {
    auto server = read_config(YAML::LoadFile(path), path, context);
    if (!server) return fail("kubeconfig " + path + ": " + server.error().message);
    return server;
  } catch (const YAML::BadFile&) {
    return fail("kubeconfig " + path + ": cannot be read");
  } catch (const YAML::Exception& problem) {
    return fail("kubeconfig " + path + ":" + std::to_string(problem.mark.line + 1) + ": " + problem.msg);
  } catch (const std::exception& problem) {
    return fail("kubeconfig " + path + ": " + problem.what());
  }
}

Result<ApiServer> service_account(const std::string& host, const std::string& port, const std::string& folder) {
  if (host.empty() || port.empty()) {
    return fail("not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
  }
  ApiServer server;
  server.url = "https://" + (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + port;
  server.token_file = folder + "/token";
  server.ca_file = folder + "/ca.crt";
  for (const std::string& path : {server.token_file, server.ca_file}) {
    std::error_code problem;
    if (!std::filesystem::exists(path, problem)) return fail("the service account's file " + path + " is not there");
  }
  return server;
}

Result<ApiServer> in_cluster() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  return service_account(variable("KUBERNETES_SERVICE_HOST"), variable("KUBERNETES_SERVICE_PORT"),
                         kServiceAccountFolder);
}

}  // namespace portolan::cluster
