// Requests to an API server: who is asking, which encoding is wanted, and what a program of the kubeconfig gives.
#include "cluster/api_client.h"

#include <algorithm>
#include <charconv>
#include <fstream>

#include "base/base64.h"
#include "base/log.h"
#include "cluster/exec_credentials.h"
#include "cluster/tls.h"

namespace portolan::cluster {
namespace {

// An API server that is crowded names seconds. A proxy that names more must not make the answers that much older.
constexpr int kLongestRetryAfter = 5;

/// Retry-After in seconds (RFC 9110 section 10.2.3); the form with a date is not used by API servers.
std::chrono::seconds retry_after(const std::string& text) {
  int seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::chrono::seconds(std::clamp(seconds, 0, kLongestRetryAfter));
}

/// RFC 7617.
std::string basic(const std::string& user, const std::string& password) {
  return "Basic " + base64_encoded(user + ":" + password);
}

}  // namespace

std::string query_escape(std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) || std::string_view("-._~").find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      out += {'%', kDigits[octet >> 4], kDigits[octet & 15]};
    }
  }
  return out;
}

struct ApiClient::Impl {
  explicit Impl(ApiServer configured) : http(std::move(configured)) {}

  /// Takes what the program of the kubeconfig gives, if there is one; another certificate needs another connection.
  Result<void> take_exec_credentials() {
    ApiServer& server = http.server();
    if (!server.exec) return {};
    auto fresh = server.exec->get([this] { return http.is_stopped(); });
    if (!fresh) return fresh.error();
    if (*fresh == credentials) return {};
    credentials = std::move(*fresh);
    if (credentials->certificate != server.certificate_data || credentials->key != server.key_data) http.drop();
    server.token = credentials->token;
    server.certificate_data = credentials->certificate;
    server.key_data = credentials->key;
    return {};
  }

  HttpRequest request(const std::string& path, Encoding best) {
    ApiServer& server = http.server();
    HttpRequest wanted{
        .path = path,
        .headers = {
            {"Accept", accept(best)}, {"Accept-Encoding", "identity"}, {"User-Agent", "portolan/" PORTOLAN_VERSION}}};
    if (!server.token_file.empty()) {
      std::ifstream in(server.token_file);
      std::string token;
      if (in >> token)
        server.token = token;
      else
        log::limited(log::Level::warning, "plugin/kubernetes: token file " + server.token_file + " cannot be read");
    }
    if (!server.token.empty())
      wanted.headers.emplace_back("Authorization", "Bearer " + server.token);
    else if (!server.user.empty())
      wanted.headers.emplace_back("Authorization", basic(server.user, server.password));
    return wanted;
  }

  HttpClient http;
  CredentialsPtr credentials;  // that the program gave last
};

ApiClient::ApiClient(ApiServer server) : impl_(std::make_unique<Impl>(std::move(server))) {}
ApiClient::~ApiClient() = default;

Result<void> ApiClient::check(const ApiServer& server) {
  const auto address = parse_url(server);
  if (!address) return address.error();
  if (!server.token_file.empty() && server.token.empty()) {
    if (std::ifstream in(server.token_file); !in) return fail("token file " + server.token_file + " cannot be read");
  }
  if (server.exec) {
    if (auto checked = server.exec->check(); !checked) return checked;
  }
  return address->tls ? check_tls(server) : Result<void>{};
}

Reply ApiClient::get(const std::string& path, Encoding best, std::chrono::milliseconds silence,
                     const Receiver& receiver) {
  bool begun = false;
  const auto begin = [&](int status) {
    if (!begun && receiver.begun) receiver.begun(status);
    begun = true;
  };
  Reply reply;
  if (auto taken = impl_->take_exec_credentials(); !taken) {
    reply.problem = taken.error().message;
  } else {
    reply = request(path, best, silence, receiver.body, begin);
    if (reply.status == 401 && impl_->http.server().exec) {
      // They may have been revoked, or have expired unannounced: once more, with others if there are any.
      const CredentialsPtr used = impl_->credentials;
      impl_->http.server().exec->refused(used);
      if (impl_->take_exec_credentials() && impl_->credentials != used) {
        reply = request(path, best, silence, receiver.body, begin);
      }
    }
  }
  begin(reply.status);
  return reply;
}

Reply ApiClient::request(const std::string& path, Encoding best, std::chrono::milliseconds silence,
                         const BodyReceiver& body, const std::function<void(int)>& begin) {
  Reply reply;
  const auto head = [&](int status, const HttpClient::HeaderOf& header) {
    reply.retry_after = retry_after(header("Retry-After"));
    reply.encoding = encoding_of(header("Content-Type"));
    if (status != 401) begin(status);
  };
  HttpReply got = impl_->http.send(impl_->request(path, best), silence,
                                   {head, [&](std::string_view piece) { return body(reply.encoding, piece); }});
  reply.status = got.status;
  reply.problem = std::move(got.problem);
  reply.body = std::move(got.body);
  reply.silent = got.silent;
  return reply;
}

void ApiClient::stop() { impl_->http.stop(); }

}  // namespace portolan::cluster
