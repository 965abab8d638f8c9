// Which address counts, and the labels.
#include "plugins/geoip/geoip.h"

#include <algorithm>
#include <array>

namespace portolan::geoip {
namespace {

constexpr std::string_view kPrefix = "geoip/";

// What the database says of one address, read from it when somebody asks.
class Labels final : public server::MetadataSource {
 public:
  Labels(const Database& database, const IpAddress& address) : database_(database), address_(address) {}

  std::optional<std::string_view> value(std::string_view label, Arena& arena) const override {
    if (!label.starts_with(kPrefix)) return {};
    return database_.text(label.substr(kPrefix.size()), address_, arena);
  }
  const MetadataSource* clone(Arena& arena) const override { return arena.make<Labels>(database_, address_); }

 private:
  const Database& database_;  // of the handler, which outlives its queries
  IpAddress address_;
};

// The address of a client subnet option (RFC 7871 section 6); octets that it leaves out are zero.
IpAddress subnet_address(std::span<const uint8_t> data) {
  std::array<uint8_t, 16> octets{};
  const auto given = data.subspan(std::min<size_t>(4, data.size()));
  const bool v6 = data.size() > 1 && data[1] == 2;
  std::copy_n(given.begin(), std::min(given.size(), v6 ? size_t{16} : size_t{4}), octets.begin());
  return v6 ? IpAddress::v6(octets) : IpAddress::v4(std::span<const uint8_t, 4>(octets.data(), 4));
}

}  // namespace

void GeoIp::annotate(server::Query& query, server::Metadata& metadata) const {
  IpAddress address = query.client.ip;
  if (client_subnet_ && query.edns) {
    for (const dns::EdnsOption& option : query.edns->options) {
      if (option.code != static_cast<uint16_t>(dns::OptionCode::client_subnet)) continue;
      address = subnet_address(option.data);
      break;
    }
  }
  metadata.add(*query.arena().make<Labels>(*database_, address.unmapped()));
}

}  // namespace portolan::geoip
