// Sampling: where every thread of the process spends its CPU time, by a timer of each thread and a signal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace portolan::pprof {

/// The stack of a thread at one moment, innermost address first; return addresses point into their calls.
struct Sample {
  std::string thread;
  std::vector<uintptr_t> stack;
};

struct Samples {
  std::vector<Sample> all;
  std::chrono::nanoseconds period{};    // CPU time that a sample stands for
  std::chrono::nanoseconds duration{};  // of the collection
  uint64_t lost = 0;                    // beyond what there was room for
};

/// Samples all threads of the process for a time. Nothing is left that would cost anything afterwards.
class CpuSampler {
 public:
  static constexpr int kHertz = 100;  // of CPU time, as Go

  /// Waits for `duration`, or until cancel(); one collection at a time in the process, another one is an error.
  static Result<Samples> collect(std::chrono::nanoseconds duration);
  /// Ends the collection under way, from any thread.
  static void cancel();
  /// Whether a collection is under way.
  static bool busy();
};

}  // namespace portolan::pprof
