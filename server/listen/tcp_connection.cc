// Reading, serving and writing on one TCP connection.
#include "server/listen/tcp_connection.h"

#include <algorithm>
#include <boost/asio/write.hpp>
#include <cstring>

#include "server/configuration.h"
#include "server/core_worker.h"
#include "server/serve.h"

namespace portolan::server {
namespace {

constexpr unsigned kMaxPipelined = 128;   // queries of one connection in flight
constexpr size_t kMaxUnread = 256 << 10;  // octets of answers that the client has not read; then no more is read
constexpr size_t kReadSize = 4096;
constexpr auto kWriteTime = std::chrono::seconds(5);  // for a client that never reads

}  // namespace

TcpConnection::TcpConnection(CoreWorker& worker, boost::asio::ip::tcp::socket socket, const SocketAddress& client,
                             const SocketAddress& local, const ListenerPlan& plan)
    : worker_(worker), socket_(std::move(socket)), client_(client), local_(local), plan_(&plan) {
  last_active_ = std::chrono::steady_clock::now();
}

bool TcpConnection::may_read() const {
  return !closed_ && !finishing_ && in_flight_ < kMaxPipelined && out_.size() < kMaxUnread;
}

void TcpConnection::read() {
  if (reading_ || serving_ || !may_read()) return;
  reading_ = true;
  const size_t had = in_.size();
  in_.resize(had + kReadSize);
  socket_.async_read_some(boost::asio::buffer(in_.data() + had, kReadSize),
                          [self = shared_from_this(), had](const boost::system::error_code& error, size_t size) {
                            self->reading_ = false;
                            if (self->closed_) return;
                            self->in_.resize(had + (error ? 0 : size));
                            if (!error) return self->serve_messages();
                            // The client has said all it wants to ask; what it asked is still answered.
                            self->finish();
                          });
}

void TcpConnection::serve_messages() {
  worker_.read_clock();
  serving_ = true;
  size_t at = 0;
  while (may_read() && in_.size() - at >= 2) {
    const size_t size = size_t{in_[at]} << 8 | in_[at + 1];
    if (in_.size() - at - 2 < size) break;
    served_ = true;
    last_active_ = worker_.now();  // octets alone do not count: a message has to come whole within the read time-out
    take_message(std::span<const uint8_t>(in_).subspan(at + 2, size));
    at += 2 + size;
  }
  serving_ = false;
  in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(at));
  if (in_.empty()) in_.shrink_to_fit();  // an idle connection keeps nothing
  write();
  read();
}

void TcpConnection::take_message(std::span<const uint8_t> message) {
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

  dns::ParsedQuery parsed;
  const dns::QueryStatus status = dns::parse_query(query.packet, query.arena(), parsed);
  if (status != dns::QueryStatus::ok) return serve_malformed(query, status, parsed);
  query.accept(parsed);
  serve(query);
}

void TcpConnection::respond(Query& query, std::span<const uint8_t> message) {
  if (!message.empty() && !closed_) {
    out_.push_back(static_cast<uint8_t>(message.size() >> 8));
    out_.push_back(static_cast<uint8_t>(message.size()));
    out_.insert(out_.end(), message.begin(), message.end());
  }
  worker_.queries().give_back(query);
  std::shared_ptr<TcpConnection> keep;  // this may be the last that holds the connection
  if (--in_flight_ == 0) keep.swap(self_);
  if (closed_ || serving_) return;
  write();
  if (!reading_ && in_.size() >= 2) {
    serve_messages();  // messages that waited because too many were in flight
  } else {
    read();
  }
  if (finishing_ && idle()) close();
}

void TcpConnection::write() {
  if (closed_ || !writing_.empty() || out_.empty()) return;
  writing_.swap(out_);
  write_started_ = worker_.now();
  boost::asio::async_write(socket_, boost::asio::buffer(writing_),
                           [self = shared_from_this()](const boost::system::error_code& error, size_t) {
                             self->writing_.clear();
                             self->last_active_ = std::chrono::steady_clock::now();
                             if (error) return self->close();
                             self->write();
                             self->read();
                             if (self->finishing_ && self->idle()) self->close();
                           });
}

void TcpConnection::finish() {
  finishing_ = true;
  if (idle()) close();
}

void TcpConnection::close() {
  if (closed_) return;
  closed_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void TcpConnection::check_time(SteadyTime now) {
  if (closed_) return;
  if (!writing_.empty()) {
    if (now - write_started_ > kWriteTime) close();
    return;
  }
  if (in_flight_ > 0) return;
  const bool waiting_for_rest = !served_ || !in_.empty();
  const auto allowed = waiting_for_rest ? plan_->options.read_timeout : plan_->options.idle_timeout;
  if (now - last_active_ > allowed) close();
}

}  // namespace portolan::server
