// Runs a program for what it prints: directly, without a shell, for a bounded time and with a bounded output.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace portolan::cluster {

struct Program {
  std::string path;                                              // of the file, as find_program() gives it
  std::vector<std::string> args;                                 // without the program's own name
  std::vector<std::pair<std::string, std::string>> environment;  // added to this process's, or instead of its
};

/// The file of `command`: looked for in PATH when it is a bare name, else relative to `folder`.
Result<std::string> find_program(const std::string& command, const std::string& folder);

/// Standard output of `program`, at most 1 MiB. An error when it cannot be started, does not end within `limit`, prints
/// more or ends with another status than 0; the last line of its standard error is then part of the message. Ends the
/// program, and what it has started, as soon as `stopped()` is true. Its standard input is empty.
Result<std::string> run_program(const Program& program, std::chrono::milliseconds limit,
                                const std::function<bool()>& stopped);

}  // namespace portolan::cluster
