// The TLS side of the connection to an API server: who is trusted, which certificate is shown.
#pragma once

#include <string>

#include "base/result.h"
#include "cluster/source.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace portolan::cluster {

/// Sets `context` up for `server`: the handshake fails unless the chain leads to the CA and the certificate is made out
/// to `host` (an address or a name), or to the server's tls-server-name. Why it failed is left in `*problem`, which
/// outlives the context.
Result<void> configure_tls(ssl_ctx_st* context, const ApiServer& server, const std::string& host, std::string* problem);

/// Whether what is needed for TLS can be read: files are there, PEM is right, the key fits the certificate.
Result<void> check_tls(const ApiServer& server);

}  // namespace portolan::cluster
