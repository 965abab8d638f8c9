// OpenSSL calls. Certificates come from files or, in kubeconfigs, as data; both are read through the same functions.
#include "cluster/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <fstream>
#include <memory>
#include <sstream>

namespace portolan::cluster {
namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* value) const {
    Free(value);
  }
};
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;

Result<std::string> pem_text(const std::string& data, const std::string& file, const char* what) {
  if (!data.empty()) return Result<std::string>(boost::system::in_place_value, data);
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) return fail(std::string(what) + " " + file + " cannot be read");
  return Result<std::string>(boost::system::in_place_value, text.str());
}

std::string place(const std::string& data, const std::string& file) {
  return data.empty() ? file : std::string("in the kubeconfig");
}

Bio reader(const std::string& text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

Result<void> trust(SSL_CTX* context, const ApiServer& server) {
  if (server.ca_data.empty() && server.ca_file.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1)
      return fail("the system's certificate authorities cannot be read");
    return {};
  }
  const auto text = pem_text(server.ca_data, server.ca_file, "certificate authority");
  if (!text) return text.error();
  const Bio in = reader(*text);
  int count = 0;
  while (const Certificate one{PEM_read_bio_X509_AUX(in.get(), nullptr, nullptr, nullptr)}) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), one.get()) == 1) ++count;
  }
  ERR_clear_error();
  if (count == 0)
    return fail("certificate authority " + place(server.ca_data, server.ca_file) + " holds no PEM certificate");
  return {};
}

Result<void> show(SSL_CTX* context, const ApiServer& server) {
  const bool certificate = !server.certificate_data.empty() || !server.certificate_file.empty();
  const bool key = !server.key_data.empty() || !server.key_file.empty();
  if (!certificate && !key) return {};
  if (certificate != key)
    return fail(certificate ? "a client certificate needs a client key" : "a client key needs a client certificate");
  const auto certificate_text = pem_text(server.certificate_data, server.certificate_file, "client certificate");
  if (!certificate_text) return certificate_text.error();
  const auto key_text = pem_text(server.key_data, server.key_file, "client key");
  if (!key_text) return key_text.error();

  const Bio in = reader(*certificate_text);
  const Certificate own{PEM_read_bio_X509_AUX(in.get(), nullptr, nullptr, nullptr)};
  if (!own || SSL_CTX_use_certificate(context, own.get()) != 1) {
    return fail("client certificate " + place(server.certificate_data, server.certificate_file) +
                " holds no PEM certificate");
  }
  while (const Certificate issuer{PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)}) {
    SSL_CTX_add1_chain_cert(context, issuer.get());
  }
  ERR_clear_error();
  const Key private_key{PEM_read_bio_PrivateKey(reader(*key_text).get(), nullptr, nullptr, nullptr)};
  if (!private_key || SSL_CTX_use_PrivateKey(context, private_key.get()) != 1) {
    ERR_clear_error();
    return fail("client key " + place(server.key_data, server.key_file) +
                " is no PEM key that fits the client certificate");
  }
  return {};
}

/// Verifies as OpenSSL does and keeps the reason of a failure.
int verify(X509_STORE_CTX* store, void* problem) {
  const int result = X509_verify_cert(store);
  if (result != 1) {
    *static_cast<std::string*>(problem) = std::string("the server's certificate is refused: ") +
                                          X509_verify_cert_error_string(X509_STORE_CTX_get_error(store));
  }
  return result;
}

}  // namespace

Result<void> configure_tls(ssl_ctx_st* context, const ApiServer& server, const std::string& host,
                           std::string* problem) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  if (auto shown = show(context, server); !shown) return shown;
  if (server.insecure_skip_verify) {
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    return {};
  }
  if (auto trusted = trust(context, server); !trusted) return trusted;
  X509_VERIFY_PARAM* rules = SSL_CTX_get0_param(context);
  const std::string& name = server.server_name.empty() ? host : server.server_name;
  if (X509_VERIFY_PARAM_set1_ip_asc(rules, name.c_str()) != 1 &&
      X509_VERIFY_PARAM_set1_host(rules, name.c_str(), name.size()) != 1) {
    return fail("\"" + name + "\" is no host name");
  }
  ERR_clear_error();
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, verify, problem);
  return {};
}

Result<void> check_tls(const ApiServer& server) {
  const Context context{SSL_CTX_new(TLS_client_method())};
  if (!context) return fail("TLS cannot be set up");
  std::string problem;
  return configure_tls(context.get(), server, "localhost", &problem);
}

}  // namespace portolan::cluster
