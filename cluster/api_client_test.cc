// Requests over TLS: who is trusted, what is shown; credentials that change; stop() in every phase.
#include "cluster/api_client.h"

#include <doctest/doctest.h>
#include <httplib.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "cluster/exec_credentials.h"
#include "cluster/fake_api_server.h"
#include "cluster/test_script.h"

namespace portolan::cluster {
namespace {

/// A key and a self-signed certificate made out to 127.0.0.1 and api.example.
struct Identity {
  Identity() {
    key = EVP_EC_gen("P-256");
    certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    for (const auto& [id, value] :
         {std::pair{NID_subject_alt_name, "IP:127.0.0.1,DNS:api.example"}, {NID_basic_constraints, "CA:TRUE"}}) {
      X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value);
      X509_add_ext(certificate, extension, -1);
      X509_EXTENSION_free(extension);
    }
    X509_sign(certificate, key, EVP_sha256());
  }
  ~Identity() {
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  std::string pem(bool of_key) const {
    BIO* out = BIO_new(BIO_s_mem());
    if (of_key)
      PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    else
      PEM_write_bio_X509(out, certificate);
    char* data = nullptr;
    const long length = BIO_get_mem_data(out, &data);
    std::string text(data, static_cast<size_t>(length));
    BIO_free(out);
    return text;
  }
  EVP_PKEY* key;
  X509* certificate;
};

struct TlsServer {
  explicit TlsServer(const Identity& identity) : server(identity.certificate, identity.key) {
    server.Get(
        "/x", [](const httplib::Request&, httplib::Response& response) { response.set_content("body", "text/plain"); });
    server.set_keep_alive_timeout(1);
    port = server.bind_to_any_port("127.0.0.1");
    thread = std::thread([this] { server.listen_after_bind(); });
    while (!server.is_running()) std::this_thread::yield();
  }
  ~TlsServer() {
    server.stop();
    thread.join();
  }
  httplib::SSLServer server;
  int port = 0;
  std::thread thread;
};

struct Got {
  Reply reply;
  std::string body;
};
Got get(ApiClient& client, const std::string& path) {
  Got got;
  got.reply =
      client.get(path, Encoding::json, std::chrono::seconds(5), {nullptr, [&](Encoding, std::string_view piece) {
                                                                   got.body += piece;
                                                                   return true;
                                                                 }});
  return got;
}

}  // namespace

TEST_CASE("api client: the server's certificate must lead to the CA and name the server") {
  const Identity identity, other;
  const TlsServer server(identity);
  struct Case {
    const char* about;
    std::string ca, name;
    bool insecure;
    const char* problem;  // empty: works
  };
  for (const Case& each : {
           Case{"the right CA", identity.pem(false), "", false, ""},
           Case{"another CA", other.pem(false), "", false, "the server's certificate is refused"},
           Case{"the system's CAs", "", "", false, "the server's certificate is refused"},
           Case{"not verified", "", "", true, ""},
           Case{"by another name", identity.pem(false), "api.example", false, ""},
           Case{"by a wrong name", identity.pem(false), "db.example", false,
                "the server's certificate is refused: hostname mismatch"},
       }) {
    CAPTURE(each.about);
    ApiServer api;
    api.url = "https://127.0.0.1:" + std::to_string(server.port);
    api.ca_data = each.ca;
    api.server_name = each.name;
    api.insecure_skip_verify = each.insecure;
    ApiClient client(api);
    const Got got = get(client, "/x");
    CHECK(got.body == (*each.problem ? "" : "body"));
    CHECK(got.reply.problem.substr(0, std::string(each.problem).size()) == each.problem);
    if (!*each.problem) CHECK(got.reply.problem.empty());
  }
}

TEST_CASE("api client: what can never work is said before anything is tried") {
  const Identity one, other;
  ApiServer api;
  const auto message = [&] {
    const auto checked = ApiClient::check(api);
    return checked ? std::string() : checked.error().message;
  };
  api.url = "ftp://x";
  CHECK(message() == "\"ftp://x\": expected http:// or https://");
  api.url = "https://x:99999";
  CHECK(message() == "\"https://x:99999\": expected a port between 1 and 65535");
  api.url = "https://x";
  api.ca_file = "/nonexistent/ca.crt";
  CHECK(message() == "certificate authority /nonexistent/ca.crt cannot be read");
  api.ca_file.clear();
  api.ca_data = "no PEM";
  CHECK(message() == "certificate authority in the kubeconfig holds no PEM certificate");
  api.ca_data = one.pem(false);
  CHECK(message().empty());
  api.certificate_data = one.pem(false);
  CHECK(message() == "a client certificate needs a client key");
  api.key_data = other.pem(true);
  CHECK(message() == "client key in the kubeconfig is no PEM key that fits the client certificate");
  api.key_data = one.pem(true);
  CHECK(message().empty());
}

TEST_CASE("api client: URLs") {
  const auto parsed = [](const std::string& url, const std::string& ca = "") {
    ApiServer api;
    api.url = url;
    api.ca_data = ca;
    const auto address = parse_url(api);
    return address ? std::string(address->tls ? "tls " : "plain ") + address->host + " " +
                         std::to_string(address->port) + " " + address->prefix
                   : std::string("error");
  };
  CHECK(parsed("https://10.0.0.1:6443") == "tls 10.0.0.1 6443 ");
  CHECK(parsed("https://[fd00::1]:6443/") == "tls fd00::1 6443 ");
  CHECK(parsed("https://[fd00::1]") == "tls fd00::1 443 ");
  CHECK(parsed("http://host/k8s/clusters/c1/") == "plain host 80 /k8s/clusters/c1");
  CHECK(parsed("host:8080") == "plain host 8080 ");
  CHECK(parsed("host", "pem") == "tls host 443 ");
  for (const char* bad : {"https://", "https://:1", "https://x:", "https://x:0", "https://x:1a"})
    CHECK(parsed(bad) == "error");
}

TEST_CASE("api client: the token file is read again") {
  std::string path = (std::filesystem::temp_directory_path() / "portolan-token-XXXXXX").string();
  ::close(::mkstemp(path.data()));
  std::ofstream(path) << "first\n";
  FakeApiServer server;
  ApiServer api;
  api.url = server.url();
  api.token_file = path;
  ApiClient client(api);
  for (const char* token : {"first", "second"}) {
    std::ofstream(path) << token << "\n";
    server.answer(200, "{}");
    CHECK(get(client, "/x").body == "{}");
    server.request();
    CHECK(server.authorization() == std::string("Bearer ") + token);
  }
  std::filesystem::remove(path);
}

TEST_CASE("api client: a program's token is sent, and asked for again when it is refused") {
  const TestScript script(
      "echo >> runs; n=$(wc -l < runs)\n"
      "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"v\",\"status\":{\"token\":\"t'$n'\"}}'");
  FakeClock clock;
  FakeApiServer server;
  ApiServer api;
  api.url = server.url();
  api.exec =
      std::make_shared<ExecCredentials>(ExecPlugin{"kubeconfig /k:7", "v", "./plugin", script.folder(), "", {}}, clock);
  ApiClient client(api);
  server.answer(200, "{}");
  CHECK(get(client, "/x").body == "{}");
  server.request();
  CHECK(server.authorization() == "Bearer t1");

  clock.advance(std::chrono::hours(1));
  server.answer(401, "no");
  server.answer(200, "again");
  int begun = 0;
  std::string body;
  const Reply reply = client.get("/x", Encoding::json, std::chrono::seconds(5),
                                 {[&](int status) {
                                    ++begun;
                                    CHECK(status == 200);
                                  },
                                  [&](Encoding, std::string_view piece) {
                                    body += piece;
                                    return true;
                                  }});
  CHECK(reply.status == 200);
  CHECK(body == "again");
  CHECK(begun == 1);
  server.request();
  CHECK(server.authorization() == "Bearer t1");
  server.request();
  CHECK(server.authorization() == "Bearer t2");

  server.answer(401, "no");  // young ones that are refused: no second try now
  CHECK(get(client, "/x").reply.status == 401);
  CHECK(script.read("runs") == "\n\n");
  CHECK(get(client, "/x").reply.problem ==
        "kubeconfig /k:7: exec: the API server refuses the credentials that ./plugin gives");
}

TEST_CASE("api client: a program's certificate is shown, and another one on another connection") {
  const Identity identity;
  const TestScript script("cat answer");
  TlsServer server(identity);
  const auto answer = [&](const std::string& expires) {
    const nlohmann::json status = {{"clientCertificateData", identity.pem(false)},
                                   {"clientKeyData", identity.pem(true)},
                                   {"expirationTimestamp", expires}};
    script.write("answer", nlohmann::json{{"kind", "ExecCredential"}, {"apiVersion", "v"}, {"status", status}}.dump());
  };
  FakeClock clock;
  ApiServer api;
  api.url = "https://127.0.0.1:" + std::to_string(server.port);
  api.ca_data = identity.pem(false);
  api.exec =
      std::make_shared<ExecCredentials>(ExecPlugin{"kubeconfig /k:7", "v", "./plugin", script.folder(), "", {}}, clock);
  ApiClient client(api);
  answer("2023-11-14T22:13:30Z");
  CHECK(get(client, "/x").body == "body");
  clock.advance(std::chrono::seconds(60));
  script.write("answer", R"({"kind":"ExecCredential","apiVersion":"v","status":{"clientCertificateData":"c",
    "clientKeyData":"k"}})");
  CHECK(get(client, "/x").reply.problem == "client certificate in the kubeconfig holds no PEM certificate");
}

