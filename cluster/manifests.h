// Manifests: files of Kubernetes objects in YAML or JSON, and the set of objects that several of them make together.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "cluster/selector.h"
#include "cluster/source.h"

namespace portolan::cluster {

using SharedObject = std::shared_ptr<const Object>;

/// The objects of a file's text. Documents of other kinds are passed over. The error is `PATH:LINE: what is wrong`.
Result<std::vector<SharedObject>> read_manifest(const std::string& path, std::string_view text);

/// The manifests that `path` stands for: itself, or the *.yaml, *.yml and *.json in it, sorted, when it is a folder.
std::vector<std::string> manifest_files(const std::string& path);

/// What the files hold together, as far as it is wanted.
class ManifestSet {
 public:
  using Key = std::tuple<Kind, std::string, std::string>;  // kind, namespace, name
  using Objects = std::map<Key, SharedObject>;

  static Result<ManifestSet> make(const Wanted& wanted);

  void put(const std::string& path, std::vector<SharedObject> objects) { files_[path] = std::move(objects); }
  void erase(const std::string& path) { files_.erase(path); }
  /// Objects of the files in the order of `paths`; of several with the same key the last one counts. Namespaces that
  /// every cluster has are there without a manifest, and all that are used when there is no Namespace at all.
  Objects objects(const std::vector<std::string>& paths) const;
  bool wants(Kind kind) const { return wanted_.reads(kind); }

 private:
  bool selected(const Object& object) const;

  Wanted wanted_;
  std::array<Selector, kKinds> selectors_;
  std::map<std::string, std::vector<SharedObject>> files_;
};

}  // namespace portolan::cluster
