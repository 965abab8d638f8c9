// Ordering answers on their way back, and keeping up with the weight file.
#include "plugins/loadbalance/loadbalance.h"

#include <fstream>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "base/rcu.h"

namespace portolan::loadbalance {

using dns::RRType;
using server::Outcome;
using server::Query;

namespace {

std::string duration_text(std::chrono::nanoseconds duration) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  if (milliseconds % 1000 == 0) return std::to_string(milliseconds / 1000) + "s";
  return std::to_string(milliseconds) + "ms";
}

}  // namespace

LoadBalance::LoadBalance(Options options, Loop& background)
    : options_(std::move(options)), background_(background), weights_(new Weights) {}

LoadBalance::~LoadBalance() { delete weights_.load(); }

Result<void> LoadBalance::prepare() {
  if (options_.weight_file.empty()) return {};
  const auto read = read_weights();
  if (read.has_error()) return corefile::error_at("loadbalance", options_.at, read.error().message);
  const bool again = options_.reload.count() > 0;
  if (!*read) {
    if (!again) {
      return corefile::error_at("loadbalance", options_.at, "weight file open error: " + options_.weight_file);
    }
    log::warning("plugin/loadbalance: Failed to open weight file:weight file open error. Will try again in " +
                 duration_text(options_.reload));
  }
  if (again) {
    timer_.emplace(background_);
    schedule();
  }
  return {};
}

void LoadBalance::stop(server::Deadline) noexcept { timer_.reset(); }

void LoadBalance::schedule() {
  timer_->start(options_.reload, [this] {
    const auto read = read_weights();
    if (read.has_error()) {
      log::error("plugin/loadbalance: " + read.error().message);
    } else if (!*read) {
      log::error("plugin/loadbalance: weight file open error");
    }
    schedule();
  });
}

// A file with an error is reported once, and what was read before stays in force.
Result<bool> LoadBalance::read_weights() {
  std::ifstream file(options_.weight_file, std::ios::binary);
  if (!file) return false;
  std::string content{std::istreambuf_iterator<char>(file), {}};
  if (content == content_) return true;
  content_ = std::move(content);
  auto weights = Weights::parse(content_, options_.weight_file);
  if (weights.has_error()) return weights.error();
  const Weights* old = weights_.exchange(new Weights(std::move(*weights)), std::memory_order_acq_rel);
  rcu::defer_delete(old);
  log::info("plugin/loadbalance: Successfully reloaded weight file " + options_.weight_file);
  return true;
}

Task<Outcome> LoadBalance::serve(Query& query, server::Next next) {
  Task<Outcome> task = next(query);
  if (!task.ready()) return wait_for(query, std::move(task));
  return order(query, task.take());
}

Task<Outcome> LoadBalance::wait_for(Query& query, Task<Outcome> task) {
  Outcome outcome = co_await task;
  co_return order(query, outcome);
}

Outcome LoadBalance::order(Query& query, const Outcome& outcome) const {
  server::Reply& reply = query.reply();
  const RRType type = query.question.type;
  const bool transfer = type == RRType::axfr || type == RRType::ixfr;
  if (outcome.verdict != server::Verdict::answered || reply.rcode != dns::Rcode::noerror || transfer) return outcome;
  if (!options_.weight_file.empty()) {
    if (type == RRType::a || type == RRType::aaaa || type == RRType::srv) order_by_weight(query);
  } else {
    for (auto* section : {&reply.answer, &reply.authority, &reply.additional}) shuffle(*section, query.arena());
  }
  if (!options_.preferred.empty()) {
    put_preferred_first(reply.answer, options_.preferred, query.arena());
    put_preferred_first(reply.additional, options_.preferred, query.arena());
  }
  return outcome;
}

void LoadBalance::order_by_weight(Query& query) const {
  rcu::ReadGuard guard;
  const Weights& weights = *weights_.load(std::memory_order_acquire);
  put_weighted_first(query.reply().answer, weights, query.arena());
  put_weighted_first(query.reply().additional, weights, query.arena());
}

}  // namespace portolan::loadbalance
