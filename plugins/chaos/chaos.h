// chaos: what the server calls itself, as TXT records of the class CH.
#pragma once

#include <string>
#include <vector>

#include "server/plugin.h"

namespace portolan::chaos {

struct Options {
  std::string version, host;
  std::vector<std::string> authors;
};

/// Unchanging, shared by all workers.
class Chaos : public server::Handler {
 public:
  explicit Chaos(const Options& options);
  Task<server::Outcome> serve(server::Query& query, server::Next next) override;

 private:
  using Rdata = std::vector<uint8_t>;
  void add(server::Query& query, const Rdata& rdata) const;
  void add_authors(server::Query& query) const;

  Rdata version_, host_;
  std::vector<Rdata> authors_;
};

}  // namespace portolan::chaos
