// SIGPROF and what its handler may do: it takes a slot of memory that is there, and fills it.
#include "plugins/pprof/cpu_sampler.h"

#include <execinfo.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace portolan::pprof {
namespace {

constexpr int kDeepest = 64;            // addresses of a stack
constexpr size_t kMostSlots = 1 << 17;  // 68 MB of addresses, touched as far as they are used
constexpr auto kPeriod = std::chrono::nanoseconds(1'000'000'000 / CpuSampler::kHertz);

struct Slot {
  pid_t thread;
  int depth;
  void* stack[kDeepest];
};

struct Collection {
  explicit Collection(size_t slots) : capacity(slots), taken(std::make_unique_for_overwrite<Slot[]>(slots)) {}
  const size_t capacity;
  const std::unique_ptr<Slot[]> taken;
  std::atomic<size_t> next{0};
};

std::atomic<Collection*> under_way{nullptr};
std::atomic<int> inside{0};  // handlers that may look at it

void* interrupted(const void* context) {
  const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return reinterpret_cast<void*>(machine.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return reinterpret_cast<void*>(machine.pc);
#else
#error "the program counter of this processor is not known here"
#endif
}

// Async-signal-safe: glibc's backtrace() is once it has been called (the unwinder is loaded then), since the unwinder
// finds its tables without a lock.
void on_signal(int, siginfo_t*, void* context) {
  const int before = errno;
  inside.fetch_add(1);
  if (Collection* collection = under_way.load()) {
    const size_t index = collection->next.fetch_add(1, std::memory_order_relaxed);
    if (index < collection->capacity) {
      Slot& slot = collection->taken[index];
      slot.thread = static_cast<pid_t>(syscall(SYS_gettid));
      slot.depth = backtrace(slot.stack, kDeepest);
      // In front of the address that was interrupted are the handler and the kernel's way into it.
      void** const end = slot.stack + slot.depth;
      void** const first = std::find(slot.stack, end, interrupted(context));
      if (first != end) {
        slot.depth = static_cast<int>(std::copy(first, end, slot.stack) - slot.stack);
      } else {
        slot.stack[0] = interrupted(context);
        slot.depth = 1;
      }
    }
  }
  inside.fetch_sub(1);
  errno = before;
}

// Once and for good: a signal that is late must find a handler.
void install_handler() {
  void* one = nullptr;
  backtrace(&one, 1);  // loads the unwinder
  struct sigaction action{};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigfillset(&action.sa_mask);
  sigaction(SIGPROF, &action, nullptr);
}

std::vector<pid_t> threads() {
  std::vector<pid_t> all;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task", error)) {
    const std::string name = entry.path().filename();
    pid_t thread = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), thread).ec == std::errc()) all.push_back(thread);
  }
  return all;
}

std::string thread_name(pid_t thread) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/comm");
  std::string name;
  std::getline(file, name);
  return name.empty() ? "thread" : name;
}

/// A timer on the CPU time of one thread that signals this thread.
class Timer {
 public:
  explicit Timer(pid_t thread) {
    // The kernel's number of a thread's CPU clock, which pthread_getcpuclockid() has for its own threads only.
    const auto clock = static_cast<clockid_t>(~static_cast<unsigned>(thread) << 3 | 6);
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGPROF;
    event._sigev_un._tid = thread;
    made_ = timer_create(clock, &event, &timer_) == 0;
    itimerspec period{};
    period.it_interval.tv_nsec = period.it_value.tv_nsec = kPeriod.count();
    if (made_) timer_settime(timer_, 0, &period, nullptr);
  }
  Timer(const Timer&) = delete;
  ~Timer() {
    if (made_) timer_delete(timer_);
  }

 private:
  timer_t timer_{};
  bool made_ = false;
};

std::mutex mutex;
std::condition_variable cancelled;
bool collecting = false, ends = false;

// False: somebody else collects.
bool begin() {
  const std::lock_guard lock(mutex);
  if (collecting) return false;
  ends = false;
  return collecting = true;
}

void wait_for(std::chrono::nanoseconds duration) {
  std::unique_lock lock(mutex);
  cancelled.wait_for(lock, duration, [] { return ends; });
}

}  // namespace

Result<Samples> CpuSampler::collect(std::chrono::nanoseconds duration) {
  if (!begin()) return fail("cpu profiling already in use");
  static const bool installed = (install_handler(), true);
  (void)installed;
  const auto seconds = static_cast<size_t>(std::chrono::ceil<std::chrono::seconds>(duration).count());
  Collection collection(
      std::min(kMostSlots, (seconds + 1) * kHertz * std::max(1U, std::thread::hardware_concurrency())));
  std::map<pid_t, std::string> names;
  const auto start = std::chrono::steady_clock::now();
  {
    under_way.store(&collection);
    std::vector<std::unique_ptr<Timer>> timers;
    for (const pid_t thread : threads()) {
      names[thread] = thread_name(thread);
      timers.push_back(std::make_unique<Timer>(thread));
    }
    wait_for(duration);
  }
  under_way.store(nullptr);
  while (inside.load() != 0) std::this_thread::yield();
  Samples samples;
  samples.period = kPeriod;
  samples.duration = std::chrono::steady_clock::now() - start;
  const size_t taken = std::min(collection.next.load(), collection.capacity);
  samples.lost = collection.next.load() - taken;
  for (size_t i = 0; i < taken; ++i) {
    const Slot& slot = collection.taken[i];
    Sample sample{names[slot.thread], {}};
    for (int depth = 0; depth < slot.depth; ++depth) {
      // A return address belongs to the call in front of it.
      sample.stack.push_back(reinterpret_cast<uintptr_t>(slot.stack[depth]) - (depth == 0 ? 0 : 1));
    }
    samples.all.push_back(std::move(sample));
  }
  const std::lock_guard lock(mutex);
  collecting = false;
  return samples;
}

bool CpuSampler::busy() {
  const std::lock_guard lock(mutex);
  return collecting;
}

void CpuSampler::cancel() {
  const std::lock_guard lock(mutex);
  ends = true;
  cancelled.notify_all();
}

}  // namespace portolan::pprof
