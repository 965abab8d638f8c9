// -print-rbac: the rights that a Corefile's plugins need at an API server, and no more.
#pragma once

#include <string>

#include "server/configuration.h"

namespace portolan::server {

/// A ClusterRole in YAML, under the name that kubeadm's binding refers to; without rules when no API server is asked.
std::string rbac_as_yaml(const Configuration& configuration);

}  // namespace portolan::server
