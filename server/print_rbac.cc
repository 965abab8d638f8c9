// Rights of all plugins, merged into the rules of one role.
#include "server/print_rbac.h"

#include <map>
#include <set>

namespace portolan::server {
namespace {

using Words = std::set<std::string>;

// "[list, watch]"; what YAML would not take for a plain word, the empty group, is quoted.
std::string list(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "[" : ", ") + (word.empty() ? "\"\"" : word);
  return text + "]";
}

}  // namespace

std::string rbac_as_yaml(const Configuration& configuration) {
  std::vector<ApiRight> all;
  configuration.each<RightsUser>([&](std::string_view, const RightsUser& user) { user.rights(all); });
  std::map<std::pair<std::string, std::string>, Words> verbs;  // of (group, resource)
  for (ApiRight& right : all) {
    verbs[{right.group, right.resource}].insert(right.verbs.begin(), right.verbs.end());
  }
  std::map<std::pair<std::string, Words>, Words> rules;  // (group, verbs): resources
  for (const auto& [object, needed] : verbs) rules[{object.first, needed}].insert(object.second);

  std::string text =
      "# The rights that the Corefile needs at the API server, printed by portolan -print-rbac.\n"
      "apiVersion: rbac.authorization.k8s.io/v1\n"
      "kind: ClusterRole\n"
      "metadata:\n"
      "  name: system:coredns\n";
  text += rules.empty() ? "rules: []\n" : "rules:\n";
  for (const auto& [key, resources] : rules) {
    text += "- apiGroups: " + list({key.first}) + "\n  resources: " + list(resources) +
            "\n  verbs: " + list(key.second) + "\n";
  }
  return text;
}

}  // namespace portolan::server
