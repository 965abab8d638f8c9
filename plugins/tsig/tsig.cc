// What is signed and what has to be.
#include "plugins/tsig/tsig.h"

#include <algorithm>
#include <array>

#include "base/log.h"
#include "dns/wire_writer.h"
#include "server/configuration.h"

namespace portolan::tsig {

using dns::Rcode;
using dns::Tsig;
using dns::TsigError;
using server::Outcome;
using server::Query;

/// Signs the answer, or the messages of the answer, to one query.
class TsigPlugin::Signature final : public KeySigner {
 public:
  Signature(const TsigPlugin& plugin, const Tsig& asked, TsigError error, const Key* key)
      : plugin_(plugin), chain_{asked.mac} {
    record_.key = asked.key;
    record_.algorithm = asked.algorithm;
    record_.original_id = asked.original_id;
    record_.error = error;
    // RFC 8945 section 5.3.2: what cannot have come from a holder of the key is not answered with its MAC.
    if (error != TsigError::bad_key && error != TsigError::bad_signature && key && key->secret) secret_ = *key->secret;
    if (error != TsigError::bad_time) return;
    // Section 5.2.3: the client's time, and the server's beside it.
    record_.time = asked.time;
    const uint64_t now = plugin.now();
    dns::put32(dns::put16(server_time_.data(), static_cast<uint16_t>(now >> 32)), static_cast<uint32_t>(now));
    record_.other = server_time_;
  }

  dns::NameView key() const override { return record_.key; }
  size_t size() const override { return dns::tsig_size(record_); }
  std::span<const uint8_t> sign(std::span<const uint8_t> message, Arena& arena) override {
    if (record_.error != TsigError::bad_time) record_.time = plugin_.now();
    record_.original_id = static_cast<uint16_t>(message[0] << 8 | message[1]);
    const auto octets = dns::sign_tsig(message, record_, secret_, chain_, arena);
    std::copy(record_.mac.begin(), record_.mac.end(), last_mac_.begin());
    chain_ = {std::span(last_mac_).first(record_.mac.size()), true};
    return octets;
  }

 private:
  const TsigPlugin& plugin_;
  Tsig record_;
  std::optional<std::string_view> secret_;
  dns::TsigChain chain_;
  std::array<uint8_t, 6> server_time_{};
  std::array<uint8_t, 64> last_mac_{};
};

uint64_t TsigPlugin::now() const {
  const auto since = clock_.wall().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(since).count());
}

bool TsigPlugin::concerns(dns::NameView lower) const {
  return std::any_of(options_.zones.begin(), options_.zones.end(),
                     [&](const dns::Name& zone) { return lower.is_under(zone); });
}

bool TsigPlugin::must_be_signed(const Query& query) const {
  if (query.depth() > 0) return false;  // the server's own look-up for a client that has been judged
  if (options_.all_types || options_.opcodes[static_cast<size_t>(query.header.opcode)]) return true;
  return std::find(options_.types.begin(), options_.types.end(), query.question.type) != options_.types.end();
}

// A key that is bound to an algorithm is none for others.
const Key* TsigPlugin::key_of(const Tsig& tsig) const {
  const auto found = all_keys_.find(tsig.key);
  if (found == all_keys_.end()) return nullptr;
  const Key& key = found->second;
  return key.algorithm && key.algorithm != dns::tsig_algorithm(tsig.algorithm) ? nullptr : &key;
}

TsigError TsigPlugin::check(const Query& query, const Tsig& tsig) const {
  const Key* key = key_of(tsig);
  if (!key) return TsigError::bad_key;
  if (!key->secret) return TsigError::bad_signature;
  return dns::verify_tsig(query.packet, query.tsig_offset, tsig, *key->secret, {}, now());
}

Task<Outcome> TsigPlugin::serve(Query& query, server::Next next) {
  if (!concerns(query.question.lower)) return next(query);
  if (query.tsig_offset != 0) return serve_signed(query, next);
  return must_be_signed(query) ? Task<Outcome>(query.answer(Rcode::refused)) : next(query);
}

// Errors of plugins behind leave as signed answers; `errors`, in front, does not hear of them (as CoreDNS).
Task<Outcome> TsigPlugin::serve_signed(Query& query, server::Next next) const {
  Tsig asked;
  if (!dns::read_tsig(query.packet, query.tsig_offset, query.arena(), asked)) co_return query.answer(Rcode::formerr);
  const TsigError error = check(query, asked);
  query.signer = query.arena().make<Signature>(*this, asked, error, key_of(asked));
  query.tsig_offset = 0;  // plugins behind see no TSIG
  if (error != TsigError::none) co_return query.answer(Rcode::notauth);
  Task<Outcome> asking = next(query);
  const Outcome outcome = co_await asking;
  if (outcome.verdict != server::Verdict::failed) co_return outcome;
  if (!outcome.cause.empty()) {
    log::limited(log::Level::error, "plugin/tsig: request handler returned an error: " + std::string(outcome.cause));
  }
  query.reply().clear();
  co_return query.answer(outcome.rcode);
}

Result<std::shared_ptr<const dns::TsigKey>> TsigPlugin::signing_key(const dns::Name& name) const {
  const auto found = options_.keys.find(name.lower());
  const std::string shown = "key \"" + name.lower().text() + "\"";
  if (found == options_.keys.end())
    return fail(shown + " is not there: tsig of this server block has none of that name");
  const Key& key = found->second;
  if (!key.secret) return fail(shown + " signs nothing: its secret is not base64");
  return std::make_shared<const dns::TsigKey>(
      dns::TsigKey{found->first, key.algorithm.value_or(dns::TsigAlgorithm::sha256), *key.secret});
}

Result<void> TsigPlugin::prepare() {
  all_keys_ = options_.keys;
  configuration_.each<TsigPlugin>([this](std::string_view, const TsigPlugin& other) {
    all_keys_.insert(other.options_.keys.begin(), other.options_.keys.end());
  });
  return {};
}

}  // namespace portolan::tsig
