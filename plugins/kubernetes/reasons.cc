// Which reason an answer has.
#include "plugins/kubernetes/reasons.h"

namespace portolan::kubernetes {
namespace {

using dns::EdeCode;

constexpr dns::Ede kNotRead{EdeCode::not_ready, "the cluster has not been read yet"};
constexpr dns::Ede kNotInSnapshot{EdeCode::not_ready, "not in the snapshot, and the cluster has not been read yet"};
constexpr dns::Ede kFromSnapshot{EdeCode::stale_answer, "from a snapshot of the cluster"};
// RFC 8914 section 4.16: the operator's own policy. Filtered (17) would be the client's wish, Censored (16) somebody
// else's, and Prohibited (18) is about who asks.
constexpr dns::Ede kHidden{EdeCode::blocked, "the namespace is not served here"};

}  // namespace

server::Outcome with_reason(const Context& context, const server::Query& query, Found found, server::Outcome outcome) {
  if (context.is_sure) {
    return query.edns && found == Found::hidden ? outcome.because(kHidden) : outcome;
  }
  const bool restored = context.index.restored();
  if (outcome.rcode != dns::Rcode::noerror) return outcome.because(restored ? kNotInSnapshot : kNotRead);
  return restored ? outcome.because(kFromSnapshot) : outcome;
}

}  // namespace portolan::kubernetes
