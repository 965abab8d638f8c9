// The handler of `tsig`: checks signed queries, refuses those that must be signed and are not, signs the answers.
#pragma once

#include <bitset>
#include <vector>

#include "plugins/common/tsig_keys.h"
#include "plugins/tsig/keys.h"
#include "server/plugin.h"
#include "server/process.h"

namespace portolan::server {
class Configuration;
}

namespace portolan::tsig {

struct Options {
  std::vector<dns::Name> zones;
  Keys keys;
  bool all_types = false;          // must be signed
  std::vector<dns::RRType> types;  // the same, some
  std::bitset<16> opcodes;         // the same, by opcode
};

/// Secrets belong to the server, not to a block: any key of the Corefile will do.
class TsigPlugin : public server::Handler, public server::Startable, public TsigKeys {
 public:
  TsigPlugin(Options options, const server::Configuration& configuration, server::Process& process)
      : options_(std::move(options)), configuration_(configuration), clock_(process.clock()) {}

  Task<server::Outcome> serve(server::Query& query, server::Next next) override;
  Result<void> prepare() override;
  /// A key that is bound to no algorithm signs with hmac-sha256.
  Result<std::shared_ptr<const dns::TsigKey>> signing_key(const dns::Name& name) const override;
  bool concerns(dns::NameView lower) const override;

 private:
  class Signature;

  bool must_be_signed(const server::Query& query) const;
  const Key* key_of(const dns::Tsig& tsig) const;
  dns::TsigError check(const server::Query& query, const dns::Tsig& tsig) const;
  Task<server::Outcome> serve_signed(server::Query& query, server::Next next) const;
  uint64_t now() const;

  const Options options_;
  const server::Configuration& configuration_;
  const Clock& clock_;
  Keys all_keys_;  // from prepare() on
};

}  // namespace portolan::tsig
