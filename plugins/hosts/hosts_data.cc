// Parsing and look-ups of hosts data.
#include "plugins/hosts/hosts_data.h"

#include <algorithm>
#include <optional>

namespace portolan::hosts {
namespace {

constexpr std::string_view kBlanks = " \t\r\v\f";

// Takes the next word off `line`; empty at its end.
std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line.substr(0, line.find('#'));
}

}  // namespace

HostsData HostsData::parse(std::string_view text, const std::vector<dns::Name>& zones, bool reverse) {
  HostsData data;
  while (!text.empty()) {
    std::string_view line = take_line(text);
    const std::string_view word = take_word(line);
    if (word.empty()) continue;
    const auto address = IpAddress::parse(word.substr(0, word.find('%')));
    if (!address) continue;
    for (std::string_view name = take_word(line); !name.empty(); name = take_word(line)) {
      data.add(address->unmapped(), name, zones, reverse);
    }
  }
  return data;
}

void HostsData::add(const IpAddress& address, std::string_view text, const std::vector<dns::Name>& zones,
                    bool reverse) {
  const auto parsed = dns::Name::parse(text);
  if (!parsed) return;
  const dns::Name name = parsed->lower();
  if (std::none_of(zones.begin(), zones.end(), [&](const auto& zone) { return name.view().is_under(zone); })) return;
  const bool wild = name.view().first_label() == "*";
  Addresses& addresses = wild ? wild_[dns::Name(name.view().parent())] : exact_[name];
  (address.is_v4() ? addresses.v4 : addresses.v6).push_back(address);
  ++entries_;
  if (wild || !reverse) return;
  names_[address].push_back(name);
  ++entries_;
}

const HostsData::Addresses* HostsData::addresses(dns::NameView lower) const {
  if (const auto found = exact_.find(lower); found != exact_.end()) return &found->second;
  const dns::NameView parent = lower.parent();
  if (parent.is_root()) return nullptr;  // an asterisk alone stands for nothing
  const auto found = wild_.find(parent);
  return found == wild_.end() ? nullptr : &found->second;
}

const std::vector<dns::Name>* HostsData::names(const IpAddress& address) const {
  const auto found = names_.find(address);
  return found == names_.end() ? nullptr : &found->second;
}

}  // namespace portolan::hosts
