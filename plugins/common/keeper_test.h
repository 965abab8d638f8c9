// For tests of plugins that hand out zones: a stand-in for `transfer` that notes what it is told.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plugins/common/version_keeper.h"
#include "server/setup.h"

namespace portolan::testing {

struct Keeper : server::Handler, server::Notifier, VersionKeeper {
  Task<server::Outcome> serve(server::Query& query, server::Next next) override { return next(query); }
  void notify(dns::NameView zone) override { heard.push_back("tell " + zone.text()); }
  void keep(const std::shared_ptr<const zones::ZoneTree>& tree) override {
    heard.push_back("keep " + tree->origin().text() + " " + std::to_string(tree->serial()));
  }
  void forget(const dns::Name& zone) override { heard.push_back("forget " + zone.text()); }

  std::vector<std::string> heard;  // in order
};

inline server::Plugin keeper_plugin() {
  return {"transfer", [](server::Setup& setup) -> Result<void> {
            setup.add(std::make_unique<Keeper>());
            return {};
          }};
}

}  // namespace portolan::testing
