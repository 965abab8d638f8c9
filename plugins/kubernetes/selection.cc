// From a parsed name to what the index has for it.
#include "plugins/kubernetes/selection.h"

#include <algorithm>

namespace portolan::kubernetes {
namespace {

bool is_reverse(dns::NameView lower) {
  constexpr std::string_view kArpa("\4arpa\0", 6);
  const std::string_view text(reinterpret_cast<const char*>(lower.data()), lower.size());
  if (!text.ends_with(kArpa)) return false;
  const unsigned labels = lower.label_count();
  if (labels < 3) return false;
  const auto top = lower.suffix(2).wire();
  const std::string_view zone(reinterpret_cast<const char*>(top.data()), top.size());
  return zone == std::string_view("\7in-addr\4arpa\0", 14) || zone == std::string_view("\3ip6\4arpa\0", 10);
}

// 10-244-1-17 or fd00-10--1: four parts are IPv4, everything else is tried as IPv6.
bool pod_address(std::string_view label, std::string_view& text, char (&buffer)[64], IpAddress& address) {
  if (label.size() >= sizeof buffer) return false;
  const bool v4 = std::count(label.begin(), label.end(), '-') == 3 && label.find("--") == label.npos;
  std::replace_copy(label.begin(), label.end(), buffer, '-', v4 ? '.' : ':');
  text = {buffer, label.size()};
  return parse_address(text, address);
}

bool in_ranges(std::span<const IpPrefix> ranges, const IpAddress& address) {
  return ranges.empty() ||
         std::any_of(ranges.begin(), ranges.end(), [&](const IpPrefix& range) { return range.contains(address); });
}

Found select_pod(const Context& context, const ParsedName& name, Selection& selection) {
  const Settings& settings = context.settings;
  if (settings.pods == PodMode::disabled) return Found::no_name;
  if (name.service.empty()) return Found::nothing;
  char buffer[64];
  std::string_view text;
  if (!pod_address(name.service, text, buffer, selection.pod)) return Found::no_name;
  selection.pods = 1;
  if (settings.pods == PodMode::insecure && !in_ranges(settings.pod_ranges, selection.pod)) return Found::no_name;
  if (settings.pods == PodMode::verified) {
    // Addresses of pods are compared as text: another spelling of an IPv6 address is another name.
    if (!settings.all_pod_ips && !is_canonical(text, selection.pod)) return Found::no_name;
    selection.pods = context.index.pods(selection.pod, name.space);
    if (selection.pods == 0) return Found::no_name;
  }
  selection.kind = Selection::Kind::pod;
  selection.key = name.key;
  return Found::records;
}

bool has_any(const Selection& selection) {
  bool any = false;
  selection.each([&](const PairRow&, const PortRow&) {
    any = true;
    return false;
  });
  return any;
}

// The name of any zone exists: that no endpoint is there is no reason for NXDOMAIN.
Found select_zone(const ParsedName& name, Selection& selection) {
  selection.zone = selection.entry->find_zone(name.zone);
  if (selection.zone != kNoZone) return Found::records;
  return name.prefer_zone && has_any(selection) ? Found::records : Found::nothing;
}

Found select_endpoints(const Context& context, const ParsedName& name, Selection& selection) {
  // A headless service of which only a part of the slices is known must not look smaller than it is.
  if (!context.index.known(cluster::Kind::endpoint_slice)) return Found::no_name;
  selection.kind = Selection::Kind::endpoints;
  selection.set = &selection.entry->endpoints();
  if (!name.endpoint.empty()) {
    selection.one_host = true;
    selection.host = selection.entry->find_host(*selection.set, name.host);
    if (selection.host == kNoHost) return Found::no_name;
  }
  if (!name.zone.empty()) return select_zone(name, selection);
  return has_any(selection) ? Found::records : Found::no_name;
}

// With `pod_subdomains svc`: ADDRESS.NAMESPACE.svc, once it is known that no service is called so.
Found select_pod_in_place(const Context& context, const ParsedName& name, Selection& selection) {
  const bool is_plain = name.host.empty() && name.zone.empty() && name.port.empty() && name.protocol.empty();
  if (!context.settings.pods_under_svc || !is_plain || !context.is_sure) return Found::no_name;
  return select_pod(context, name, selection);
}

Found select_service(const Context& context, const ParsedName& name, Selection& selection) {
  if (name.service.empty()) return Found::nothing;
  const Entry* const entry = context.services().find(name.key);
  if (!entry) return select_pod_in_place(context, name, selection);
  // The address of a whole service is in no topology zone.
  if (!name.zone.empty() && entry->form() != Form::headless) return Found::no_name;
  selection.entry = entry;
  selection.key = entry->key();
  selection.port = name.port;
  selection.protocol = name.protocol;
  switch (entry->form()) {
    case Form::external_name:
      if (!name.endpoint.empty() || !selection.any_port() || entry->external().empty()) return Found::no_name;
      selection.kind = Selection::Kind::external;
      return Found::records;
    case Form::headless:
      return select_endpoints(context, name, selection);
    case Form::cluster_ip:
      break;
  }
  if (context.settings.ignore_empty_service && entry->endpoints().pair_count == 0) return Found::no_name;
  if (!name.endpoint.empty()) return select_endpoints(context, name, selection);
  selection.kind = Selection::Kind::own;
  selection.set = &entry->own();
  const auto ports = entry->ports(*selection.set);
  const bool any = std::any_of(ports.begin(), ports.end(), [&](const PortRow& row) { return selection.matches(row); });
  return any ? Found::records : Found::no_name;
}

}  // namespace

bool Settings::is_multicluster(dns::NameView name) const {
  return std::any_of(multicluster.begin(), multicluster.end(),
                     [&](const dns::Name& zone) { return name.is_under(zone); });
}

Exposure exposure(const Settings& settings, const Index& index, std::string_view space) {
  const auto& wanted = settings.namespaces;
  if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), space) == wanted.end()) return Exposure::hidden;
  return index.has_namespace(space) ? Exposure::shown : Exposure::missing;
}

Found select(const Context& context, dns::NameView name, Selection& selection) {
  const ParsedName parsed = parse_name(name, context.zone, context.grammar());
  if (parsed.kind == NameKind::empty) return Found::nothing;
  if (parsed.kind == NameKind::invalid || is_reverse(name)) return Found::no_name;
  switch (exposure(context.settings, context.index, parsed.space)) {
    case Exposure::missing:
      return Found::no_name;
    case Exposure::hidden:
      return Found::hidden;
    case Exposure::shown:
      break;
  }
  return parsed.kind == NameKind::pod ? select_pod(context, parsed, selection)
                                      : select_service(context, parsed, selection);
}

}  // namespace portolan::kubernetes
