// Threads that run commands one after another. They outlive the hooks, if need be: nobody but the process's end waits.
#include "plugins/on/on.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/log.h"
#include "plugins/on/child.h"

namespace portolan::on {
namespace {

constexpr auto kLimit = std::chrono::seconds(60);
constexpr auto kLastWait = std::chrono::seconds(2);  // for commands that are being ended

std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

}  // namespace

/// What the threads have in common with the hooks.
struct Hooks::Shared {
  Descriptor end_others{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};    // readable: startup commands are to end
  Descriptor end_shutdown{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};  // and those for the shutdown
  std::mutex mutex;
  std::condition_variable changed;
  unsigned running = 0;           // threads
  unsigned running_shutdown = 0;  // of these, with commands for the shutdown

  unsigned& count(Event event) { return event == Event::shutdown ? running_shutdown : running; }
  int end(Event event) const { return event == Event::shutdown ? end_shutdown.get() : end_others.get(); }
  bool ending(Event event) const {
    uint64_t value = 0;
    const int fd = end(event);
    if (read(fd, &value, sizeof value) != sizeof value) return false;
    raise(event);  // for others who look
    return true;
  }
  void raise(Event event) const {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(end(event), &one, sizeof one);
  }
};

namespace {

void run_command(const Command& command, int end) {
  const std::string prefix = "plugin/on: " + std::string(text(command.event)) + ": ";
  const std::string line = joined(command.words);
  log::info(prefix + "running \"" + line + "\"" + (command.background ? " in the background" : ""));
  auto child = Child::start(command.words);
  if (child.has_error()) return log::error(prefix + child.error().message);
  std::optional<SteadyTime> until;
  if (!command.background) until = std::chrono::steady_clock::now() + kLimit;
  const std::string& name = command.words.front();
  const std::string why =
      child->wait(until, end, [&](std::string_view text) { log::info(prefix + name + ": " + std::string(text)); });
  if (!why.empty()) log::error(prefix + "\"" + line + "\": " + why);
}

}  // namespace

std::string_view text(Event event) {
  switch (event) {
    case Event::startup:
      return "startup";
    case Event::shutdown:
      return "shutdown";
    case Event::certrenew:
      break;
  }
  return "certrenew";
}

Hooks::Hooks() : shared_(std::make_shared<Shared>()) {}
Hooks::~Hooks() = default;

// Those in the background on a thread each; the others on one, in the order of the Corefile.
void Hooks::run(Event event) {
  std::vector<std::vector<Command>> threads(1);
  for (const Command& command : commands_) {
    if (command.event != event) continue;
    if (command.background) {
      threads.push_back({command});
    } else {
      threads.front().push_back(command);
    }
  }
  for (std::vector<Command>& commands : threads) {
    if (!commands.empty()) begin(event, std::move(commands));
  }
}

void Hooks::begin(Event event, std::vector<Command> commands) {
  {
    std::lock_guard lock(shared_->mutex);
    ++shared_->count(event);
  }
  const auto done = [event](Shared& shared) {
    std::lock_guard lock(shared.mutex);
    --shared.count(event);
    shared.changed.notify_all();
  };
  try {
    std::thread([event, done, shared = shared_, commands = std::move(commands)] {
      pthread_setname_np(pthread_self(), "on");
      for (const Command& command : commands) {
        if (shared->ending(event)) break;
        run_command(command, shared->end(event));
      }
      done(*shared);
    }).detach();
  } catch (const std::system_error& error) {
    done(*shared_);
    log::error("plugin/on: " + std::string(text(event)) + ": no thread for its commands: " + error.what());
  }
}

void Hooks::stop(server::Deadline deadline) noexcept {
  shared_->raise(Event::startup);
  std::unique_lock lock(shared_->mutex);
  shared_->changed.wait_until(lock, deadline, [&] { return shared_->running_shutdown == 0; });
  if (shared_->running_shutdown > 0) shared_->raise(Event::shutdown);
  const bool process_ends = deadline > std::chrono::steady_clock::now() || shared_->running_shutdown > 0;
  if (!process_ends) return;
  shared_->changed.wait_for(lock, kLastWait, [&] { return shared_->running + shared_->running_shutdown == 0; });
}

}  // namespace portolan::on
