// What is printed at start: every zone with its port, as CoreDNS prints it, then who we are.
#include <algorithm>
#include <cctype>

#include "base/log.h"
#include "server/server.h"

namespace portolan::server {
namespace {

bool is_reverse(const dns::Name& zone) {
  static const dns::Name v4 = *dns::Name::parse("in-addr.arpa."), v6 = *dns::Name::parse("ip6.arpa.");
  return zone.view().is_under(v4) || zone.view().is_under(v6);
}

bool preferred_label(std::string_view label) {
  const auto letter = [](unsigned char c) { return std::isalpha(c) != 0; };
  const auto letter_or_digit = [](unsigned char c) { return std::isalnum(c) != 0; };
  return letter(label.front()) && letter_or_digit(label.back()) &&
         std::all_of(label.begin(), label.end(), [&](unsigned char c) { return c == '-' || letter_or_digit(c); });
}

// RFC 1035 section 2.3.1: labels of letters, digits and hyphens. The root and reverse zones are left alone.
bool preferred_syntax(const dns::Name& zone) {
  if (zone.view().is_root() || is_reverse(zone)) return true;
  for (dns::NameView name = zone.view(); !name.is_root(); name = name.parent()) {
    if (!preferred_label(name.first_label())) return false;
  }
  return true;
}

}  // namespace

void Server::print_banner() const {
  for (const auto& plan : current_->listeners()) {
    std::vector<const dns::Name*> zones;
    for (const Router::Route& route : plan->router.routes()) {
      const bool first = plan->router.at(route.zone.view()) == &route;  // several blocks may have a zone (views)
      if (first) zones.push_back(&route.zone);
    }
    std::sort(zones.begin(), zones.end(), [](auto* a, auto* b) { return a->text() < b->text(); });
    for (const dns::Name* zone : zones) {
      if (!preferred_syntax(*zone)) {
        log::plain("Warning: Domain \"" + zone->text() + "\" does not follow RFC1035 preferred syntax");
      }
      std::string line = plan->scheme == "dns" ? "" : plan->scheme + "://";
      line += zone->text() + ":" + std::to_string(plan->port);
      if (!plan->host.empty()) line += " on " + plan->host;
      // CoreDNS has a server a socket and prints each one's zones.
      for (unsigned socket = 0; socket < std::max(plan->sockets, 1U); ++socket) log::plain(line);
    }
  }
  log::plain("Portolan-" PORTOLAN_VERSION);
  log::plain("CoreDNS 1.14.7 compatible, " + std::to_string(workers()) + (workers() == 1 ? " worker" : " workers"));
}

}  // namespace portolan::server
