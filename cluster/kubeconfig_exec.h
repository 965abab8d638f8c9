// The `exec` of a kubeconfig's user: which program gives credentials, and what it is told.
#pragma once

#include <string>

#include "base/result.h"
#include "cluster/source.h"

namespace YAML {
class Node;
}

namespace portolan::cluster {

/// Sets server.exec from the user's `exec`, for the cluster that `server` has been read from. `path` is the
/// kubeconfig's. Errors begin with "exec" and say what was found and expected.
Result<void> read_exec(const YAML::Node& exec, const YAML::Node& cluster, const std::string& path, ApiServer& server);

}  // namespace portolan::cluster
