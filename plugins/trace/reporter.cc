// Batches over HTTP.
#include "plugins/trace/reporter.h"

#include <poll.h>
#include <pthread.h>

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "cluster/http_client.h"
#include "plugins/trace/format.h"

namespace portolan::trace {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kTimeout{5};  // for a reply, as CoreDNS
constexpr std::chrono::seconds kGoodbye{1};  // for the last one
constexpr milliseconds kNap{50};             // between two looks for a full batch
constexpr size_t kDrain = 256 * 1024;        // octets of a worker taken at once

const metrics::CounterFamily kDropped("portolan_trace_dropped_spans_total",
                                      "Counter of spans that no collector got: it does not take them, or not in time.");
const metrics::Counter kDrops = kDropped.with();

}  // namespace

class Reporter::Connection {
 public:
  explicit Connection(const std::string& origin) : client_({.url = origin}) {}
  /// Empty when the collector has taken it, else why not.
  std::string post(const std::string& path, Body body) {
    cluster::HttpRequest request{.method = "POST",
                                 .path = path,
                                 .headers = {{"Content-Type", std::move(body.content_type)}},
                                 .body = std::move(body.octets)};
    if (body.traces == 0) {
      request.headers.emplace_back("b3", "0");  // what carries spans is not to be traced itself
    } else {
      request.headers.emplace_back("X-Datadog-Trace-Count", std::to_string(body.traces));
      request.headers.emplace_back("Datadog-Meta-Lang", "cpp");
    }
    const auto reply = client_.send(request, kTimeout, {nullptr, [](std::string_view) { return true; }});
    if (!reply.problem.empty()) return "failed to send the request: " + reply.problem;
    if (reply.status < 200 || reply.status > 299) {
      return "failed the request with status code " + std::to_string(reply.status);
    }
    return {};
  }
  /// From another thread: a request under way fails, and so do later ones.
  void interrupt() { client_.stop(); }

 private:
  cluster::HttpClient client_;
};

Reporter::Reporter(const Options& options, unsigned workers)
    : options_(options),
      mailbox_(workers, 0),
      buffers_(workers),
      connection_(std::make_unique<Connection>(options.origin)) {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "trace");
}

Reporter::~Reporter() {
  ending_.store(true, std::memory_order_release);
  mailbox_.wake();
  // What is under way may end well.
  if (ended_.get_future().wait_for(kGoodbye) == std::future_status::timeout) connection_->interrupt();
  thread_.join();
}

void Reporter::report(size_t index, const SpanView& span) {
  std::string& buffer = buffers_[index];
  encode(span, buffer);
  if (!mailbox_.push(index, {reinterpret_cast<const uint8_t*>(buffer.data()), buffer.size()})) kDrops.add();
}

void Reporter::run() {
  while (!ending_.load(std::memory_order_acquire)) {
    collect();
    const SteadyTime now = std::chrono::steady_clock::now();
    if (waiting_.size() >= options_.batch || (!waiting_.empty() && now >= due_)) send();
    wait(now);
  }
  collect();
  if (!waiting_.empty()) send();
  ended_.set_value();
}

void Reporter::collect() {
  drained_.clear();
  mailbox_.drain(drained_, kDrain);
  const bool first = waiting_.empty();
  for (std::string_view rest = drained_; !rest.empty();) {
    size_t size = 0;
    for (size_t i = 0; i < MessageRing::kPrefix; ++i) size = size << 8 | static_cast<uint8_t>(rest[i]);
    waiting_.push_back(decode(rest.substr(MessageRing::kPrefix, size)));
    rest.remove_prefix(MessageRing::kPrefix + size);
  }
  if (first && !waiting_.empty()) due_ = std::chrono::steady_clock::now() + options_.interval;
  if (waiting_.size() <= options_.backlog) return;
  const size_t over = waiting_.size() - options_.backlog;
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(over));
  kDrops.add(over);
  log::limited(log::Level::warning, "plugin/trace: backlog too long, disposing spans");
}

void Reporter::send() {
  const std::vector<Span> spans(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.end()));
  waiting_.clear();
  const std::string error = connection_->post(options_.path, format_spans(spans, options_));
  if (error.empty()) return;
  kDrops.add(spans.size());
  log::limited(log::Level::warning, "plugin/trace: " + options_.origin + options_.path + ": " + error);
}

void Reporter::wait(SteadyTime now) {
  pollfd wait{mailbox_.descriptor(), POLLIN, 0};
  if (!waiting_.empty()) {
    const auto left = std::clamp<std::chrono::nanoseconds>(due_ - now, milliseconds(0), kNap);
    poll(&wait, 1, static_cast<int>(std::chrono::ceil<milliseconds>(left).count()));
  } else if (mailbox_.may_sleep()) {
    poll(&wait, 1, -1);
  }
  if (!ending_.load(std::memory_order_acquire)) mailbox_.awake();
}

}  // namespace portolan::trace
