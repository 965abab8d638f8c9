// A directive `tsig` for tests of plugins that ask it for keys.
#pragma once

#include <memory>
#include <string>

#include "plugins/common/tsig_keys.h"

namespace portolan::testing {

/// Has the key "transfer.test." and looks at queries for all zones but bare.test. A query passes as if it were signed
/// with `signed_with`.
class FakeTsigKeys : public server::Handler, public TsigKeys {
 public:
  Task<server::Outcome> serve(server::Query& query, server::Next next) override {
    if (!signed_with.view().is_root()) query.signer = query.arena().make<Signer>(signed_with);
    return next(query);
  }
  Result<std::shared_ptr<const dns::TsigKey>> signing_key(const dns::Name& name) const override {
    if (!name.view().equals(key->name)) return fail("key \"" + name.text() + "\" is not there");
    return key;
  }
  bool concerns(dns::NameView zone) const override { return !zone.equals(*dns::Name::parse("bare.test.")); }

  dns::Name signed_with;  // the root: with none
  const std::shared_ptr<const dns::TsigKey> key = std::make_shared<const dns::TsigKey>(
      dns::TsigKey{*dns::Name::parse("transfer.test."), dns::TsigAlgorithm::sha256, "0123456789abcdef"});

 private:
  struct Signer final : KeySigner {
    explicit Signer(const dns::Name& name) : name_(name) {}
    dns::NameView key() const override { return name_; }
    size_t size() const override { return 0; }
    std::span<const uint8_t> sign(std::span<const uint8_t> message, Arena& arena) override {
      return arena.copy(message);
    }
    dns::NameView name_;
  };
};

inline server::Plugin fake_tsig_plugin() {
  return {"tsig", [](server::Setup& setup) -> Result<void> {
            setup.add(std::make_unique<FakeTsigKeys>());
            return {};
          }};
}

}  // namespace portolan::testing
