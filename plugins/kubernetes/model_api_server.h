// For tests: a small API server with a memory. It keeps objects of all five kinds as JSON, counts resource versions,
// and serves lists in pages, streaming lists and watches over plain HTTP on a free port.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cluster/objects.h"

namespace portolan::kubernetes::testing {

/// Callable from any thread.
class ModelApiServer {
 public:
  ModelApiServer();
  ~ModelApiServer();

  std::string url() const;
  /// Creates or replaces. `body`: the object's members after its metadata, `"spec":{...}` and the like; may be empty.
  /// `labels`: those of the metadata, `"a":"b"` and the like.
  void put(cluster::Kind kind, const std::string& space, const std::string& name, const std::string& body = "",
           const std::string& labels = "");
  void remove(cluster::Kind kind, const std::string& space, const std::string& name);
  /// Cuts all watches in the middle.
  void cut();
  /// Watches can no longer be resumed from before now.
  void compact();
  /// Whether lists may be streamed; if not, they come in pages of three.
  void stream_lists(bool allowed);
  /// All objects, each a JSON document.
  std::vector<std::string> documents() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace portolan::kubernetes::testing
