// Which file a block's snapshot is, and that no other cluster has it.
#include "plugins/kubernetes/setup_snapshot.h"

#include <filesystem>

#include "server/configuration.h"

namespace portolan::kubernetes {

Result<void> set_snapshot(server::Setup& setup, const corefile::OptionUse* use, Options& options) {
  if (!use) return {};
  if (!options.source.manifests.empty()) {
    setup.warn(use->at, "snapshot is not used: manifests take the API server's place");
    return {};
  }
  const std::filesystem::path given = setup.block().file(use->text(0));
  std::error_code error;
  const std::string path = std::filesystem::absolute(given, error).lexically_normal().string();
  if (error || path.ends_with('/') || (!setup.checking() && std::filesystem::is_directory(path, error))) {
    return setup.error(use->at, "snapshot \"" + use->text(0) + "\": expected a file, not a folder");
  }
  const std::string key = options.source.source_key();
  bool taken = false;
  setup.configuration().each<Kubernetes>([&](std::string_view, Kubernetes& other) {
    const bool same_state = other.options().source.source_key() == key;
    if (same_state) other.begin_from(path);
    taken = taken || (!same_state && other.options().snapshot.path == path);
  });
  if (taken) {
    return setup.error(use->at, "snapshot \"" + use->text(0) +
                                    "\" belongs to a block that reads other objects: expected a file of its own");
  }
  options.snapshot.path = path;
  options.snapshot.serve = use->has(1);
  return {};
}

}  // namespace portolan::kubernetes
