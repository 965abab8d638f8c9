// Turning the words of `bind` into addresses to listen on: IP addresses stand for themselves, names of network
// interfaces for all addresses that the interface has.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace portolan::bind {

/// A network interface of this machine.
struct Interface {
  std::string name;
  std::vector<std::string> addresses;  // IPv4 first; link-local IPv6 with its zone: "fe80::1%eth0"
};

/// All of this machine. Error: the kernel does not tell.
Result<std::vector<Interface>> interfaces();

/// The addresses that `words` stand for, in order. Error: a word is neither an IP address nor an interface's name.
Result<std::vector<std::string>> addresses_of(std::span<const std::string> words, std::span<const Interface> machine);

/// `addresses` without those of `except`, compared as addresses rather than text.
std::vector<std::string> without(std::span<const std::string> addresses, std::span<const std::string> except);

}  // namespace portolan::bind
