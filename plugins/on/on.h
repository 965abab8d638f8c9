// Hooks: the commands of a configuration's `on` directives, and the threads that see to them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/plugin.h"

namespace portolan::on {

enum class Event : uint8_t { startup, shutdown, certrenew };

/// "startup", "shutdown", "certrenew".
std::string_view text(Event event);

struct Command {
  Event event = Event::startup;
  std::vector<std::string> words;
  bool background = false;  // a last word `&`: the next command does not wait for it, and it has no time limit
};

/// One for a configuration, with the commands of all its blocks. The main thread calls it and never waits, but at the
/// end of the process.
class Hooks : public server::Startable {
 public:
  Hooks();
  ~Hooks() override;
  void add(Command command) { commands_.push_back(std::move(command)); }
  bool empty() const { return commands_.empty(); }

  void serving() override { run(Event::startup); }
  void lameduck() noexcept override { run(Event::shutdown); }
  /// Commands for the shutdown may run until `deadline`; all others are asked to end.
  void stop(server::Deadline deadline) noexcept override;

  struct Shared;

 private:
  void run(Event event);
  void begin(Event event, std::vector<Command> commands);

  std::vector<Command> commands_;
  std::shared_ptr<Shared> shared_;  // with the threads
};

}  // namespace portolan::on
