// Services and endpoint slices in packed form: all that the index keeps of an object, one string of octets each. Equal
// octets mean that nothing that DNS shows has changed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "cluster/objects.h"

namespace portolan::kubernetes {

/// How a service answers.
enum class Form : uint8_t { cluster_ip, headless, external_name };

/// What a Service's clusterIPs or an Endpoint's addresses hold. A name stands in slices of address type FQDN.
enum class AddressKind : uint8_t { v4, v6, name };

struct PackedPort {
  int32_t number;             // -1: the object names no port, or none with a number
  std::string_view name;      // lower case
  std::string_view protocol;  // lower case
};

struct PackedAddress {
  AddressKind kind;
  bool canonical;           // the text is the one that reverse lookups know it by
  std::string_view octets;  // 4, 16, or a name in wire form
  bool named;               // false: there is no valid name for this endpoint
  std::string_view host;    // labels in wire form without the root, lower case; empty for a service's own addresses
  std::string_view zone;    // topology zone, labels in the same form; empty: none, or not asked for
};

/// A view into packed octets. A service's has one entry of `host` "" per address.
struct Unpacked {
  Form form = Form::cluster_ip;
  std::string_view external;      // the target's name in wire form; empty when the target is no name
  std::vector<PackedPort> ports;  // never empty
  std::vector<PackedAddress> addresses;
  // A service's external addresses, and addresses and names of its load balancers. They are kept whether or not some
  // block has k8s_external: most services have none, which costs nothing here, and blocks go on sharing one index.
  std::vector<PackedAddress> external_addresses;
};

/// What is kept of a slice beyond its addresses and ports.
struct SliceNaming {
  bool pod_names = false;    // an endpoint without a host name is called after its pod (`endpoint_pod_names`)
  bool zones = false;        // topology zones are kept (`zonal`)
  std::string_view cluster;  // a label behind the name of each endpoint: the cluster that exports it
};

std::string pack(const cluster::Service& service);
std::string pack(const cluster::EndpointSlice& slice, const SliceNaming& naming);

Unpacked unpack(std::string_view packed);

/// Whether the change from one packed service to another moves the zone's serial: that of addresses does not.
bool moves_serial(std::string_view before, std::string_view after);
/// The same for the external zone's serial, which external addresses and ports move. Empty: there is no such service.
bool moves_external_serial(std::string_view before, std::string_view after);

/// `text` parsed without a heap allocation; IPv4-mapped IPv6 becomes IPv4, as Go's net.ParseIP has it.
bool parse_address(std::string_view text, IpAddress& address);
/// Whether `text` is the form Go's net.IP.String gives for `address`.
bool is_canonical(std::string_view text, const IpAddress& address);

}  // namespace portolan::kubernetes
