// Flags on both ways.
#include "plugins/header/header.h"

namespace portolan::header {

using server::Outcome;
using server::Query;

void Change::apply(dns::Header& header) const {
  const auto state = [this](bool now, Flag flag) { return (set & flag) != 0 || (now && (clear & flag) == 0); };
  header.aa = state(header.aa, kAa);
  header.ra = state(header.ra, kRa);
  header.rd = state(header.rd, kRd);
}

Task<Outcome> Header::serve(Query& query, server::Next next) {
  if (query_.any()) {
    query_.apply(query.header);
    // A reply repeats RD as the query has it (RFC 1035 section 4.1.1), here the changed one, as CoreDNS does.
    if (query.header.opcode == dns::Opcode::query) query.reply().header.rd = query.header.rd;
  }
  if (!response_.any()) return next(query);
  Task<Outcome> rest = next(query);
  if (!rest.ready()) return change_later(query, std::move(rest));
  const Outcome outcome = rest.take();
  change_response(query, outcome);
  return outcome;
}

Task<Outcome> Header::change_later(Query& query, Task<Outcome> rest) const {
  const Outcome outcome = co_await rest;
  change_response(query, outcome);
  co_return outcome;
}

// What fails is answered by the server itself, behind this plugin's back, as in CoreDNS.
void Header::change_response(Query& query, const Outcome& outcome) const {
  if (outcome.verdict == server::Verdict::answered) response_.apply(query.reply().header);
}

}  // namespace portolan::header
