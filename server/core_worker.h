// CoreWorker: a worker as the core knows it: thread, query pool, listeners, the configuration it serves.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "server/query_pool.h"
#include "server/worker.h"

namespace portolan::server {

class Configuration;
struct ListenerPlan;
class TcpListener;
class UdpListener;

/// The sockets of one listener for one worker, opened by the main thread so that an error is known before any worker
/// changes.
struct ListenerSockets {
  std::string label;
  std::vector<Descriptor> udp;
  std::vector<Descriptor> tcp;
};

/// Everything but the constructor, post() and join() is for the worker's own thread.
class CoreWorker : public Worker {
 public:
  /// Queries under way: bounds what suspended ones take of memory.
  static constexpr size_t kMostQueries = 150'000;
  explicit CoreWorker(unsigned index, size_t most_queries = kMostQueries);
  ~CoreWorker() override;

  void start();
  /// Ends the loop; join() waits for the thread.
  void stop();
  void join();

  /// Swaps to `next` between two batches, with the sockets that are new; listeners that `next` has not are drained and
  /// closed. There are `workers` of them; `drained` is called when the last query of the configuration before has
  /// ended.
  void swap(std::shared_ptr<Configuration> next, unsigned workers, std::vector<ListenerSockets> sockets,
            std::function<void(const std::shared_ptr<Configuration>&)> drained);
  /// Answers what is queued, closes all listeners and calls `done` when no query is under way.
  void finish(std::function<void()> done);
  /// Closes everything at once, answers or not; after the loop has ended.
  void abandon();

  QueryPool& queries() { return queries_; }
  ConfigurationHold& current() { return *holds_.back(); }
  void read_clock() { now_ = std::chrono::steady_clock::now(); }

 private:
  struct Listening;
  void serve_plan(const ListenerPlan& plan, unsigned rounds, std::vector<ListenerSockets>& sockets);
  void close_listeners(const std::function<bool(const Listening&)>& gone);
  void close(std::unique_ptr<Listening> listening);
  void check_closing();
  void let_go(ConfigurationHold& hold);

  QueryPool queries_;
  std::list<std::unique_ptr<ConfigurationHold>> holds_;  // the last is current
  std::vector<std::unique_ptr<Listening>> listening_, closing_;
  Timer closing_timer_;
  std::function<void(const std::shared_ptr<Configuration>&)> on_drained_;
  std::function<void()> on_finished_;
  std::thread thread_;
};

}  // namespace portolan::server
