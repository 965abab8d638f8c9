// Whether octets from outside are what pack() makes. The index reads packed objects without looking; what comes from a
// file is looked at first.
#pragma once

#include <string_view>

namespace portolan::kubernetes {

/// A service's packed form: everything that unpack() and build_entry() rely on holds.
bool is_packed_service(std::string_view octets);
/// An endpoint slice's.
bool is_packed_slice(std::string_view octets);
/// A record's key: the labels SERVICE.NAMESPACE.svc in wire form, lower case.
bool is_service_key(std::string_view octets);

}  // namespace portolan::kubernetes
