// The writer thread and the per-thread queues behind log.h. A line costs its producer two copies and one store; the
// writer is woken only when it sleeps, gathers for a moment, and writes everything in one call.
#include "base/log.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "base/log_limiter.h"
#include "base/log_queue.h"
#include "base/metrics.h"

namespace portolan::log {
namespace {

constexpr size_t kLongestLine = Queue::kCapacity / 4;
constexpr auto kGather = std::chrono::milliseconds(1);  // bounds wake-ups at a thousand a second, whatever the load

struct Source {
  Queue queue;
  std::atomic<bool> ended{false};  // its thread is gone: to be forgotten once empty
};

std::string_view tag(Level level) {
  static constexpr std::string_view kTags[] = {"[DEBUG] ", "[INFO] ", "[WARNING] ", "[ERROR] ", "[FATAL] "};
  return kTags[static_cast<size_t>(level)];
}

const metrics::Counter& drops() {
  static const metrics::Counter counter =
      metrics::CounterFamily("portolan_log_dropped_lines_total",
                             "Log lines dropped because standard output was not read fast enough.")
          .with();
  return counter;
}

// Lives for ever: threads may log while the process ends.
class Writer {
 public:
  static Writer& instance() {
    static Writer* const writer = new Writer;
    return *writer;
  }

  std::shared_ptr<Source> add_source() {
    auto source = std::make_shared<Source>();
    std::lock_guard lock(sources_mutex_);
    sources_.push_back(source);
    return source;
  }

  void push(Queue& queue, std::string_view start, std::string_view text) {
    if (!queue.push({start, text.substr(0, kLongestLine)})) {
      drops().add();
      return;
    }
    wake();
  }

  // For threads whose own queue is gone already (destructors of thread-local objects).
  void push_late(std::string_view start, std::string_view text) {
    std::lock_guard lock(late_mutex_);
    push(late_->queue, start, text);
  }

  void flush(std::chrono::milliseconds most) {
    std::unique_lock lock(flush_mutex_);
    const uint64_t request = flush_requested_.fetch_add(1) + 1;
    wake();
    flushed_.wait_for(lock, most, [&] { return flush_done_ >= request; });
  }

  std::atomic<int> output{STDOUT_FILENO};
  std::atomic<bool> debug{false};

 private:
  Writer() {
    late_ = add_source();
    drops();
    std::thread([this] { run(); }).detach();
    std::atexit([] { log::flush(1000); });
  }

  void wake() {
    if (sleeping_.load(std::memory_order_seq_cst) && sleeping_.exchange(false)) sleeping_.notify_one();
  }

  void run() {
    pthread_setname_np(pthread_self(), "log");
    std::string batch;
    uint64_t reported = 0;
    for (;;) {
      const uint64_t request = flush_requested_.load();
      batch.clear();
      collect(batch);
      write_all(batch);
      reported = report_drops(reported);
      finish_flush(request);
      sleep();
      if (flush_requested_.load() == request) std::this_thread::sleep_for(kGather);
    }
  }

  void collect(std::string& batch) {
    std::lock_guard lock(sources_mutex_);
    std::erase_if(sources_, [&](const std::shared_ptr<Source>& source) {
      const bool ended = source->ended.load(std::memory_order_acquire);
      source->queue.drain(batch);
      return ended;
    });
  }

  void sleep() {
    sleeping_.store(true, std::memory_order_seq_cst);
    if (anything_queued()) {
      sleeping_.store(false);
      return;
    }
    sleeping_.wait(true);
  }

  bool anything_queued() {
    if (flush_requested_.load() != flush_done_) return true;
    std::lock_guard lock(sources_mutex_);
    for (const auto& source : sources_) {
      if (!source->queue.empty()) return true;
    }
    return false;
  }

  void write_all(std::string_view batch) {
    while (!batch.empty()) {
      const int descriptor = output.load();
      const ssize_t wrote = ::write(descriptor, batch.data(), batch.size());
      if (wrote >= 0) {
        batch.remove_prefix(static_cast<size_t>(wrote));
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        pollfd waiting{descriptor, POLLOUT, 0};
        ::poll(&waiting, 1, -1);
      } else if (errno != EINTR) {
        return;  // nobody reads any more
      }
    }
  }

  // Said once the output flows again, since write_all() comes first.
  uint64_t report_drops(uint64_t reported) {
    const uint64_t total = drops().value();
    if (total > reported) {
      write_all("[WARNING] log: " + std::to_string(total - reported) +
                " lines dropped: standard output was not read fast enough\n");
    }
    return total;
  }

  void finish_flush(uint64_t request) {
    if (request == flush_done_) return;
    {
      std::lock_guard lock(flush_mutex_);
      flush_done_ = request;
    }
    flushed_.notify_all();
  }

  std::mutex sources_mutex_;
  std::vector<std::shared_ptr<Source>> sources_;
  std::mutex late_mutex_;
  std::shared_ptr<Source> late_;
  std::atomic<bool> sleeping_{false};
  std::mutex flush_mutex_;
  std::condition_variable flushed_;
  std::atomic<uint64_t> flush_requested_{0};
  uint64_t flush_done_ = 0;  // written by the writer under flush_mutex_
};

// A thread's queue; made at its first line.
struct ThreadSource {
  std::shared_ptr<Source> source = Writer::instance().add_source();
  ~ThreadSource();
};

thread_local bool thread_ended = false;

ThreadSource::~ThreadSource() {
  thread_ended = true;
  source->ended.store(true, std::memory_order_release);
}

void put(std::string_view start, std::string_view text) {
  Writer& writer = Writer::instance();
  if (thread_ended) return writer.push_late(start, text);
  static thread_local ThreadSource mine;
  writer.push(mine.source->queue, start, text);
}

}  // namespace

void write(Level level, std::string_view text) {
  if (level == Level::debug && !debug_enabled()) return;
  put(tag(level), text);
}

void debug(std::string_view text) { write(Level::debug, text); }
void enable_debug(bool on) { Writer::instance().debug.store(on, std::memory_order_relaxed); }
bool debug_enabled() { return Writer::instance().debug.load(std::memory_order_relaxed); }
void plain(std::string_view line) { put({}, line); }

void limited(Level level, std::string_view text, unsigned interval_seconds) {
  static Guarded<Limiter>* const limiter = new Guarded<Limiter>;
  const std::string line = limiter->lock()->admit(text, std::chrono::seconds(interval_seconds), system_clock().now());
  if (!line.empty()) write(level, line);
}

uint64_t dropped() { return drops().value(); }
void flush(unsigned milliseconds) { Writer::instance().flush(std::chrono::milliseconds(milliseconds)); }
void set_output(int descriptor) { Writer::instance().output.store(descriptor); }

}  // namespace portolan::log
