// A connection to a collector: a non-blocking socket, with TLS in it or not.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/result.h"
#include "plugins/dnstap/endpoint.h"

namespace portolan::dnstap {

/// Settings for all TLS connections of a sink, as a client or as a server.
class TlsContext {
 public:
  static Result<std::shared_ptr<TlsContext>> make(const SinkSettings& settings);
  ~TlsContext();
  struct Impl;
  Impl& impl() const { return *impl_; }

 private:
  TlsContext();
  std::unique_ptr<Impl> impl_;
};

/// Used by one thread.
class Stream {
 public:
  /// `context` is null for a plain one. `host`: whom a client wants to talk to.
  Stream(Descriptor fd, std::shared_ptr<TlsContext> context, bool listens, const std::string& host);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  enum class Step : uint8_t { done, waits, over };  // over: error() says why
  Step handshake();
  /// Appends what is there to `into`.
  Step read(std::string& into);
  /// `from` loses what was taken.
  Step write(std::string_view& from);
  /// What poll(2) has to wait for after a step that waits.
  short waits_for() const { return waits_for_; }
  int descriptor() const { return fd_.get(); }
  const std::string& error() const { return error_; }

 private:
  struct Session;
  Step outcome(int result, std::string_view operation);
  Step system_outcome(std::string_view operation);

  Descriptor fd_;
  std::shared_ptr<TlsContext> context_;
  std::unique_ptr<Session> tls_;
  bool listens_;
  short waits_for_ = 0;
  std::string error_;
};

}  // namespace portolan::dnstap
