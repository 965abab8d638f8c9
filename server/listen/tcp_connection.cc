// Reading, serving and writing on one TCP connection.
#include "server/listen/tcp_connection.h"

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <vector>

#include "base/log.h"
#include "server/configuration.h"
#include "server/core_metrics.h"
#include "server/core_worker.h"
#include "server/listen/proxy_header.h"
#include "server/listen/proxy_rules.h"
#include "server/listen/socket.h"
#include "server/serve.h"

namespace portolan::server {
namespace {

using boost::asio::ip::tcp;

constexpr unsigned kMaxPipelined = 128;     // queries of one connection in flight
constexpr size_t kMaxUnread = 256 << 10;    // octets of answers that the client has not read; then no more is read
constexpr size_t kMostStreamed = 64 << 10;  // octets that wait to be written; then streams wait too
constexpr size_t kReadSize = 16 << 10;
constexpr auto kLinger = std::chrono::seconds(2);  // for the client to notice that it is to ask elsewhere

tcp protocol(const SocketAddress& local) { return local.ip.is_v6() ? tcp::v6() : tcp::v4(); }

class Stream : public TcpConnection, public std::enable_shared_from_this<Stream> {
 public:
  Stream(CoreWorker& worker, Descriptor socket, const SocketAddress& client, const SocketAddress& local,
         const ListenerPlan& plan);

  void read();
  void respond(Query& query, std::span<const uint8_t> message) override;
  Task<bool> stream(std::span<const uint8_t> message) override;
  void set_plan(const ListenerPlan& plan) override {
    plan_ = &plan;
    limits_ = plan.limits;
  }
  void finish() override;
  void close() override;
  bool closed() const override { return closed_; }
  bool idle() const override { return in_flight_ == 0 && out_.empty() && writing_.empty(); }
  void check_time(SteadyTime now) override;
  SteadyTime last_active() const override { return last_active_; }
  const IpAddress& peer() const override { return peer_; }

 private:
  void take_octets();
  boost::system::error_code receive();
  void end_input();
  /// Octets of the whole message that starts at `at`, its prefix included; 0 when it has not come.
  size_t whole_message(size_t at) const;
  bool take_proxy_header();
  bool refuse(const char* why);
  void serve_messages();
  void take_message(std::span<const uint8_t> message);
  void append(std::span<const uint8_t> message);
  void write();
  void written(const boost::system::error_code& error);
  Task<bool> wait_for_room();
  void resume_streams();
  bool may_read() const;
  bool asked_enough() const { return limits_.most_queries > 0 && taken_ >= limits_.most_queries; }
  void leave();
  void discard();

  CoreWorker& worker_;
  tcp::socket socket_;
  const IpAddress peer_;          // whose connection it is, whatever a proxy says
  SocketAddress client_, local_;  // of the queries
  const ListenerPlan* plan_;      // of the queries that come; may be gone when none do any more
  StreamLimits limits_;           // of the plan
  std::vector<uint8_t> in_;       // what was read and is no whole message yet
  std::vector<uint8_t> out_;      // answers that wait for the write under way
  std::vector<uint8_t> writing_;
  std::deque<Arrival<bool>*> waiting_;  // streams that wait for room; each lies in its suspended frame
  unsigned in_flight_ = 0;
  uint64_t taken_ = 0;                              // messages so far
  std::shared_ptr<const ProxyRules> header_rules_;  // as long as a PROXY protocol header may come
  bool reading_ = false;
  bool serving_ = false;  // in serve_messages(): answers are gathered, nothing is read
  bool finishing_ = false;
  bool closed_ = false;
  bool leaving_ = false;  // has said that nothing follows, and waits for the client to say so
  bool served_ = false;   // had a whole query: from now on the idle time counts
  SteadyTime last_active_;
  SteadyTime rest_since_;         // when `in_` began to hold a part of a message
  SteadyTime write_moved_;        // when a write began or the client was seen to take some of it
  int unacknowledged_ = 0;        // when last looked at
  std::shared_ptr<Stream> self_;  // while queries are out, so that their answers find the connection
};

Stream::Stream(CoreWorker& worker, Descriptor socket, const SocketAddress& client, const SocketAddress& local,
               const ListenerPlan& plan)
    : worker_(worker),
      socket_(worker.loop().context(), protocol(local), socket.release()),
      peer_(client.ip),
      client_(client),
      local_(local),
      plan_(&plan),
      limits_(plan.limits) {
  socket_.non_blocking(true);
  if (plan.proxy && plan.proxy->policy(client.ip) != ProxyPolicy::skip) header_rules_ = plan.proxy;
  last_active_ = std::chrono::steady_clock::now();
}

bool Stream::may_read() const {
  return !closed_ && !finishing_ && in_flight_ < kMaxPipelined && out_.size() < kMaxUnread && !asked_enough();
}

void Stream::read() {
  if (reading_ || !may_read()) return;
  reading_ = true;
  // Waiting and then reading: an idle connection keeps no buffer.
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const boost::system::error_code& error) {
    self->reading_ = false;
    if (self->closed_ || self->finishing_) return;
    if (error) return self->close();
    self->take_octets();
  });
}

