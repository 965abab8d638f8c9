// One run at a time; everybody else waits for its result.
#include "cluster/exec_credentials.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/rfc3339.h"

namespace portolan::cluster {
namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kLook{50};
/// Credentials that are refused when they are younger than this were no good in the first place.
constexpr std::chrono::minutes kYoung{1};
constexpr int kMostDoublings = 5;  // 1 s, 2 s ... 30 s

/// The text of a member; empty when it is missing, null or no string.
std::string text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace

Result<Credentials> parse_exec_credential(const std::string& text_of_json, const std::string& api_version) {
  const json root = json::parse(text_of_json, nullptr, false);
  if (!root.is_object()) return fail("its output is no JSON object: expected an ExecCredential");
  if (text(root, "kind") != "ExecCredential") {
    return fail("kind \"" + text(root, "kind") + "\": expected ExecCredential");
  }
  if (text(root, "apiVersion") != api_version) {
    return fail("apiVersion \"" + text(root, "apiVersion") + "\": expected " + api_version);
  }
  const auto status = root.find("status");
  if (status == root.end() || !status->is_object()) return fail("its output has no status");
  Credentials found;
  found.token = text(*status, "token");
  found.certificate = text(*status, "clientCertificateData");
  found.key = text(*status, "clientKeyData");
  if (found.certificate.empty() != found.key.empty()) {
    return fail("status has one of clientCertificateData and clientKeyData: expected both or none");
  }
  if (found.token.empty() && found.certificate.empty()) {
    return fail("status has neither a token nor a client certificate");
  }
  if (const std::string expires = text(*status, "expirationTimestamp"); !expires.empty()) {
    const double seconds = rfc3339_seconds(expires);
    if (seconds < 0) return fail("expirationTimestamp \"" + expires + "\": expected an RFC 3339 time");
    found.expires = WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::duration<double>(seconds)));
  }
  return found;
}

Result<void> ExecCredentials::check() const {
  const auto path = find_program(plugin_.command, plugin_.folder);
  if (path) return {};
  const std::string hint = plugin_.install_hint.empty() ? "" : "; " + plugin_.install_hint;
  return fail(plugin_.place + ": exec: " + path.error().message + hint);
}

bool ExecCredentials::is_valid(const Credentials& credentials) const {
  return !credentials.expires || clock_.wall() < *credentials.expires;
}

Result<CredentialsPtr> ExecCredentials::get(const std::function<bool()>& stopped) {
  std::unique_lock lock(mutex_);
  while (running_) {
    changed_.wait_for(lock, kLook);
    if (stopped()) return fail("stopped");
  }
  if (current_ && is_valid(*current_)) return current_;
  if (current_) failures_ = 0;  // they were good until they expired
  if (clock_.now() < not_before_) return fail(problem_);
  running_ = true;
  lock.unlock();
  auto result = run(stopped);
  lock.lock();
  running_ = false;
  changed_.notify_all();
  if (!result) {
    current_ = nullptr;
    failed(result.error().message);
    return fail(problem_);
  }
  current_ = *result;
  obtained_ = clock_.now();
  return current_;
}

Result<CredentialsPtr> ExecCredentials::run(const std::function<bool()>& stopped) const {
  const auto problem = [this](const std::string& message) { return fail(plugin_.place + ": exec: " + message); };
  Program program = plugin_.program;
  auto path = find_program(plugin_.command, plugin_.folder);
  if (!path) return problem(path.error().message);
  program.path = std::move(*path);
  const auto output = run_program(program, limit_, stopped);
  if (!output) return problem(output.error().message);
  auto parsed = parse_exec_credential(*output, plugin_.api_version);
  if (!parsed) return problem(program.path + ": " + parsed.error().message);
  if (!is_valid(*parsed)) return problem(program.path + ": the credentials it gives have expired already");
  return std::make_shared<const Credentials>(std::move(*parsed));
}

void ExecCredentials::refused(const CredentialsPtr& used) {
  const std::lock_guard lock(mutex_);
  if (!used || used != current_) return;  // another connection has said so before
  current_ = nullptr;
  if (clock_.now() - obtained_ >= kYoung) {
    failures_ = 0;
    not_before_ = {};
    return;
  }
  failed(plugin_.place + ": exec: the API server refuses the credentials that " + plugin_.command + " gives");
}

void ExecCredentials::failed(std::string problem) {
  problem_ = std::move(problem);
  const std::chrono::seconds pause(std::min(1 << std::min(failures_, kMostDoublings), 30));
  ++failures_;
  not_before_ = clock_.now() + pause;
}

std::string ExecCredentials::key() const {
  std::string key;
  const auto add = [&key](const std::string& part) {
    key.append(std::to_string(part.size())).append(":").append(part);
  };
  add(plugin_.api_version);
  add(plugin_.command);
  add(plugin_.folder);
  for (const std::string& word : plugin_.program.args) add(word);
  for (const auto& [name, value] : plugin_.program.environment) add(name + "=" + value);
  return key;
}

}  // namespace portolan::cluster
