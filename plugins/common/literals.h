// Names and rdata that never change, written as string literals.
#pragma once

#include <cstdint>
#include <span>

#include "dns/name.h"

namespace portolan {

/// A name from a literal in wire form, "\7example\3org": the literal's NUL is the root label. Lengths are octal, three
/// digits in front of one: "\003127\7in-addr\4arpa".
template <size_t N>
dns::NameView name_literal(const char (&wire)[N]) {
  return {reinterpret_cast<const uint8_t*>(wire), static_cast<uint8_t>(N)};
}

/// The octets of a literal, without its NUL.
template <size_t N>
std::span<const uint8_t> octets_literal(const char (&text)[N]) {
  return {reinterpret_cast<const uint8_t*>(text), N - 1};
}

}  // namespace portolan
