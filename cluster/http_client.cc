// cpp-httplib with TLS rules of our own. A second descriptor of the connection's socket is kept, so that stop() can
// shut it down in any phase (connecting, handshake, reading) without touching the library's state.
#include "cluster/http_client.h"

#include <fcntl.h>
#include <httplib.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <mutex>

#include "base/address.h"
#include "base/clock.h"
#include "cluster/tls.h"

namespace portolan::cluster {
namespace {

constexpr size_t kMostErrorBody = 64 << 10;
// A network that is back is found within a second; an API server that has just started shakes hands slowly.
constexpr std::chrono::seconds kConnectTimeout{1};
constexpr std::chrono::seconds kHandshakeTimeout{9};

/// A client of the library's with a time of its own for connecting; the library has one for that and the handshake.
template <class Base>
class QuicklyConnected : public Base {
 public:
  using Base::Base;

 private:
  bool create_and_connect_socket(typename Base::Socket& socket, httplib::Error& error) override {
    this->set_connection_timeout(kConnectTimeout);
    const bool connected = this->is_valid() && httplib::ClientImpl::create_and_connect_socket(socket, error);
    this->set_connection_timeout(kHandshakeTimeout);
    return connected;
  }
};

/// A dead peer is noticed within ten seconds: probes after 3 s of silence, every 2 s, three of them; and as long for
/// data that is not acknowledged.
void watch_over(int socket) {
  const auto set = [socket](int level, int option, int value) {
    ::setsockopt(socket, level, option, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 3);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 2);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 9000);
}

/// Identifies a file's state, so that a rotated certificate is noticed.
std::string stamp(const std::string& path) {
  struct stat found{};
  if (path.empty() || ::stat(path.c_str(), &found) != 0) return {};
  return std::to_string(found.st_ino) + "." + std::to_string(found.st_mtim.tv_sec) + "." +
         std::to_string(found.st_mtim.tv_nsec) + ";";
}

std::string stamps(const ApiServer& server) {
  return stamp(server.ca_file) + stamp(server.certificate_file) + stamp(server.key_file);
}

/// The address of a name, for when the name to be verified is another one. Empty when it cannot be found.
std::string resolve(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {};
  const std::string text = SocketAddress::from(found->ai_addr).ip.text();
  ::freeaddrinfo(found);
  return text;
}

std::string problem_text(httplib::Error error, const std::string& tls_problem) {
  if (!tls_problem.empty()) return tls_problem;
  switch (error) {
    case httplib::Error::Connection:
      return "cannot connect";
    case httplib::Error::ConnectionTimeout:
      return "no connection after 1s";
    case httplib::Error::Read:
      return "the connection was lost";
    case httplib::Error::Write:
      return "the connection was lost";
    case httplib::Error::SSLConnection:
      return "the TLS handshake failed";
    default:
      return "no reply: " + httplib::to_string(error);
  }
}

}  // namespace

Result<Address> parse_url(const ApiServer& server) {
  Address address;
  std::string_view rest = server.url;
  const bool any_tls = !(server.ca_file + server.ca_data + server.certificate_file + server.certificate_data).empty();
  if (const size_t scheme = rest.find("://"); scheme != std::string_view::npos) {
    const std::string_view name = rest.substr(0, scheme);
    if (name != "http" && name != "https") return fail("\"" + server.url + "\": expected http:// or https://");
    address.tls = name == "https";
    rest.remove_prefix(scheme + 3);
  } else {
    address.tls = any_tls || server.insecure_skip_verify;
  }
  const size_t slash = rest.find('/');
  std::string_view authority = rest.substr(0, slash);
  if (slash != std::string_view::npos) address.prefix = rest.substr(slash);
  while (address.prefix.ends_with('/')) address.prefix.pop_back();
  address.port = address.tls ? 443 : 80;
  const size_t bracket = authority.starts_with('[') ? authority.find(']') : std::string_view::npos;
  const size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    const std::string_view digits = authority.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
    if (error != std::errc{} || end != digits.data() + digits.size() || address.port < 1 || address.port > 65535) {
      return fail("\"" + server.url + "\": expected a port between 1 and 65535");
    }
  }
  authority = authority.substr(0, colon);
  if (bracket != std::string_view::npos) authority = authority.substr(1, bracket - 1);
  if (authority.empty()) return fail("\"" + server.url + "\": expected a host");
  address.host = authority;
  return address;
}

struct HttpClient::Impl {
  explicit Impl(ApiServer configured) : server(std::move(configured)) {}
  ~Impl() { drop(); }

