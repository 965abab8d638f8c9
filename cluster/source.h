// Where cluster objects come from: a source gives each kind first as a snapshot, then as changes, for ever.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/objects.h"

namespace portolan::cluster {

/// Takes what a source reads. Called from the source's threads, one at a time per kind; kinds run side by side.
class Sink {
 public:
  virtual ~Sink() = default;
  /// A snapshot of `kind` starts. What is not repeated before end_snapshot() no longer exists; until then all of it
  /// does. When it is called twice without an end_snapshot() between, the first snapshot was cut off and counts for
  /// nothing.
  virtual void begin_snapshot(Kind kind) = 0;
  virtual void end_snapshot(Kind kind) = 0;
  /// Created or changed (within or outside a snapshot).
  virtual void apply(Object&& object) = 0;
  virtual void remove(Kind kind, std::string_view space, std::string_view name) = 0;
  /// The connection for `kind` works (true) or is lost (false, with the reason); for log and metrics. Also called each
  /// time something was read, bookmarks included, so that the age of the state is known.
  virtual void connection(Kind kind, bool working, std::string_view reason) = 0;
};

/// What a source shall read: of all namespaces, as CoreDNS's watches do. The choice of `namespaces` is left to the
/// sink: the names of the servers in NS answers come from services of any namespace.
struct Wanted {
  bool services = true;
  bool endpoint_slices = true;
  bool pods = false;
  bool namespaces = true;
  bool service_imports = false;          // with their slices, also where endpoint_slices is off
  std::string label_selector;            // `labels`: for services, endpoint slices and pods, in Kubernetes' syntax
  std::string namespace_label_selector;  // `namespace_labels`: for namespaces

  bool reads(Kind kind) const;
  /// What the label selector of the request for `kind` has to be.
  std::string selector(Kind kind) const;
};

/// The kinds that `wanted` names.
std::vector<Kind> kinds(const Wanted& wanted);

class Source {
 public:
  virtual ~Source() = default;
  /// Starts reading into `sink`, which outlives the source. Fails only for what can never work (a file that is not
  /// there, a broken certificate).
  virtual Result<void> start(Sink& sink) = 0;
  /// Returns when no call into the sink is under way or will come.
  virtual void stop() = 0;
};

/// A folder or file of YAML or JSON manifests, watched with inotify.
std::unique_ptr<Source> manifests_source(std::vector<std::string> paths, Wanted wanted);

class ExecCredentials;

/// How to reach the API server.
struct ApiServer {
  std::string url;               // https://10.96.0.1:443
  std::string ca_file, ca_data;  // PEM; both empty: the system's
  std::string certificate_file, certificate_data, key_file, key_data;
  std::string token, token_file;  // the file is read again when it changes
  std::string user, password;
  std::string server_name;  // tls-server-name
  bool insecure_skip_verify = false;
  std::shared_ptr<ExecCredentials> exec;  // a program gives token or certificate; nothing: none does
  double qps = 0;                         // 0: client-go's default
  int burst = 0;
  int max_inflight = 0;  // 0: no limit
};

/// In-cluster service account: KUBERNETES_SERVICE_HOST/PORT and the mounted token and CA.
Result<ApiServer> in_cluster();
/// A kubeconfig file; `context` empty: its current-context.
Result<ApiServer> from_kubeconfig(const std::string& path, const std::string& context);

std::unique_ptr<Source> api_source(ApiServer server, Wanted wanted, const Clock& clock);

}  // namespace portolan::cluster
