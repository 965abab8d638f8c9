// The life of a worker's listeners and configurations.
#include "server/core_worker.h"

#include <pthread.h>

#include <algorithm>
#include <iterator>

#include "base/scheduling.h"
#include "server/configuration.h"
#include "server/listen/tcp.h"
#include "server/listen/udp.h"

namespace portolan::server {
namespace {

constexpr auto kClosingCheck = std::chrono::milliseconds(10);

}  // namespace

/// The listener of one label on this worker.
struct CoreWorker::Listening {
  std::string label;
  std::vector<std::unique_ptr<UdpListener>> udp;  // round by round: one of each address, then another of each
  std::vector<std::unique_ptr<TcpListener>> tcp;
  unsigned rounds = 0;
  ConfigurationHold* hold = nullptr;  // while it closes: of the plan that its sockets still look at

  void set_plan(const ListenerPlan& plan) {
    for (auto& each : udp) each->set_plan(plan);
    for (auto& each : tcp) each->set_plan(plan);
  }
  void close_input() {
    for (auto& each : udp) each->close_input();
    for (auto& each : tcp) each->close_input();
  }
  bool idle() const {
    return std::all_of(udp.begin(), udp.end(), [](const auto& each) { return each->idle(); }) &&
           std::all_of(tcp.begin(), tcp.end(), [](const auto& each) { return each->idle(); });
  }
};

CoreWorker::CoreWorker(unsigned index, size_t most_queries) : queries_(*this, most_queries), closing_timer_(loop_) {
  index_ = index;
  read_clock();
  queries_.on_drained([this](ConfigurationHold& hold) { let_go(hold); });
}

CoreWorker::~CoreWorker() = default;

void CoreWorker::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), ("worker-" + std::to_string(index_)).c_str());
    ask_short_turns();
    loop_.run();
  });
}

void CoreWorker::stop() { loop_.stop(); }

void CoreWorker::join() {
  if (thread_.joinable()) thread_.join();
}

void CoreWorker::swap(std::shared_ptr<Configuration> next, unsigned workers, std::vector<ListenerSockets> sockets,
                      std::function<void(const std::shared_ptr<Configuration>&)> drained) {
  on_drained_ = std::move(drained);
  close_listeners([&](const Listening& each) {
    const auto& plans = next->listeners();
    return std::none_of(plans.begin(), plans.end(), [&](const auto& plan) { return plan->label == each.label; });
  });
  holds_.push_back(std::make_unique<ConfigurationHold>());
  holds_.back()->configuration = next;
  if (holds_.size() > 1) {
    ConfigurationHold& before = **std::prev(holds_.end(), 2);
    before.retired = true;
    if (before.queries == 0) let_go(before);
  }
  for (const auto& plan : next->listeners()) serve_plan(*plan, plan->sockets_of(index_, workers), sockets);
  check_closing();
}

// Gives the listener of `plan`, which is made if there was none, its new plan, the sockets opened for it, and takes
// away those that are more than `rounds` of each address.
void CoreWorker::serve_plan(const ListenerPlan& plan, unsigned rounds, std::vector<ListenerSockets>& sockets) {
  auto found =
      std::find_if(listening_.begin(), listening_.end(), [&](const auto& each) { return each->label == plan.label; });
  if (found == listening_.end()) {
    found = listening_.insert(listening_.end(), std::make_unique<Listening>());
    (*found)->label = plan.label;
  }
  Listening& listening = **found;
  listening.set_plan(plan);
  if (rounds < listening.rounds) {
    auto surplus = std::make_unique<Listening>();
    surplus->label = plan.label;
    const auto move_out = [&](auto& from, auto& to) {
      const auto first = from.begin() + static_cast<std::ptrdiff_t>(from.size() * rounds / listening.rounds);
      std::move(first, from.end(), std::back_inserter(to));
      from.erase(first, from.end());
    };
    move_out(listening.udp, surplus->udp);
    move_out(listening.tcp, surplus->tcp);
    close(std::move(surplus));
  }
  listening.rounds = rounds;
  for (ListenerSockets& opened : sockets) {
    if (opened.label != plan.label) continue;
    for (Descriptor& fd : opened.udp) {
      listening.udp.push_back(std::make_unique<UdpListener>(*this, std::move(fd), plan));
    }
    for (Descriptor& fd : opened.tcp) {
      listening.tcp.push_back(std::make_unique<TcpListener>(*this, std::move(fd), plan));
    }
  }
}

void CoreWorker::close_listeners(const std::function<bool(const Listening&)>& gone) {
  for (auto each = listening_.begin(); each != listening_.end();) {
    if (!gone(**each)) {
      ++each;
      continue;
    }
    close(std::move(*each));
    each = listening_.erase(each);
  }
  check_closing();
}

// It keeps its configuration as a query does: the plan is part of that.
void CoreWorker::close(std::unique_ptr<Listening> listening) {
  listening->hold = &current();
  ++listening->hold->queries;
  listening->close_input();
  closing_.push_back(std::move(listening));
}

// Listeners whose last answers have left can go.
void CoreWorker::check_closing() {
  for (auto each = closing_.begin(); each != closing_.end();) {
    if (!(*each)->idle()) {
      ++each;
      continue;
    }
    ConfigurationHold& hold = *(*each)->hold;
    each = closing_.erase(each);
    if (--hold.queries == 0 && hold.retired) let_go(hold);
  }
  if (closing_.empty() && on_finished_ && queries_.in_flight() == 0) std::exchange(on_finished_, nullptr)();
  if (!closing_.empty() || on_finished_) closing_timer_.start(kClosingCheck, [this] { check_closing(); });
}

void CoreWorker::let_go(ConfigurationHold& hold) {
  auto found = std::find_if(holds_.begin(), holds_.end(), [&](const auto& each) { return each.get() == &hold; });
  std::shared_ptr<Configuration> configuration = std::move((*found)->configuration);
  holds_.erase(found);
  on_drained_(configuration);
}

void CoreWorker::finish(std::function<void()> done) {
  on_finished_ = std::move(done);
  close_listeners([](const Listening&) { return true; });
}

void CoreWorker::abandon() {
  listening_.clear();
  closing_.clear();
}

}  // namespace portolan::server
