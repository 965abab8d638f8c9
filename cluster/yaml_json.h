// YAML to JSON, so that one decoder reads all manifests.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace portolan::cluster {

/// Where and why a text is no YAML.
struct YamlProblem {
  int line = 0;  // from 1
  std::string message;
};

/// One YAML document as JSON text; "null" for an empty one. False: `problem` is filled in.
bool yaml_to_json(std::string_view yaml, std::string& json, YamlProblem& problem);

}  // namespace portolan::cluster
