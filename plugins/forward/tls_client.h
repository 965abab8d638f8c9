// TLS to upstreams: certificates as configured, and a stream over a non-blocking socket. OpenSSL stays in the .cc file.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace portolan::forward {

/// What a `tls` line names, read into memory; two that are equal can share connections across a reload.
struct TlsFiles {
  std::string certificate, key, authorities;  // PEM; empty: none, none, the system's
  bool operator==(const TlsFiles&) const = default;
};

/// `names` as in the Corefile: [CA] | CERT KEY [CA].
Result<TlsFiles> read_tls_files(const std::vector<std::string>& names);

/// Settings for all connections to one upstream: TLS 1.2 at least, the peer verified. Shared by all workers.
class TlsContext {
 public:
  static Result<std::shared_ptr<TlsContext>> make(const TlsFiles& files);
  ~TlsContext();
  struct Impl;
  Impl& impl() const { return *impl_; }

 private:
  TlsContext();
  std::unique_ptr<Impl> impl_;
};

/// What a step on a stream came to.
enum class Step : uint8_t { done, want_read, want_write, closed, failed };

/// A TCP stream, with TLS in it or not, over a non-blocking socket that the caller owns.
class Stream {
 public:
  /// Plain when `context` is null. `peer` is the name the certificate must have, or the IP address.
  Stream(int fd, const TlsContext* context, const std::string& peer, bool peer_is_address);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  Step handshake();
  /// `count` is set to the octets moved when the step is done.
  Step read(std::span<uint8_t> into, size_t& count);
  Step write(std::span<const uint8_t> from, size_t& count);
  /// Why a step failed.
  const std::string& error() const { return error_; }

 private:
  Step outcome(int result);
  struct Session;
  int fd_;
  std::unique_ptr<Session> tls_;
  std::string error_;
};

}  // namespace portolan::forward
