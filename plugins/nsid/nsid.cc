// The option, on its way out.
#include "plugins/nsid/nsid.h"

#include <algorithm>

namespace portolan::nsid {

using server::Outcome;
using server::Query;

namespace {

bool is_nsid(const dns::EdnsOption& option) { return option.code == static_cast<uint16_t>(dns::OptionCode::nsid); }

bool asks(const Query& query) {
  return query.edns && std::any_of(query.edns->options.begin(), query.edns->options.end(), is_nsid);
}

bool is_transfer(dns::RRType type) { return type == dns::RRType::axfr || type == dns::RRType::ixfr; }

}  // namespace

Task<Outcome> Nsid::serve(Query& query, server::Next next) {
  if (!asks(query)) return next(query);
  // The messages of a transfer have left before there is a way back.
  if (is_transfer(query.question.type)) put(query);
  Task<Outcome> rest = next(query);
  if (!rest.ready()) return add_later(query, std::move(rest));
  const Outcome outcome = rest.take();
  add(query, outcome);
  return outcome;
}

Task<Outcome> Nsid::add_later(Query& query, Task<Outcome> rest) const {
  const Outcome outcome = co_await rest;
  add(query, outcome);
  co_return outcome;
}

void Nsid::add(Query& query, const Outcome& outcome) const {
  if (outcome.verdict == server::Verdict::answered) put(query);
}

// In the place of another server's identifier, which an answer of `forward` may bring. Where the reply has no OPT yet,
// CoreDNS makes one with DO set.
void Nsid::put(Query& query) const {
  auto& edns = query.reply().edns;
  if (!edns) {
    if (!query.edns) return;  // taken away since
    edns.emplace().udp_size = query.edns->udp_size;
    edns->dnssec_ok = true;
  }
  const auto before = edns->options;
  const bool there = std::any_of(before.begin(), before.end(), is_nsid);
  const auto options = query.arena().array<dns::EdnsOption>(before.size() + (there ? 0 : 1));
  std::copy(before.begin(), before.end(), options.begin());
  if (!there) options.back().code = static_cast<uint16_t>(dns::OptionCode::nsid);
  const std::span data(reinterpret_cast<const uint8_t*>(data_.data()), data_.size());
  for (dns::EdnsOption& option : options) {
    if (is_nsid(option)) option.data = query.arena().copy(data);
  }
  edns->options = options;
}

}  // namespace portolan::nsid
