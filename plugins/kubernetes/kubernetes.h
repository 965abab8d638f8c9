// kubernetes: answers for the names of services, endpoints and pods of a cluster.
#pragma once

#include <memory>

#include "plugins/kubernetes/answers.h"
#include "plugins/kubernetes/cluster_state.h"
#include "plugins/kubernetes/settings.h"
#include "plugins/kubernetes/snapshot_keeper.h"
#include "server/plugin.h"
#include "server/process.h"

namespace portolan::server {
class Configuration;
}

namespace portolan::kubernetes {

/// All that the directive says.
struct Options {
  Settings settings;
  SourceOptions source;
  std::chrono::nanoseconds startup_timeout = std::chrono::seconds(5);
  SnapshotOptions snapshot;
  bool bound = false;  // the block has `bind`: the machine's addresses do not count as local
  const server::Configuration* configuration = nullptr;  // whose other blocks may read the same cluster
  bool completes_searches = false;                       // the block has `autopath`
  std::string resolv_conf = "/etc/resolv.conf";          // the machine's
  std::vector<dns::Name> host_search;                    // its search domains, lower case
};

/// Workers read the index and the settings, which do not change once it is prepared.
class Kubernetes : public server::Handler,
                   public server::Startable,
                   public server::Readiness,
                   public server::Adopter,
                   public server::Transferer,
                   public server::Annotator,
                   public server::SearchPath,
                   public server::RightsUser {
 public:
  Kubernetes(Options options, server::Process& process);

  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  Result<void> prepare() override;
  void stop(server::Deadline) noexcept override;
  bool ready() const noexcept override;
  void adopt(const std::shared_ptr<server::Handler>& previous) override;
  Result<std::unique_ptr<server::RecordStream>> transfer(dns::NameView name, uint32_t serial) override;
  void annotate(server::Query& query, server::Metadata& metadata) const override;
  std::span<const dns::NameView> search(server::Query& query) const override;
  std::string_view search_needs() const override;
  void rights(std::vector<server::ApiRight>& all) const override;

  const Options& options() const { return options_; }
  /// What it reads into; from prepare() on.
  const ClusterState& own_state() const { return *standing_->own(); }
  /// What is answered from, between prepare() and stop(); to be read inside an rcu::ReadGuard.
  const Index& index() const { return standing_->content(); }
  /// Another block that shares the state keeps a snapshot there: it is read when the state begins.
  void begin_from(const std::string& path) { begin_from_ = path; }

 private:
  const dns::Name* zone_of(dns::NameView lower) const;
  Found answer(const Context& context, server::Query& query, const dns::Name& zone, bool& has_aliases) const;
  Found answer_text(const Context& context, server::Query& query) const;
  Task<server::Outcome> answer_aliases(server::Query& query, dns::NameView zone, bool multicluster);
  server::Outcome finish(const Context& context, server::Query& query, Found found) const;
  Task<server::Outcome> pass_on_unsure(server::Query& query, server::Next next, dns::NameView zone, bool multicluster);
  void warn_when_late();
  void read_host_search();
  ClientData clients_of_all_blocks() const;

  Options options_;
  std::vector<const dns::Name*> by_size_;  // the zones, the longest first
  server::Process& process_;
  std::shared_ptr<Standing> previous_;  // from adopt() to prepare()
  std::shared_ptr<Standing> standing_;
  std::string begin_from_;
  std::shared_ptr<SnapshotKeeper> keeper_;
};

}  // namespace portolan::kubernetes
