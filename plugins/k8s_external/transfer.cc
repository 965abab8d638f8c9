// Zone transfer: the zone's own records, then those of one service after the other, between two SOA records.
#include "plugins/k8s_external/k8s_external.h"

namespace portolan::k8s_external {

using dns::NameView;
using dns::Record;

/// Keeps the names of the services as they were when it began; each is looked up when its turn has come.
class ZoneStream : public server::RecordStream {
 public:
  /// `alone`: the client has what there is, and gets the SOA only.
  ZoneStream(const K8sExternal& plugin, const Zone& zone, uint32_t serial, bool alone)
      : plugin_(plugin), zone_(zone), serial_(serial), alone_(alone) {
    if (!alone) services_ = plugin.services_->services();
  }

  bool next(Arena& arena, ArenaVector<Record>& out) override {
    constexpr size_t kPiece = 200;
    if (ended_) return false;
    const size_t before = out.size();
    if (!begun_) add_head(arena, out);
    for (; at_ < services_.size() && out.size() - before < kPiece; ++at_) {
      const Options& options = plugin_.options_;
      plugin_.services_->add_all(services_[at_], zone_.name, options.headless, options.ttl, arena, out);
    }
    if (at_ < services_.size()) return true;
    if (!alone_) out.push_back(plugin_.soa(zone_, serial_, arena));
    ended_ = true;
    return true;
  }

 private:
  void add_head(Arena& arena, ArenaVector<Record>& out) {
    begun_ = true;
    out.push_back(plugin_.soa(zone_, serial_, arena));
    if (alone_) return;
    const Options& options = plugin_.options_;
    const NameView server = zone_.name_server;
    out.push_back({zone_.name, dns::RRType::ns, dns::RRClass::in, options.ttl, server.wire()});
    plugin_.services_->add_server_addresses(server, options.headless, options.ttl, arena, out);
  }

  const K8sExternal& plugin_;
  const Zone& zone_;
  const uint32_t serial_;
  const bool alone_;
  std::vector<std::string> services_;
  size_t at_ = 0;
  bool begun_ = false, ended_ = false;
};

Result<std::unique_ptr<server::RecordStream>> K8sExternal::transfer(NameView name, uint32_t serial) {
  const Zone* const zone = zone_of(name);
  if (!zone || zone->name.view().size() != name.size()) return std::unique_ptr<server::RecordStream>();
  if (!services_->synced()) return fail("plugin/k8s_external: the cluster is not known yet");
  const uint32_t current = services_->serial();
  const bool alone = serial != 0 && serial >= current;
  return std::unique_ptr<server::RecordStream>(std::make_unique<ZoneStream>(*this, *zone, current, alone));
}

}  // namespace portolan::k8s_external
