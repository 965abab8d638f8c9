// The step from one plugin to the next.
#include "server/plugin.h"

namespace portolan::server {
namespace {

constexpr dns::Ede kNobody{dns::EdeCode::other, "no plugin answers for this name"};

}  // namespace

Task<Outcome> Next::operator()(Query& query) const {
  if (link_->handler) return link_->handler->serve(query, Next(link_ + 1));
  const std::string_view caller = link_[-1].name;
  constexpr std::string_view kBefore = "plugin/", kAfter = ": no next plugin found";
  std::span<char> text = query.arena().array<char>(kBefore.size() + caller.size() + kAfter.size());
  char* at = std::copy(kBefore.begin(), kBefore.end(), text.data());
  at = std::copy(caller.begin(), caller.end(), at);
  std::copy(kAfter.begin(), kAfter.end(), at);
  return Outcome::failed(dns::Rcode::servfail, {text.data(), text.size()}).because(kNobody);
}

}  // namespace portolan::server
