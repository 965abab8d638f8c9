// Credentials that a program gives: `exec` of a kubeconfig (client.authentication.k8s.io/v1 and v1beta1), as cloud
// providers' clusters have it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/program.h"

namespace portolan::cluster {

/// What the kubeconfig says.
struct ExecPlugin {
  std::string place;  // "kubeconfig FILE:LINE", for messages
  std::string api_version;
  std::string command, folder;  // a relative path counts from the kubeconfig's folder
  std::string install_hint;
  Program program;  // arguments and environment, KUBERNETES_EXEC_INFO among it; its path is found before each run
};

struct Credentials {
  std::string token;
  std::string certificate, key;     // PEM
  std::optional<WallTime> expires;  // nothing: when the API server refuses them
};
using CredentialsPtr = std::shared_ptr<const Credentials>;

/// Shared by all connections to one API server; any of their threads may call anything. The program runs on the thread
/// that needs credentials first, while the others wait; none of them answers queries.
class ExecCredentials {
 public:
  static constexpr std::chrono::milliseconds kLimit{30'000};

  ExecCredentials(ExecPlugin plugin, const Clock& clock, std::chrono::milliseconds limit = kLimit)
      : plugin_(std::move(plugin)), clock_(clock), limit_(limit) {}

  /// Whether the program is there.
  Result<void> check() const;
  /// What is valid now, from the program if need be. After a failure the program is not run again for a while (a
  /// second, then twice as long up to 30), and the error stays the same. Fails as soon as `stopped()` is true.
  Result<CredentialsPtr> get(const std::function<bool()>& stopped);
  /// The API server has refused `used` (401): the next get() runs the program again.
  void refused(const CredentialsPtr& used);
  /// Equal for programs that give the same credentials.
  std::string key() const;

 private:
  Result<CredentialsPtr> run(const std::function<bool()>& stopped) const;
  bool is_valid(const Credentials& credentials) const;
  void failed(std::string problem);

  const ExecPlugin plugin_;
  const Clock& clock_;
  const std::chrono::milliseconds limit_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool running_ = false;
  CredentialsPtr current_;
  SteadyTime obtained_{};
  std::string problem_;      // of the last run
  SteadyTime not_before_{};  // the next run
  int failures_ = 0;         // in a row
};

/// What a program printed: an ExecCredential of this version.
Result<Credentials> parse_exec_credential(const std::string& json, const std::string& api_version);

}  // namespace portolan::cluster
