// The reporter's connection: to a collector with TLS, and to one that cannot be reached when the end has come.
#include "plugins/trace/reporter.h"

#include <doctest/doctest.h>
#include <httplib.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <filesystem>

#include "base/descriptor.h"
#include "base/log_capture.h"

namespace portolan::trace {
namespace {

using namespace std::chrono_literals;

constexpr SpanView kSpan{.head = {}, .title = {}, .subject = std::string_view("\0", 1), .error = {}};  // for the root

Options options(const std::string& origin) {
  Options options;
  options.origin = origin;
  options.path = "/api/v2/spans";
  options.interval = 1ms;
  return options;
}

// A self-signed certificate for 127.0.0.1 with its key; also as a file.
struct Identity {
  Identity() {
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_EXTENSION* address = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
    X509_add_ext(certificate, address, -1);
    X509_EXTENSION_free(address);
    X509_sign(certificate, key, EVP_sha256());
    char name[] = "/tmp/trace_test_XXXXXX";
    FILE* out = fdopen(mkstemp(name), "w");
    PEM_write_X509(out, certificate);
    std::fclose(out);
    file = name;
  }
  ~Identity() {
    std::filesystem::remove(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  std::string file;
};

TEST_CASE("trace: a collector's certificate must be good for the system's authorities") {
  const Identity identity;
  httplib::SSLServer collector(identity.certificate, identity.key);
  std::promise<std::string> got;
  collector.Post("/api/v2/spans", [&](const httplib::Request& request, httplib::Response& response) {
    got.set_value(request.get_header_value("Content-Type"));
    response.status = 202;
  });
  const std::string origin = "https://127.0.0.1:" + std::to_string(collector.bind_to_any_port("127.0.0.1"));
  std::thread thread([&] { collector.listen_after_bind(); });
  while (!collector.is_running()) std::this_thread::yield();
  const Options to_it = options(origin);
  log::LogCapture log;
  {
    Reporter reporter(to_it, 1);
    reporter.report(0, kSpan);
  }
  CHECK(log.take().find("[WARNING] plugin/trace: " + origin + "/api/v2/spans: failed to send the request: ") !=
        std::string::npos);
  setenv("SSL_CERT_FILE", identity.file.c_str(), 1);  // what OpenSSL takes for the system's
  {
    Reporter reporter(to_it, 1);
    reporter.report(0, kSpan);
  }
  unsetenv("SSL_CERT_FILE");
  auto type = got.get_future();
  REQUIRE(type.wait_for(0s) == std::future_status::ready);
  CHECK(type.get() == "application/json");
  CHECK(log.take().empty());
  collector.stop();
  thread.join();
}

TEST_CASE("trace: the end does not wait for a connection to a collector that cannot be reached") {
  // A listener whose queue is full: the kernel says nothing to another one.
  const Descriptor collector(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(bind(collector.get(), generic, size) == 0);
  REQUIRE(listen(collector.get(), 0) == 0);
  REQUIRE(getsockname(collector.get(), generic, &size) == 0);
  std::vector<Descriptor> queued;
  for (int i = 0; i < 4; ++i) {
    queued.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    connect(queued.back().get(), generic, size);
  }
  log::LogCapture log;
  const Options to_it = options("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)));
  SteadyTime begin;
  {
    Reporter reporter(to_it, 1);
    reporter.report(0, kSpan);
    begin = std::chrono::steady_clock::now();
  }
  CHECK(std::chrono::steady_clock::now() - begin < 2s);
  CHECK(log.take().find("failed to send the request") != std::string::npos);
}

}  // namespace
}  // namespace portolan::trace