void Stream::take_octets() {
  const boost::system::error_code error = receive();
  if (error == boost::asio::error::would_block) return read();
  // The client has said all it wants to ask; what it asked is still answered.
  if (error) return end_input();
  serve_messages();
}

boost::system::error_code Stream::receive() {
  std::array<uint8_t, kReadSize> octets;
  boost::system::error_code error;
  const size_t size = socket_.read_some(boost::asio::buffer(octets), error);
  worker_.read_clock();
  if (in_.empty()) rest_since_ = worker_.now();
  in_.insert(in_.end(), octets.begin(), octets.begin() + size);
  return error;
}

size_t Stream::whole_message(size_t at) const {
  if (in_.size() - at < 2) return 0;
  const size_t size = 2 + (size_t{in_[at]} << 8 | in_[at + 1]);
  return in_.size() - at < size ? 0 : size;
}

// What a proxy says in front of all messages. False: it has not come whole, or it ends the connection.
bool Stream::take_proxy_header() {
  ProxyHeader header;
  const ProxyParse parse = read_proxy_header(in_, header);
  if (parse == ProxyParse::partial) {
    read();
    return false;
  }
  if (parse == ProxyParse::malformed) return refuse(header.fault);
  const std::shared_ptr<const ProxyRules> rules = std::exchange(header_rules_, nullptr);
  if (parse == ProxyParse::none) return true;
  const ProxyPolicy policy = rules->policy(peer_);
  if (policy == ProxyPolicy::reject) return refuse("headers of this source are rejected");
  in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(header.size));
  if (policy != ProxyPolicy::use || header.local || !header.has_addresses) return true;
  client_ = header.source;
  local_ = header.destination;
  return true;
}

// The source is named in debug lines only: anybody can have any number of them.
bool Stream::refuse(const char* why) {
  core_metrics().proxy_refused.add();
  const std::string& label = plan_->label;
  log::limited(log::Level::warning,
               "closing a connection with an invalid Proxy Protocol header on " + label + ": " + why);
  if (log::debug_enabled()) log::debug("plugin/proxyproto: " + label + ": from " + client_.text() + ": " + why);
  close();
  return false;
}

// Serves what has come whole. When too many queries are in flight or too many answers wait, the rest of the messages
// stays in `in_` and nothing is read; the next answer that leaves goes on here.
void Stream::serve_messages() {
  if (serving_ || (header_rules_ && !take_proxy_header())) return;
  while (may_read() && whole_message(0) > 0) {
    worker_.read_clock();
    serving_ = true;
    size_t at = 0;
    for (size_t size = 0; may_read() && (size = whole_message(at)) > 0; at += size) {
      served_ = true;
      take_message(std::span<const uint8_t>(in_).subspan(at + 2, size - 2));
    }
    serving_ = false;
    last_active_ = rest_since_ = worker_.now();
    in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(at));
    write();
  }
  if (asked_enough()) {
    in_.clear();
    return end_input();
  }
  if (in_.empty()) in_.shrink_to_fit();
  if (whole_message(0) == 0) read();
}

void Stream::take_message(std::span<const uint8_t> message) {
  ++taken_;
  Query& query = worker_.queries().take();
  query.packet = query.arena().copy(message);
  query.client = client_;
  query.local = local_;
  query.transport = Transport::tcp;
  query.received = worker_.now();
  query.listener_ = plan_;
  query.responder_ = this;
  worker_.queries().enter(query, worker_.current());
  if (in_flight_++ == 0) self_ = shared_from_this();
  serve(worker_, query);
}

void Stream::append(std::span<const uint8_t> message) {
  out_.push_back(static_cast<uint8_t>(message.size() >> 8));
  out_.push_back(static_cast<uint8_t>(message.size()));
  out_.insert(out_.end(), message.begin(), message.end());
}

