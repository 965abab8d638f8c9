// etcd: answers from the keys of an etcd that are laid out as SkyDNS does.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plugins/common/fallthrough.h"
#include "plugins/etcd/lookup.h"
#include "plugins/etcd/state.h"
#include "server/plugin.h"

namespace portolan::etcd {

struct Options {
  std::vector<dns::Name> zones;  // lower case
  std::string prefix = "/skydns";
  Fallthrough fallthrough;
  SourceOptions source;
};

/// Workers read the store that a State keeps, without a lock.
class Etcd : public server::Handler, public server::Startable, public server::Adopter {
 public:
  Etcd(Options options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}

  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  void adopt(const std::shared_ptr<server::Handler>& previous) override;
  Result<void> prepare() override;
  void stop(server::Deadline deadline) noexcept override;

 private:
  Task<server::Outcome> answer(server::Query& query, server::Next next, dns::NameView zone);
  server::Outcome finish(server::Query& query, dns::NameView zone, Found found, std::string_view cause) const;
  dns::Record soa(server::Query& query, dns::NameView zone) const;

  const Options options_;
  const Clock& clock_;  // the process's
  std::shared_ptr<Standing> standing_;
  std::shared_ptr<Standing> previous_;  // of the handler before a reload, between adopt() and prepare()
};

}  // namespace portolan::etcd
