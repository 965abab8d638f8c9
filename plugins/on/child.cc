// posix_spawn, a pipe, and a descriptor that tells of the end.
#include "plugins/on/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/error_text.h"

namespace portolan::on {
namespace {

constexpr size_t kMostLine = 1024;
constexpr size_t kMostAtOnce = 64 * 1024;  // all that a pipe holds, as it is made; then the clock has its turn
constexpr auto kLook = std::chrono::milliseconds(100);  // where the kernel has no descriptors of processes
constexpr auto kLastWait = std::chrono::seconds(1);     // between SIGTERM and SIGKILL

// What posix_spawn wants, freed with it.
struct Actions {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  Actions() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
  }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  ~Actions() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
};

// The server blocks and ignores signals; a command has them as any program has.
void plain_signals(posix_spawnattr_t& attributes) {
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

std::string in_words(int status) {
  if (WIFEXITED(status)) return WEXITSTATUS(status) == 0 ? "" : "exit status " + std::to_string(WEXITSTATUS(status));
  if (WIFSIGNALED(status)) return "ended by signal " + std::to_string(WTERMSIG(status));
  return "ended";
}

int milliseconds_until(SteadyTime time) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 60'000));
}

}  // namespace

Result<Child> Child::start(std::span<const std::string> words) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return fail("pipe: " + error_text(errno));
  Descriptor output(ends[0]), theirs(ends[1]);
  fcntl(theirs.get(), F_SETFL, 0);  // programs do not expect that writing fails
  Actions actions;
  posix_spawn_file_actions_addopen(&actions.files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions.files, theirs.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions.files, theirs.get(), STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions.files, STDERR_FILENO + 1);
  plain_signals(actions.attributes);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int failed = posix_spawnp(&pid, arguments[0], &actions.files, &actions.attributes, arguments.data(), environ);
  if (failed != 0) return fail("exec \"" + words[0] + "\": " + error_text(failed));
  return Child(pid, std::move(output), Descriptor(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))));
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      output_(std::move(other.output_)),
      process_(std::move(other.process_)),
      unread_(std::move(other.unread_)) {}

Child::~Child() {
  if (pid_ < 0) return;
  kill(-pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

std::optional<int> Child::ended() {
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  return status;
}

// False when nothing more will come.
bool Child::read_output(const std::function<void(std::string_view)>& line) {
  std::array<char, 4096> octets;
  for (size_t all = 0; all < kMostAtOnce;) {
    const ssize_t size = read(output_.get(), octets.data(), octets.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno == EAGAIN;
    if (size == 0) return false;
    all += static_cast<size_t>(size);
    unread_.append(octets.data(), static_cast<size_t>(size));
    give_lines(line, false);
  }
  return true;
}

void Child::give_lines(const std::function<void(std::string_view)>& line, bool all) {
  for (;;) {
    const size_t end = unread_.find('\n');
    if (end == unread_.npos && unread_.size() < kMostLine && !(all && !unread_.empty())) return;
    std::string text = unread_.substr(0, std::min(end, kMostLine));
    unread_.erase(0, end <= kMostLine ? end + 1 : text.size());
    for (char& c : text) c = static_cast<unsigned char>(c) < ' ' || c == 127 ? ' ' : c;  // it goes into a log
    line(text);
  }
}

std::string Child::wait(std::optional<SteadyTime> until, int end, const std::function<void(std::string_view)>& line) {
  std::string why;  // it was asked to end
  bool killed = false, open = true;
  const auto ask_to_end = [&](const char* reason) {
    why = reason;
    kill(-pid_, SIGTERM);
    until = std::chrono::steady_clock::now() + kLastWait;
  };
  for (;;) {
    if (open) open = read_output(line);
    if (const auto status = ended()) {
      read_output(line);
      give_lines(line, true);
      pid_ = -1;
      return why.empty() || *status == 0 ? in_words(*status) : why;
    }
    std::array<pollfd, 3> watched{{{process_.get(), POLLIN, 0},  // a descriptor below 0 is passed over
                                   {open ? output_.get() : -1, POLLIN, 0},
                                   {why.empty() ? end : -1, POLLIN, 0}}};
    int most = until ? milliseconds_until(*until) : -1;
    if (!process_) most = most < 0 ? static_cast<int>(kLook.count()) : std::min<int>(most, kLook.count());
    poll(watched.data(), watched.size(), most);
    if (watched[2].revents != 0) {
      ask_to_end("ended with the server");
    } else if (until && std::chrono::steady_clock::now() >= *until && !killed) {
      if (why.empty()) {
        ask_to_end("ended after its time was over");
      } else {
        killed = true;
        kill(-pid_, SIGKILL);
        until.reset();
      }
    }
  }
}

}  // namespace portolan::on
