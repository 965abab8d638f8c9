// Where a tap's messages go, as the Corefile says it.
#pragma once

#include <compare>
#include <string>

#include "base/result.h"

namespace portolan::dnstap {

struct Endpoint {
  enum class Kind : uint8_t { unix_socket, tcp, tls };
  Kind kind = Kind::unix_socket;
  std::string path;        // of a unix socket
  std::string host, port;  // of the others; an empty host: every address
  auto operator<=>(const Endpoint&) const = default;

  /// "tcp://127.0.0.1:6000", "unix:///run/dnstap.sock".
  std::string text() const;
  /// The same in the words of CoreDNS's errors: "tcp 127.0.0.1:6000".
  std::string dialled() const;
};

/// `tcp://HOST:PORT`, `tls://HOST:PORT`, `unix://PATH` or a path.
Result<Endpoint> parse_endpoint(const std::string& text);

/// One connection that goes out, or one socket that is listened on, with all that makes it different from others.
struct SinkSettings {
  Endpoint endpoint;
  bool listens = false;
  bool skip_verify = false;
  std::string certificate, key, authorities;  // names of PEM files, for a tls:// endpoint that is listened on
  size_t write_buffer = 0;                    // octets asked of the kernel
  size_t queue = 0;                           // messages that may wait
  auto operator<=>(const SinkSettings&) const = default;
};

}  // namespace portolan::dnstap
