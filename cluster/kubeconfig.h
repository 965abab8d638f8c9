// How to reach an API server, read from where Kubernetes keeps it: a kubeconfig file or a pod's service account.
// from_kubeconfig() and in_cluster() themselves are declared in source.h.
#pragma once

#include <string>

#include "base/result.h"
#include "cluster/source.h"

namespace portolan::cluster {

/// in_cluster() with the environment and the folder of the mounted service account as arguments.
Result<ApiServer> service_account(const std::string& host, const std::string& port, const std::string& folder);

}  // namespace portolan::cluster
