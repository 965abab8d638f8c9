// What a plugin says of a query when it is done with it.
#pragma once

#include <cstdint>
#include <string_view>

#include "dns/ede.h"
#include "dns/types.h"

namespace portolan::server {

/// answered: reply() holds it. failed: nothing written, the root answers `rcode`. dropped: nothing is ever sent.
/// sent: it left as a stream of messages (a transfer).
enum class Verdict : uint8_t { answered, failed, dropped, sent };

struct Outcome {
  Verdict verdict = Verdict::failed;
  dns::Rcode rcode = dns::Rcode::servfail;
  std::string_view
      cause;  // what the `errors` plugin logs; lies in the query's arena or is static; may go with any verdict
  const dns::Ede* ede = nullptr;  // the reason for clients, static; sent when the `errors` plugin is told to

  /// The same with a reason.
  Outcome because(const dns::Ede& reason) const {
    Outcome outcome = *this;
    outcome.ede = &reason;
    return outcome;
  }
  static Outcome answered(dns::Rcode rcode, std::string_view cause = {}) {
    return {Verdict::answered, rcode, cause, nullptr};
  }
  static Outcome failed(dns::Rcode rcode, std::string_view cause = {}) {
    return {Verdict::failed, rcode, cause, nullptr};
  }
  static Outcome sent() { return {Verdict::sent, dns::Rcode::noerror, {}, nullptr}; }
  static Outcome dropped() { return {Verdict::dropped, dns::Rcode::noerror, {}, nullptr}; }
};

}  // namespace portolan::server
