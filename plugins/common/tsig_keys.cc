// The words `key NAME` behind addresses.
#include "plugins/common/tsig_keys.h"

#include <algorithm>

namespace portolan {

Result<KeyedAddresses> read_keyed_addresses(server::Setup& setup, const corefile::OptionUse& use, size_t first) {
  const auto all = std::span(use.tokens).subspan(first);
  const auto word =
      std::find_if(all.begin(), all.end(), [](const corefile::Token& each) { return each.text == "key"; });
  if (word == all.end()) return KeyedAddresses{all, nullptr};
  const auto behind = all.end() - word - 1;
  if (behind != 1) {
    return setup.error(word->at, behind == 0 ? "expected the name of a key behind 'key'"
                                             : "'key NAME' ends a line: it is for all of its addresses");
  }
  const corefile::Token& named = word[1];
  const auto name = dns::Name::parse(named.text);
  if (name.has_error()) return setup.error(named.at, "key \"" + named.text + "\": " + name.error().message);
  const auto* keys = dynamic_cast<const TsigKeys*>(setup.block().other("tsig"));
  if (!keys) return setup.error(named.at, "key \"" + named.text + "\" is not there: the server block has no tsig");
  auto key = keys->signing_key(*name);
  if (key.has_error()) return setup.error(named.at, key.error().message);
  return KeyedAddresses{all.first(static_cast<size_t>(word - all.begin())), std::move(*key)};
}

std::optional<dns::NameView> key_of(const server::Query& query) {
  const auto* signer = dynamic_cast<const KeySigner*>(query.signer);
  return signer ? std::optional(signer->key()) : std::nullopt;
}

}  // namespace portolan