  /// A client for a new connection; none when the configuration is broken at this moment (`problem`).
  Result<void> connect() {
    const auto address = parse_url(server);
    if (!address) return address.error();
    prefix = address->prefix;
    const bool other_name = address->tls && !server.server_name.empty();
    const std::string& name = other_name ? server.server_name : address->host;
    if (address->tls) {
      auto tls = std::make_unique<QuicklyConnected<httplib::SSLClient>>(name, address->port);
      tls->enable_server_certificate_verification(false);  // configure_tls() has the handshake itself verify
      if (auto configured = configure_tls(tls->ssl_context(), server, address->host, &tls_problem); !configured) {
        return configured;
      }
      client = std::move(tls);
    } else {
      client = std::make_unique<QuicklyConnected<httplib::ClientImpl>>(name, address->port);
    }
    if (other_name) {
      const std::string resolved = resolve(address->host);
      if (resolved.empty()) return fail("the address of " + address->host + " cannot be found");
      client->set_hostname_addr_map({{name, resolved}});
    }
    client->set_keep_alive(true);
    client->set_url_encode(false);
    client->set_write_timeout(std::chrono::seconds(5));
    client->set_socket_options([this](socket_t socket) { opened(socket); });
    files = stamps(server);
    return {};
  }

  void opened(int socket) {
    watch_over(socket);
    const std::lock_guard lock(mutex);
    if (second >= 0) ::close(second);
    second = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
    if (!stopped) return;
    // Too late for shutdown() to have any effect: something that cannot be connected takes the socket's place.
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    ::dup3(nothing, socket, O_CLOEXEC);
    ::close(nothing);
  }

  void drop() {
    client.reset();
    const std::lock_guard lock(mutex);
    if (second >= 0) ::close(second);
    second = -1;
  }

  bool is_stopped() {
    const std::lock_guard lock(mutex);
    return stopped;
  }

  ApiServer server;
  std::unique_ptr<httplib::ClientImpl> client;
  std::string prefix;
  std::string tls_problem;
  std::string files;
  std::mutex mutex;
  int second = -1;  // another descriptor of the connection's socket
  bool stopped = false;
};

HttpClient::HttpClient(ApiServer server) : impl_(std::make_unique<Impl>(std::move(server))) {}
HttpClient::~HttpClient() = default;

HttpReply HttpClient::send(const HttpRequest& wanted, std::chrono::milliseconds silence, const Receiver& receiver) {
  HttpReply reply;
  SteadyTime heard = system_clock().now();
  if (impl_->client && impl_->files != stamps(impl_->server)) impl_->drop();
  if (!impl_->client) {
    if (auto connected = impl_->connect(); !connected) {
      impl_->drop();
      reply.problem = connected.error().message;
      return reply;
    }
  }
  impl_->tls_problem.clear();
  impl_->client->set_read_timeout(silence);
  httplib::Request request;
  request.method = wanted.method;
  request.path = impl_->prefix + wanted.path;
  for (const auto& [name, value] : wanted.headers) request.headers.emplace(name, value);
  request.body = wanted.body;
  request.response_handler = [&](const httplib::Response& response) {
    heard = system_clock().now();
    reply.status = response.status;
    if (receiver.head) {
      receiver.head(reply.status, [&response](const char* name) { return response.get_header_value(name); });
    }
    return !impl_->is_stopped();
  };
  request.content_receiver = [&](const char* data, size_t length, uint64_t, uint64_t) {
    heard = system_clock().now();
    if (reply.status == 200) return receiver.body({data, length});
    reply.body.append(data, std::min(length, kMostErrorBody - std::min(kMostErrorBody, reply.body.size())));
    return true;
  };
  const auto result = impl_->client->send(request);
  if (result) return reply;
  reply.silent = result.error() == httplib::Error::Read && system_clock().now() - heard >= silence;
  if (impl_->is_stopped())
    reply.problem = "stopped";
  else if (reply.silent)
    reply.problem = "nothing came for " + std::to_string(silence.count()) + "ms";
  else
    reply.problem = problem_text(result.error(), impl_->tls_problem);
  impl_->drop();
  return reply;
}

ApiServer& HttpClient::server() { return impl_->server; }
void HttpClient::drop() { impl_->drop(); }
bool HttpClient::is_stopped() { return impl_->is_stopped(); }

void HttpClient::stop() {
  const std::lock_guard lock(impl_->mutex);
  impl_->stopped = true;
  if (impl_->second >= 0) ::shutdown(impl_->second, SHUT_RDWR);
}

}  // namespace portolan::cluster