TEST_CASE("api client: stop() ends a program that does not end") {
  const TestScript script("touch running; sleep 1000");
  FakeClock clock;
  ApiServer api;
  api.url = "http://127.0.0.1:1";
  api.exec =
      std::make_shared<ExecCredentials>(ExecPlugin{"kubeconfig /k:7", "v", "./plugin", script.folder(), "", {}}, clock);
  ApiClient client(api);
  std::thread stopping([&] {
    while (!std::filesystem::exists(script.folder() + "/running")) std::this_thread::yield();
    client.stop();
  });
  CHECK(get(client, "/x").reply.problem == "kubeconfig /k:7: exec: stopped");
  stopping.join();
}

TEST_CASE("api client: stop() ends a request that waits for its reply, and later ones fail at once") {
  FakeApiServer server;  // never answers
  ApiServer api;
  api.url = server.url();
  ApiClient client(api);
  std::thread stopping([&] {
    server.request();
    client.stop();
  });
  const auto before = std::chrono::steady_clock::now();
  CHECK(get(client, "/x").reply.problem == "stopped");
  stopping.join();
  CHECK(get(client, "/x").reply.problem == "stopped");
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(4));
}

TEST_CASE("api client: nobody listening is a problem, not an exception") {
  ApiServer api;
  {
    const FakeApiServer gone;
    api.url = gone.url();
  }
  ApiClient client(api);
  CHECK(get(client, "/x").reply.problem == "cannot connect");
}

}  // namespace portolan::cluster
