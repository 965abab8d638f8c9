// A query without an OPT gets one, even if nothing is put into it: so does CoreDNS.
#include "plugins/rewrite/edns_rule.h"

#include "plugins/rewrite/edns_options.h"

namespace portolan::rewrite {
namespace {

constexpr uint16_t kSize = 4096;  // octets that an OPT of our own says we take

}  // namespace

bool EdnsRule::apply(Rewriting& rewriting) const {
  server::Query& query = rewriting.query();
  dns::EdnsOption option{options_.code, {}};
  if (options_.value) {
    const auto data = options_.value->of(query);
    if (!data) return false;
    option.data = *data;
  }
  if (!query.edns) query.edns.emplace().udp_size = kSize;
  dns::Edns& edns = *query.edns;
  if (options_.action == EdnsAction::unset) {
    remove_options(edns, option.code, rewriting.arena());
    return true;
  }
  const auto at = find_option(edns, option.code);
  if (at && options_.action != EdnsAction::append) {
    if (options_.reverts) rewriting.later(RestoreOption{edns.options[*at]});
    replace_option(edns, *at, option, rewriting.arena());
    return true;
  }
  if (options_.action == EdnsAction::replace || (at && !options_.append_beside)) return false;
  add_option(edns, option, rewriting.arena());
  if (options_.reverts) rewriting.later(DropOption{option.code});
  return true;
}

}  // namespace portolan::rewrite
