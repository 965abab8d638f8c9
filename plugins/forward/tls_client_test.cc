// A TLS stream beside others of its thread.
#include "plugins/forward/tls_client.h"

#include <doctest/doctest.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <array>

#include "base/descriptor.h"

namespace portolan::forward {
namespace {

// Both ends of a connection: a server with a self-signed certificate for 192.0.2.1, and our stream to it.
struct Connection {
  Connection() {
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_EXTENSION* address = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:192.0.2.1");
    X509_add_ext(certificate, address, -1);
    X509_EXTENSION_free(address);
    X509_sign(certificate, key, EVP_sha256());
    SSL_CTX_use_certificate(server_context, certificate);
    SSL_CTX_use_PrivateKey(server_context, key);
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    ours = Descriptor(ends[0]);
    theirs = Descriptor(ends[1]);
    server = SSL_new(server_context);
    SSL_set_fd(server, theirs.get());
    auto made = TlsContext::make({.certificate = {}, .key = {}, .authorities = pem()});
    REQUIRE(made.has_value());
    context = *made;
    stream = std::make_unique<Stream>(ours.get(), context.get(), "192.0.2.1", true);
  }
  ~Connection() {
    stream.reset();
    SSL_free(server);
    SSL_CTX_free(server_context);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  std::string pem() const {
    BIO* out = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(out, certificate);
    char* data = nullptr;
    const long size = BIO_get_mem_data(out, &data);
    std::string text(data, static_cast<size_t>(size));
    BIO_free(out);
    return text;
  }

  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  SSL_CTX* server_context = SSL_CTX_new(TLS_server_method());
  SSL* server = nullptr;
  Descriptor ours, theirs;
  std::shared_ptr<TlsContext> context;
  std::unique_ptr<Stream> stream;
};

TEST_CASE("forward: what another TLS connection of the thread has failed with is not this one's failure") {
  Connection connection;
  Step step = Step::want_read;
  for (int i = 0; i < 10 && step == Step::want_read; ++i) {
    step = connection.stream->handshake();
    SSL_accept(connection.server);
  }
  REQUIRE(step == Step::done);
  std::array<uint8_t, 16384> octets{};
  size_t count = 0;
  ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
  CHECK(connection.stream->read(octets, count) == Step::want_read);
  for (step = Step::done; step == Step::done;) {  // until the socket takes no more
    ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
    step = connection.stream->write(octets, count);
  }
  CHECK(step == Step::want_write);
}

}  // namespace
}  // namespace portolan::forward
