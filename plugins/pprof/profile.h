// Profiles in pprof's own format: gzip around a protobuf message (github.com/google/pprof, profile.proto).
#pragma once

#include <string>

#include "plugins/pprof/cpu_sampler.h"
#include "plugins/pprof/symbols.h"

namespace portolan::pprof {

/// Where CPU time went: a sample a stack and thread, with the label `thread`.
std::string cpu_profile(const Samples& samples, Symbols& symbols);

/// What malloc() has from the system, and how much of it is in use.
struct HeapNumbers {
  size_t chunks = 0;  // in use, out of its arenas
  size_t mapped = 0;  // in use, with a mapping of their own
  size_t kept = 0;    // free, not given back
};
HeapNumbers heap_numbers();
std::string heap_profile(const HeapNumbers& numbers);

std::string gzip(const std::string& octets);

}  // namespace portolan::pprof
