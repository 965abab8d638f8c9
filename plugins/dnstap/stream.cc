// OpenSSL on both sides, and plain sockets.
#include "plugins/dnstap/stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "base/address.h"
#include "base/error_text.h"

namespace portolan::dnstap {
namespace {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSession {
  void operator()(SSL* session) const { SSL_free(session); }
};

std::string openssl_error() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason ? reason : "unknown error";
}

Result<void> make_server(SSL_CTX* context, const SinkSettings& settings) {
  const std::pair<const std::string&, bool> files[] = {
      {settings.certificate, SSL_CTX_use_certificate_chain_file(context, settings.certificate.c_str()) == 1},
      {settings.key, SSL_CTX_use_PrivateKey_file(context, settings.key.c_str(), SSL_FILETYPE_PEM) == 1},
      {settings.authorities,
       settings.authorities.empty() || SSL_CTX_load_verify_locations(context, settings.authorities.c_str(), nullptr)},
  };
  for (const auto& [file, loaded] : files) {
    if (!loaded) return fail("tls: " + file + ": " + openssl_error());
  }
  int mode = SSL_VERIFY_NONE;
  if (!settings.authorities.empty()) {
    mode = SSL_VERIFY_PEER | (settings.skip_verify ? 0 : SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
  }
  SSL_CTX_set_verify(context, mode, nullptr);
  return {};
}

}  // namespace

struct TlsContext::Impl {
  std::unique_ptr<SSL_CTX, FreeContext> context;
};

TlsContext::TlsContext() : impl_(std::make_unique<Impl>()) {}
TlsContext::~TlsContext() = default;

Result<std::shared_ptr<TlsContext>> TlsContext::make(const SinkSettings& settings) {
  std::shared_ptr<TlsContext> made(new TlsContext);
  SSL_CTX* context = SSL_CTX_new(settings.listens ? TLS_server_method() : TLS_client_method());
  made->impl_->context.reset(context);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (settings.listens) {
    if (auto done = make_server(context, settings); !done) return done.error();
  } else {
    SSL_CTX_set_default_verify_paths(context);
    SSL_CTX_set_verify(context, settings.skip_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  }
  return made;
}

struct Stream::Session {
  std::unique_ptr<SSL, FreeSession> ssl;
};

Stream::Stream(Descriptor fd, std::shared_ptr<TlsContext> context, bool listens, const std::string& host)
    : fd_(std::move(fd)), context_(std::move(context)), listens_(listens) {
  if (!context_) return;
  tls_ = std::make_unique<Session>();
  SSL* ssl = SSL_new(context_->impl().context.get());
  tls_->ssl.reset(ssl);
  SSL_set_fd(ssl, fd_.get());
  if (listens_) return;
  if (IpAddress::parse(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl, host.c_str());
    SSL_set1_host(ssl, host.c_str());
  }
}

Stream::~Stream() {
  if (tls_ && SSL_is_init_finished(tls_->ssl.get())) SSL_shutdown(tls_->ssl.get());  // as far as that needs no waiting
  ERR_clear_error();
}

Stream::Step Stream::handshake() {
  if (!tls_) return Step::done;
  SSL* ssl = tls_->ssl.get();
  ERR_clear_error();  // SSL_get_error() takes what an earlier call has left there for its own
  const int result = listens_ ? SSL_accept(ssl) : SSL_connect(ssl);
  if (result == 1) return Step::done;
  const Step step = outcome(result, "handshake");
  if (const long verified = SSL_get_verify_result(ssl); step == Step::over && verified != X509_V_OK) {
    error_ = std::string("tls: failed to verify certificate: ") + X509_verify_cert_error_string(verified);
  }
  return step;
}

Stream::Step Stream::read(std::string& into) {
  std::array<char, 4096> octets;
  for (;;) {
    ERR_clear_error();
    const int got = tls_ ? SSL_read(tls_->ssl.get(), octets.data(), static_cast<int>(octets.size()))
                         : static_cast<int>(recv(fd_.get(), octets.data(), octets.size(), 0));
    if (got > 0) {
      into.append(octets.data(), static_cast<size_t>(got));
      if (into.size() > octets.size()) return Step::done;  // a peer that floods has its turn later
      continue;
    }
    if (tls_) return outcome(got, "read");
    if (got < 0) return system_outcome("read");
    error_ = "the collector closed the connection";
    return Step::over;
  }
}

Stream::Step Stream::write(std::string_view& from) {
  while (!from.empty()) {
    ERR_clear_error();
    const auto sent = tls_ ? SSL_write(tls_->ssl.get(), from.data(), static_cast<int>(from.size()))
                           : send(fd_.get(), from.data(), from.size(), MSG_NOSIGNAL);
    if (sent <= 0) return tls_ ? outcome(static_cast<int>(sent), "write") : system_outcome("write");
    from.remove_prefix(static_cast<size_t>(sent));
  }
  return Step::done;
}

Stream::Step Stream::outcome(int result, std::string_view operation) {
  switch (SSL_get_error(tls_->ssl.get(), result)) {
    case SSL_ERROR_WANT_READ:
      waits_for_ = POLLIN;
      return Step::waits;
    case SSL_ERROR_WANT_WRITE:
      waits_for_ = POLLOUT;
      return Step::waits;
    case SSL_ERROR_ZERO_RETURN:
      error_ = "the collector closed the connection";
      return Step::over;
    case SSL_ERROR_SYSCALL:
      if (ERR_peek_error() == 0) return system_outcome(operation);
      [[fallthrough]];
    default:
      error_ = "tls: " + openssl_error();
      return Step::over;
  }
}

Stream::Step Stream::system_outcome(std::string_view operation) {
  if (errno == EAGAIN || errno == EINTR) {
    waits_for_ = operation == "read" ? POLLIN : POLLOUT;
    return Step::waits;
  }
  error_ = std::string(operation) + ": " + (errno == 0 ? "EOF" : error_text(errno));
  return Step::over;
}

}  // namespace portolan::dnstap
