// OpenSSL as a client.
#include "plugins/forward/tls_client.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/socket.h>

#include <cerrno>
#include <fstream>
#include <sstream>

#include "base/error_text.h"

namespace portolan::forward {
namespace {

template <auto free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    free(object);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;

std::string openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return reason ? reason : "unknown error";
}

Result<std::string> read_file(const std::string& name) {
  std::ifstream file(name);
  if (!file) return fail("error reading " + name + ": open " + name + ": " + error_text(errno));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Bio memory(const std::string& text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

Result<void> add_authorities(SSL_CTX* context, const std::string& pem) {
  const Bio bio = memory(pem);
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  size_t count = 0;
  while (Certificate certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    X509_STORE_add_cert(store, certificate.get());
    ++count;
  }
  ERR_clear_error();
  if (count == 0) return fail("could not read root certs: no certificate found");
  return {};
}

Result<void> add_identity(SSL_CTX* context, const TlsFiles& files) {
  const Bio chain = memory(files.certificate);
  const Certificate own(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
  if (!own || SSL_CTX_use_certificate(context, own.get()) != 1) {
    return fail("could not load TLS cert: " + openssl_error());
  }
  while (X509* more = PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr)) {
    SSL_CTX_add_extra_chain_cert(context, more);  // takes it over
  }
  ERR_clear_error();
  const Bio bio = memory(files.key);
  const PrivateKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1)
    return fail("could not load TLS key: " + openssl_error());
  return {};
}

}  // namespace

Result<TlsFiles> read_tls_files(const std::vector<std::string>& names) {
  TlsFiles files;
  std::vector<std::string*> places;
  if (names.size() >= 2) places = {&files.certificate, &files.key};
  if (names.size() != 2) places.push_back(&files.authorities);
  for (size_t i = 0; i < names.size(); ++i) {
    auto text = read_file(names[i]);
    if (!text) return text.error();
    *places[i] = std::move(*text);
  }
  return files;
}

struct TlsContext::Impl {
  std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>> context{SSL_CTX_new(TLS_client_method())};
};

TlsContext::TlsContext() : impl_(std::make_unique<Impl>()) {}
TlsContext::~TlsContext() = default;

Result<std::shared_ptr<TlsContext>> TlsContext::make(const TlsFiles& files) {
  std::shared_ptr<TlsContext> made(new TlsContext);
  SSL_CTX* context = made->impl_->context.get();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (files.authorities.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else if (auto done = add_authorities(context, files.authorities); !done) {
    return done.error();
  }
  if (!files.certificate.empty()) {
    if (auto done = add_identity(context, files); !done) return done.error();
  }
  return made;
}

struct Stream::Session {
  std::unique_ptr<SSL, Deleter<SSL_free>> ssl;
};

Stream::Stream(int fd, const TlsContext* context, const std::string& peer, bool peer_is_address) : fd_(fd) {
  if (!context) return;
  tls_ = std::make_unique<Session>();
  SSL* ssl = SSL_new(context->impl().context.get());
  tls_->ssl.reset(ssl);
  SSL_set_fd(ssl, fd);
  if (peer_is_address) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), peer.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl, peer.c_str());
    SSL_set1_host(ssl, peer.c_str());
  }
}

Stream::~Stream() {
  if (tls_ && SSL_is_init_finished(tls_->ssl.get())) SSL_shutdown(tls_->ssl.get());  // as far as that needs no waiting
  ERR_clear_error();
}

Step Stream::handshake() {
  if (!tls_) return Step::done;
  ERR_clear_error();  // SSL_get_error() takes what an earlier call has left there for its own
  const int result = SSL_connect(tls_->ssl.get());
  if (result == 1) return Step::done;
  const Step step = outcome(result);
  if (const long verified = SSL_get_verify_result(tls_->ssl.get()); step == Step::failed && verified != X509_V_OK) {
    error_ = std::string("tls: failed to verify certificate: ") + X509_verify_cert_error_string(verified);
  }
  return step;
}

Step Stream::outcome(int result) {
  switch (SSL_get_error(tls_->ssl.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Step::want_read;
    case SSL_ERROR_WANT_WRITE:
      return Step::want_write;
    case SSL_ERROR_ZERO_RETURN:
      return Step::closed;
    case SSL_ERROR_SYSCALL:
      if (ERR_peek_error() == 0 && errno != 0 && errno != EAGAIN) {
        error_ = error_text(errno);
        return Step::failed;
      }
      ERR_clear_error();
      return Step::closed;
    default:
      error_ = "tls: " + openssl_error();
      return error_ == "tls: unexpected eof while reading" ? Step::closed : Step::failed;
  }
}

Step Stream::read(std::span<uint8_t> into, size_t& count) {
  if (tls_) {
    errno = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(tls_->ssl.get(), into.data(), into.size(), &count);
    return result == 1 ? Step::done : outcome(result);
  }
  const ssize_t got = recv(fd_, into.data(), into.size(), 0);
  if (got == 0) return Step::closed;
  if (got > 0) {
    count = static_cast<size_t>(got);
    return Step::done;
  }
  if (errno == EAGAIN || errno == EINTR) return Step::want_read;
  error_ = error_text(errno);
  return Step::failed;
}

Step Stream::write(std::span<const uint8_t> from, size_t& count) {
  if (tls_) {
    errno = 0;
    ERR_clear_error();
    const int result = SSL_write_ex(tls_->ssl.get(), from.data(), from.size(), &count);
    return result == 1 ? Step::done : outcome(result);
  }
  const ssize_t sent = send(fd_, from.data(), from.size(), MSG_NOSIGNAL);
  if (sent >= 0) {
    count = static_cast<size_t>(sent);
    return Step::done;
  }
  if (errno == EAGAIN || errno == EINTR) return Step::want_write;
  error_ = error_text(errno);
  return Step::failed;
}

}  // namespace portolan::forward
