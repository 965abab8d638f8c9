// Accepting TCP connections within limits.
#include "server/listen/tcp.h"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "server/configuration.h"
#include "server/core_metrics.h"
#include "server/core_worker.h"
#include "server/listen/tcp_connection.h"

namespace portolan::server {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr size_t kMostConnections = 10'000;  // of one listener on one worker
constexpr auto kSweep = std::chrono::milliseconds(500);
constexpr auto kRetry = std::chrono::milliseconds(100);  // after the process ran out of descriptors

// A quarter of the descriptors the process may have, so that files, upstreams and other listeners keep theirs.
size_t connection_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 256;
  return std::clamp<size_t>(limit.rlim_cur / 4, 16, kMostConnections);
}

}  // namespace

struct TcpListener::Impl : std::enable_shared_from_this<Impl> {
  Impl(CoreWorker& owner, const ListenerPlan& serves)
      : worker(owner),
        acceptor(owner.loop().context()),
        sweep_timer(owner.loop().context()),
        retry_timer(owner.loop().context()),
        plan(&serves),
        limit(connection_limit()) {}

  void accept();
  void on_accept(const boost::system::error_code& error, tcp::socket socket);
  void refuse(tcp::socket& socket, const char* why);
  bool make_room(const IpAddress& source);
  void finish_connections();
  void sweep();
  void schedule_sweep();

  CoreWorker& worker;
  tcp::acceptor acceptor;
  asio::steady_timer sweep_timer, retry_timer;
  const ListenerPlan* plan;
  size_t limit;
  std::vector<std::shared_ptr<TcpConnection>> connections;
  std::unordered_map<IpAddress, size_t, AddressHash> sources;  // as of the last sweep, plus what came since
  bool accepting = false;  // an accept is under way, or done and its handler has not run
  bool sweeping = false;
  SteadyTime last_sweep{};
};

TcpListener::TcpListener(CoreWorker& worker, Descriptor fd, const ListenerPlan& plan)
    : impl_(std::make_shared<Impl>(worker, plan)) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  getsockname(fd.get(), reinterpret_cast<sockaddr*>(&storage), &length);
  impl_->acceptor.assign(storage.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), fd.release());
  impl_->acceptor.non_blocking(true);
  impl_->accept();
}

TcpListener::~TcpListener() {
  boost::system::error_code ignored;
  impl_->acceptor.close(ignored);
  impl_->sweep_timer.cancel();
  impl_->retry_timer.cancel();
  for (const auto& connection : impl_->connections) connection->close();
  impl_->sweep();
  impl_->worker.loop().asio_changed();
}

void TcpListener::set_plan(const ListenerPlan& plan) {
  impl_->plan = &plan;
  for (const auto& connection : impl_->connections) connection->set_plan(plan);
}

void TcpListener::close_input() {
  boost::system::error_code error;
  for (;;) {  // connections that are established wait in the queue: closing the socket would reset them
    tcp::socket socket(impl_->worker.loop().context());
    impl_->acceptor.accept(socket, error);
    if (error) break;
    impl_->on_accept({}, std::move(socket));
  }
  impl_->acceptor.close(error);
  impl_->worker.loop().asio_changed();
  impl_->finish_connections();
}

bool TcpListener::idle() const {
  return !impl_->accepting && std::all_of(impl_->connections.begin(), impl_->connections.end(),
                                          [](const auto& each) { return each->closed() || each->idle(); });
}

void TcpListener::Impl::accept() {
  accepting = true;
  acceptor.async_accept([self = shared_from_this()](const boost::system::error_code& error, tcp::socket socket) {
    self->accepting = false;
    const bool closed = !self->acceptor.is_open();
    if (closed && error) return;
    self->on_accept(error, std::move(socket));
    if (closed) return self->finish_connections();  // it was out of the queue when close_input() emptied that
    if (error && error != asio::error::connection_aborted) {
      // Out of descriptors: the connection stays in the queue and would be reported again at once.
      self->retry_timer.expires_after(kRetry);
      self->retry_timer.async_wait([self](const boost::system::error_code& cancelled) {
        if (!cancelled && self->acceptor.is_open()) self->accept();
      });
      return;
    }
    self->accept();
  });
  worker.loop().asio_changed();
}

void TcpListener::Impl::on_accept(const boost::system::error_code& error, tcp::socket socket) {
  if (error) {
    if (error == asio::error::connection_aborted) return;
    core_metrics().tcp_refused.add();
    log::limited(log::Level::warning, "accept on " + plan->label + "/tcp: " + error.message());
    sweep();  // connections that are past their time give theirs back
    return;
  }
  boost::system::error_code failed;
  const auto remote = socket.remote_endpoint(failed);
  if (failed) return;
  const SocketAddress client = SocketAddress::from(remote.data());
  const auto here = socket.local_endpoint(failed);
  if (failed) return;
  if (!make_room(client.ip)) return refuse(socket, "too many TCP connections from one source");
  socket.set_option(tcp::no_delay(true), failed);
  Descriptor fd(socket.release(failed));
  auto connection = TcpConnection::start(worker, std::move(fd), client, SocketAddress::from(here.data()), *plan);
  connections.push_back(connection);
  ++sources[client.ip];
  core_metrics().tcp_accepted.add();
  core_metrics().tcp_open.add(1);
  schedule_sweep();
}

void TcpListener::Impl::refuse(tcp::socket& socket, const char* why) {
  core_metrics().tcp_refused.add();
  log::limited(log::Level::warning, std::string(why) + " on " + plan->label);
  boost::system::error_code ignored;
  socket.close(ignored);
}

// One source may have half of all connections, so that the others always get in; beyond the limit the connection that
// has been idle longest makes room.
bool TcpListener::Impl::make_room(const IpAddress& source) {
  if (connections.size() < limit / 2) return true;
  if (std::chrono::steady_clock::now() - last_sweep > kSweep / 5) sweep();
  if (auto found = sources.find(source); found != sources.end() && found->second >= limit / 2) return false;
  if (connections.size() < limit) return true;
  auto oldest = std::min_element(connections.begin(), connections.end(), [](const auto& a, const auto& b) {
    return std::pair(!a->idle(), a->last_active()) < std::pair(!b->idle(), b->last_active());
  });
  if (!(*oldest)->idle()) return false;
  (*oldest)->close();
  sweep();
  return true;
}

void TcpListener::Impl::finish_connections() {
  for (const auto& connection : connections) connection->finish();
}

void TcpListener::Impl::sweep() {
  const SteadyTime now = last_sweep = std::chrono::steady_clock::now();
  const size_t before = connections.size();
  for (const auto& connection : connections) connection->check_time(now);
  std::erase_if(connections, [](const auto& connection) { return connection->closed(); });
  core_metrics().tcp_open.add(-static_cast<double>(before - connections.size()));
  sources.clear();
  for (const auto& connection : connections) ++sources[connection->peer()];
}

void TcpListener::Impl::schedule_sweep() {
  if (sweeping) return;
  sweeping = true;
  sweep_timer.expires_after(kSweep);
  sweep_timer.async_wait([self = shared_from_this()](const boost::system::error_code& cancelled) {
    self->sweeping = false;
    if (cancelled) return;
    self->sweep();
    if (!self->connections.empty()) self->schedule_sweep();
  });
}

}  // namespace portolan::server
