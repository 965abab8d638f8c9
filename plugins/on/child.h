// Child: one command under way. No shell is between, it has no descriptor of the server's but a pipe that its output
// comes through, and a process group of its own, so that all it starts can be ended with it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/result.h"

namespace portolan::on {

/// Used by one thread.
class Child {
 public:
  /// Looks `words[0]` up in PATH. Standard input is empty; standard output and error are one.
  static Result<Child> start(std::span<const std::string> words);
  Child(Child&&) noexcept;
  Child& operator=(Child&&) = delete;
  /// One that still runs is killed.
  ~Child();

  /// Hands its output to `line`, line by line, until it has ended; what it started and left behind is not waited for.
  /// When `until` has passed or `end` becomes readable it is asked to end, and is killed a second later.
  /// What it came to: "" after exit status 0, else in words.
  std::string wait(std::optional<SteadyTime> until, int end, const std::function<void(std::string_view)>& line);

 private:
  Child(pid_t pid, Descriptor output, Descriptor process)
      : pid_(pid), output_(std::move(output)), process_(std::move(process)) {}
  bool read_output(const std::function<void(std::string_view)>& line);
  void give_lines(const std::function<void(std::string_view)>& line, bool all);
  std::optional<int> ended();

  pid_t pid_ = -1;
  Descriptor output_, process_;
  std::string unread_;  // of the line that has not come whole
};

}  // namespace portolan::on