void Stream::respond(Query& query, std::span<const uint8_t> message) {
  if (!message.empty() && !closed_) append(message);
  worker_.queries().give_back(query);
  std::shared_ptr<Stream> keep;  // this may be the last that holds the connection
  if (--in_flight_ == 0) keep.swap(self_);
  if (closed_ || serving_) return;
  write();
  serve_messages();
  if (finishing_ && idle()) leave();
}

void Stream::write() {
  if (closed_ || !writing_.empty() || out_.empty()) return;
  writing_.swap(out_);
  write_moved_ = std::chrono::steady_clock::now();
  boost::asio::async_write(
      socket_, boost::asio::buffer(writing_),
      [self = shared_from_this()](const boost::system::error_code& error, size_t) { self->written(error); });
  worker_.loop().asio_changed();
}

void Stream::written(const boost::system::error_code& error) {
  writing_.clear();
  if (writing_.capacity() > kReadSize) writing_.shrink_to_fit();  // a stream's; the next answers are small
  worker_.read_clock();
  last_active_ = worker_.now();
  if (error) return close();
  write();
  resume_streams();
  serve_messages();
  if (finishing_ && idle()) leave();
}

// A stream makes a message or two, then others have their turn: the loop comes back here when these have left.
Task<bool> Stream::stream(std::span<const uint8_t> message) {
  if (closed_) return false;
  append(message);
  if (!serving_) write();
  if (out_.size() < kMostStreamed) return true;
  return wait_for_room();
}

Task<bool> Stream::wait_for_room() {
  Arrival<bool> room;
  waiting_.push_back(&room);
  const bool open = co_await room;
  co_return open;
}

void Stream::resume_streams() {
  while (!waiting_.empty() && (closed_ || out_.size() < kMostStreamed)) {
    Arrival<bool>* const room = waiting_.front();
    waiting_.pop_front();
    room->set(!closed_);
  }
}

// What the kernel holds already is still answered.
void Stream::finish() {
  if (may_read() && !receive()) serve_messages();
  end_input();
}

void Stream::end_input() {
  finishing_ = true;
  if (idle()) leave();
}

// The last answer has left. A client that may go on to ask, and does not know that it is to do so elsewhere, is given
// the time to hear of it: closing at once, with questions unread, would tell its kernel to forget our answers.
void Stream::leave() {
  if (closed_ || leaving_) return;
  boost::system::error_code failed;
  if (asked_enough()) socket_.shutdown(tcp::socket::shutdown_send, failed);
  if (!asked_enough() || failed) return close();
  leaving_ = true;
  last_active_ = worker_.now();
  discard();
}

void Stream::discard() {
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](boost::system::error_code error) {
    if (self->closed_) return;
    std::array<uint8_t, kReadSize> octets;
    if (!error) self->socket_.read_some(boost::asio::buffer(octets), error);
    if (error && error != boost::asio::error::would_block) return self->close();
    self->discard();
  });
  worker_.loop().asio_changed();
}

void Stream::close() {
  if (closed_) return;
  closed_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
  worker_.loop().asio_changed();
  // Not from here: whoever closes may be walking through the connections.
  if (!waiting_.empty()) worker_.loop().post([self = shared_from_this()] { self->resume_streams(); });
}

void Stream::check_time(SteadyTime now) {
  if (closed_) return;
  if (!writing_.empty()) {
    // A slow client first takes what the kernel has buffered before this write, which may be megabytes.
    const int waiting = unacknowledged(socket_.native_handle());
    if (std::exchange(unacknowledged_, waiting) != waiting) write_moved_ = now;
    if (now - write_moved_ > limits_.write_timeout) close();
    return;
  }
  if (in_flight_ > 0) return;
  if (leaving_) {
    if (now - last_active_ > kLinger) close();
    return;
  }
  // Octets alone do not count: a message has to come whole within the read time-out.
  const bool rest_missing = !in_.empty();
  const SteadyTime since = served_ && rest_missing ? rest_since_ : last_active_;
  const auto allowed = served_ && !rest_missing ? limits_.idle_timeout : limits_.read_timeout;
  if (now - since > allowed) close();
}

}  // namespace

std::shared_ptr<TcpConnection> TcpConnection::start(CoreWorker& worker, Descriptor socket, const SocketAddress& client,
                                                    const SocketAddress& local, const ListenerPlan& plan) {
  auto stream = std::make_shared<Stream>(worker, std::move(socket), client, local, plan);
  stream->read();
  return stream;
}

}  // namespace portolan::server
