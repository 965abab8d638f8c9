// The `geoip` plugin: says where clients are and whose network they are in, by a database of addresses.
#pragma once

#include <memory>

#include "plugins/geoip/database.h"
#include "server/plugin.h"

namespace portolan::geoip {

/// Unchanging, shared by all workers. The labels are there for *metadata*; nothing is looked up before one is read.
class GeoIp : public server::Handler, public server::Annotator {
 public:
  /// `client_subnet`: the subnet that a resolver tells of its client counts instead of the resolver's address.
  GeoIp(std::unique_ptr<const Database> database, bool client_subnet)
      : database_(std::move(database)), client_subnet_(client_subnet) {}

  Task<server::Outcome> serve(server::Query& query, server::Next next) override { return next(query); }
  void annotate(server::Query& query, server::Metadata& metadata) const override;

 private:
  const std::unique_ptr<const Database> database_;
  const bool client_subnet_;
};

}  // namespace portolan::geoip
