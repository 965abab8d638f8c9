// What a plugin is: a handler in the chain, the optional powers it may have, and its entry in the table of directives.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "corefile/option.h"
#include "server/metadata.h"
#include "server/outcome.h"
#include "server/query.h"
#include "zones/record_stream.h"

namespace portolan::server {

class Setup;
class Handler;

/// The rest of the chain. A plain value; calling it again on a branch asks the rest once more.
class Next {
 public:
  struct Link {
    Handler* handler = nullptr;  // null behind the last
    std::string_view name;
  };
  explicit Next(const Link* link) : link_(link) {}

  /// Runs the next plugin on `query`. At the end of the chain: failed, SERVFAIL, "plugin/NAME: no next plugin found".
  Task<Outcome> operator()(Query& query) const;
  /// The next plugin's name; empty at the end.
  std::string_view name() const { return link_->handler ? link_->name : std::string_view(); }
  bool at_end() const { return link_->handler == nullptr; }

 private:
  const Link* link_;  // the chain's own array; the element before this one is the caller's
};

/// One instance serves all workers at once: what a worker writes lies in PerWorker<T> or behind a lock of its own.
class Handler {
 public:
  virtual ~Handler() = default;
  /// Answers `query` (fills query.reply()) or passes it on with `next(query)`. A plugin with nothing to do on the way
  /// back returns next(query) itself; one that answers at once returns the Outcome, without a coroutine.
  virtual Task<Outcome> serve(Query& query, Next next) = 0;
};

using Deadline = SteadyTime;

/// Has work outside the query path. prepare() after all plugins of all blocks are set up (others can be found then);
/// serving() when the sockets are open; stop() when the configuration is gone or the process ends.
class Startable {
 public:
  virtual ~Startable() = default;
  virtual Result<void> prepare() { return {}; }
  virtual void serving() {}
  /// SIGTERM has come: the process goes on answering for its lameduck time, then ends.
  virtual void lameduck() noexcept {}
  virtual void stop(Deadline) noexcept {}
};

/// Asked by the `ready` plugin.
class Readiness {
 public:
  virtual ~Readiness() = default;
  virtual bool ready() const noexcept = 0;
};

/// Reload: called before prepare() with the handler of the same plugin, at the same place, in the configuration that
/// runs (same keys and view, same occurrence). Shares its state; never moves it, since the old one goes on serving.
class Adopter {
 public:
  virtual ~Adopter() = default;
  virtual void adopt(const std::shared_ptr<Handler>& previous) = 0;
};

using zones::RecordStream;

/// Has zones that may be transferred: the `transfer` plugin asks those of its block, in the order of the chain, on any
/// worker.
class Transferer {
 public:
  virtual ~Transferer() = default;
  /// The zone `name` (lower case); null when this plugin has no such zone. `serial` is what an IXFR client has, 0 for
  /// AXFR: a client that is up to date gets the SOA alone, any other the whole zone. An error makes SERVFAIL.
  virtual Result<std::unique_ptr<RecordStream>> transfer(dns::NameView name, uint32_t serial) = 0;
};

/// Tells secondaries that a zone has changed: what a Transferer's plugin calls, as Block::other("transfer").
class Notifier {
 public:
  virtual ~Notifier() = default;
  /// From serving() on, on the main thread. Returns at once; a zone that nobody is to hear of is passed over.
  virtual void notify(dns::NameView zone) = 0;
};

/// Says something about queries (`metadata`).
class Annotator {
 public:
  virtual ~Annotator() = default;
  /// Adds its labels; called before the chain runs, also for queries that another block will answer (views). `query` is
  /// as it was asked.
  virtual void annotate(Query& query, Metadata& metadata) const = 0;
};

/// Says whose queries its server block takes (`view`), where several blocks share a zone and a listener.
class Viewer {
 public:
  enum class Takes : uint8_t { no, yes, later };
  virtual ~Viewer() = default;
  /// Whether the block takes `query`; asked when the block's metadata has been collected, before the chain runs. Later:
  /// that is not known yet, and no other block may answer for it.
  virtual Takes takes(Query& query) const = 0;
  /// The `view` label of metrics.
  virtual std::string_view view_name() const = 0;
};

/// Knows the search path that a client has in its resolv.conf (`autopath @NAME`).
class SearchPath {
 public:
  virtual ~SearchPath() = default;
  /// The client's search domains in order, lower case, in the query's arena; empty when they are not known.
  virtual std::span<const dns::NameView> search(Query& query) const = 0;
  /// What the Corefile lacks for it to know any; empty: nothing.
  virtual std::string_view search_needs() const = 0;
};

/// A kind of object at a Kubernetes API server and what is done with it, in RBAC's words; in all namespaces.
struct ApiRight {
  std::string group;  // empty: the core group
  std::string resource;
  std::vector<std::string> verbs;
};

/// Reads from an API server. `-print-rbac` makes a role of what all of them need.
class RightsUser {
 public:
  virtual ~RightsUser() = default;
  virtual void rights(std::vector<ApiRight>& all) const = 0;
};

/// A line of the table of directives.
struct Plugin {
  std::string_view name;
  Result<void> (*setup)(Setup&) = nullptr;  // null: known to CoreDNS, not built here
  std::span<const corefile::Option> options = {};
};

}  // namespace portolan::server
