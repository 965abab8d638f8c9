// The five names, and the authors in random order.
#include "plugins/chaos/chaos.h"

#include "base/random.h"
#include "dns/rdata.h"
#include "plugins/common/literals.h"

namespace portolan::chaos {

using dns::NameView;
using server::Query;

namespace {

const NameView kVersionBind = name_literal("\7version\4bind"), kVersionServer = name_literal("\7version\6server"),
               kAuthorsBind = name_literal("\7authors\4bind"), kHostnameBind = name_literal("\10hostname\4bind"),
               kIdServer = name_literal("\2id\6server");

std::vector<uint8_t> txt(std::string_view text) {
  Arena arena;
  const auto rdata = dns::txt_rdata(std::span(&text, 1), arena);
  return {rdata.begin(), rdata.end()};
}

}  // namespace

Chaos::Chaos(const Options& options) : version_(txt(options.version)), host_(txt(options.host)) {
  for (const std::string& author : options.authors) authors_.push_back(txt(author));
}

Task<server::Outcome> Chaos::serve(Query& query, server::Next next) {
  if (query.question.cls != dns::RRClass::ch || query.question.type != dns::RRType::txt) return next(query);
  const NameView name = query.question.lower;
  if (name.identical(kVersionBind) || name.identical(kVersionServer)) {
    add(query, version_);
  } else if (name.identical(kHostnameBind) || name.identical(kIdServer)) {
    add(query, host_);
  } else if (name.identical(kAuthorsBind)) {
    add_authors(query);
  } else {
    return next(query);
  }
  return query.answer();
}

void Chaos::add(Query& query, const Rdata& rdata) const {
  query.reply().answer.push_back(
      {query.question.name, dns::RRType::txt, dns::RRClass::ch, 0, query.arena().copy(std::span(rdata))});
}

// Nobody is always named first.
void Chaos::add_authors(Query& query) const {
  for (const Rdata& author : authors_) add(query, author);
  auto& answer = query.reply().answer;
  for (size_t left = answer.size(); left > 1; --left) {
    std::swap(answer[left - 1], answer[fast_random_below(static_cast<uint32_t>(left))]);
  }
}

}  // namespace portolan::chaos
