// posix_spawn: fork() in a process with many threads must not do more than call exec, and this does just that.
#include "cluster/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/descriptor.h"

extern char** environ;

namespace portolan::cluster {
namespace {

using std::chrono::steady_clock;

constexpr size_t kMostOutput = 1 << 20;
constexpr size_t kMostComplaint = 4096;   // the end of standard error
constexpr size_t kMostAtOnce = 64 << 10;  // all that a pipe holds, as it is made
constexpr std::chrono::milliseconds kLook{50};

/// The reading end does not block; the writing end becomes the program's.
struct Pipe {
  Descriptor read, write;
  bool open() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    read = Descriptor(ends[0]);
    write = Descriptor(ends[1]);
    return ::fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
  }
};

Error system_error(const std::string& what, int code) { return fail(what + ": " + std::strerror(code)); }

/// A program that runs, in a process group of its own.
class Child {
 public:
  Child() = default;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { end(); }

  Result<void> start(const Program& program);
  /// Reads what is there; waits for it no longer than `wait`. False when the program has ended.
  bool look(std::chrono::milliseconds wait);
  /// Ends the whole group.
  void end();
  int status() const { return status_; }
  const std::string& output() const { return output_; }
  /// The last line of standard error.
  std::string complaint() const;

 private:
  void drain();

  pid_t pid_ = -1;
  Descriptor handle_;
  Pipe out_, err_;
  std::string output_, complaint_;
  int status_ = 0;
};

std::vector<std::string> environment_of(const Program& program) {
  std::vector<std::string> all;
  for (char** each = environ; each && *each; ++each) {
    const std::string_view entry(*each);
    const std::string_view name = entry.substr(0, entry.find('='));
    const bool replaced = std::any_of(program.environment.begin(), program.environment.end(),
                                      [&](const auto& mine) { return mine.first == name; });
    if (!replaced) all.emplace_back(entry);
  }
  for (const auto& [name, value] : program.environment) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

Result<void> Child::start(const Program& program) {
  if (!out_.open() || !err_.open()) return system_error("no pipe can be made", errno);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out_.write.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err_.write.get(), STDERR_FILENO);

  // This process blocks the signals it handles and ignores SIGPIPE; a program expects neither.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::vector<std::string> words{program.path};
  words.insert(words.end(), program.args.begin(), program.args.end());
  std::vector<std::string> environment = environment_of(program);
  const int code = ::posix_spawn(&pid_, program.path.c_str(), &actions, &attributes, pointers(words).data(),
                                 pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  out_.write.close();
  err_.write.close();
  if (code != 0) {
    pid_ = -1;
    return system_error("cannot be started", code);
  }
  handle_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  return {};
}

bool Child::look(std::chrono::milliseconds wait) {
  std::array<pollfd, 3> waited{pollfd{out_.read.get(), POLLIN, 0}, pollfd{err_.read.get(), POLLIN, 0},
                               pollfd{handle_.get(), POLLIN, 0}};
  ::poll(waited.data(), waited.size(), static_cast<int>(wait.count()));
  // A process that the program has left behind, an agent perhaps, may hold the pipes open for ever: what counts is the
  // program's own end.
  const bool ended = ::waitpid(pid_, &status_, WNOHANG) == pid_;
  drain();
  if (!ended) return true;
  pid_ = -1;
  return false;
}

void Child::drain() {
  const auto read_all = [](Descriptor& from, std::string& into, size_t most, bool keep_end) {
    std::array<char, 16384> piece;
    for (size_t all = 0; all < kMostAtOnce && from.get() >= 0;) {
      const ssize_t size = ::read(from.get(), piece.data(), piece.size());
      if (size < 0) return;
      if (size == 0) return from.close();
      all += static_cast<size_t>(size);
      into.append(piece.data(), static_cast<size_t>(size));
      if (keep_end && into.size() > most) into.erase(0, into.size() - most);
      if (!keep_end && into.size() > most) return;
    }
  };
  read_all(out_.read, output_, kMostOutput, false);
  read_all(err_.read, complaint_, kMostComplaint, true);
}

void Child::end() {
  if (pid_ < 0) return;
  ::kill(-pid_, SIGKILL);
  ::waitpid(pid_, &status_, 0);
  pid_ = -1;
}

std::string Child::complaint() const {
  const size_t last = complaint_.find_last_not_of(" \t\r\n");
  if (last == std::string::npos) return {};
  const size_t start = complaint_.find_last_of('\n', last) + 1;
  std::string line = complaint_.substr(start, last + 1 - start);
  std::replace_if(line.begin(), line.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  return line.substr(0, 300);
}

std::string status_text(int status) {
  return WIFSIGNALED(status) ? "ended by signal " + std::to_string(WTERMSIG(status))
                             : "exit status " + std::to_string(WEXITSTATUS(status));
}

bool is_program(const std::string& path) {
  struct stat found{};
  return ::stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

Result<std::string> find_program(const std::string& command, const std::string& folder) {
  const auto text = [](std::string found) {
    return Result<std::string>(boost::system::in_place_value, std::move(found));
  };
  if (command.find('/') != std::string::npos) {
    const std::string path = command.starts_with('/') ? command : folder + "/" + command;
    if (is_program(path)) return text(path);
    return fail("command \"" + command + "\": " + path + " is no program");
  }
  const char* const variable = std::getenv("PATH");
  std::string_view rest = variable ? variable : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(':'), rest.size());
    // An empty entry would mean the working directory: not a place to take programs from.
    const std::string path = std::string(rest.substr(0, end)) + "/" + command;
    if (end != 0 && is_program(path)) return text(path);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return fail("command \"" + command + "\" is not in PATH");
}

Result<std::string> run_program(const Program& program, std::chrono::milliseconds limit,
                                const std::function<bool()>& stopped) {
  Child child;
  if (auto started = child.start(program); !started) return fail(program.path + ": " + started.error().message);
  const auto end = steady_clock::now() + limit;
  while (child.look(kLook)) {
    if (stopped()) return fail("stopped");
    if (child.output().size() > kMostOutput) return fail(program.path + ": prints more than 1 MiB");
    if (steady_clock::now() < end) continue;
    return fail(program.path + ": still runs after " + std::to_string(limit.count()) + " ms");
  }
  if (child.output().size() > kMostOutput) return fail(program.path + ": prints more than 1 MiB");
  if (child.status() != 0) {
    const std::string complaint = child.complaint();
    return fail(program.path + ": " + status_text(child.status()) + (complaint.empty() ? "" : ": " + complaint));
  }
  return Result<std::string>(boost::system::in_place_value, child.output());
}

}  // namespace portolan::cluster
