// Keys of a server block's `tsig`, for plugins that sign what they send and want to know who has signed what they got.
#pragma once

#include <memory>
#include <optional>

#include "dns/tsig_request.h"
#include "server/plugin.h"
#include "server/setup.h"

namespace portolan {

/// What `tsig` offers to plugins that are set up after it. For setup.
class TsigKeys {
 public:
  virtual ~TsigKeys() = default;
  /// The key of that name in the same server block. Errors: there is none, or its secret is of no use.
  virtual Result<std::shared_ptr<const dns::TsigKey>> signing_key(const dns::Name& name) const = 0;
  /// Whether signatures of queries for `zone` (lower case) are looked at.
  virtual bool concerns(dns::NameView zone) const = 0;
};

/// Addresses of other name servers, and the key that is shared with them.
struct KeyedAddresses {
  std::span<const corefile::Token> addresses;
  std::shared_ptr<const dns::TsigKey> key;  // null: messages are not signed
};

/// `ADDRESS... [key NAME]`, the arguments of `use` from `first` on. The addresses are not looked at.
Result<KeyedAddresses> read_keyed_addresses(server::Setup& setup, const corefile::OptionUse& use, size_t first = 0);

/// A signer of answers to a query whose own signature was good.
class KeySigner : public server::Signer {
 public:
  /// What the query was signed with.
  virtual dns::NameView key() const = 0;

 protected:
  ~KeySigner() = default;
};

/// The key that `query` was signed with, behind `tsig`; nothing when it was not signed.
std::optional<dns::NameView> key_of(const server::Query& query);

}  // namespace portolan
