// A collector for tests: it listens or connects, speaks Frame Streams from the other side, and keeps what it is sent.
// Blocking, with a time limit on every step.
#pragma once

#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <vector>

#include "base/temporary_folder.h"
#include "plugins/dnstap/frame_stream.h"
#include "server/listen/socket.h"

namespace portolan::dnstap::testing {

constexpr int kPatienceMs = 10'000;

/// Whether it comes true while others work.
inline bool soon(const std::function<bool()>& done) {
  for (int i = 0; i < kPatienceMs; ++i) {
    if (done()) return true;
    poll(nullptr, 0, 1);
  }
  return false;
}

/// A folder that goes away with its owner.
using Folder = TemporaryFolder;

/// A self-signed certificate for 127.0.0.1 and its key, as files.
struct Identity {
  Identity(const Folder& folder, const std::string& name)
      : certificate(folder / (name + ".pem")), key(folder / (name + ".key")) {
    EVP_PKEY* pair = EVP_EC_gen("P-256");
    X509* made = X509_new();
    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
    X509_gmtime_adj(X509_getm_notBefore(made), -60);
    X509_gmtime_adj(X509_getm_notAfter(made), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(made, X509_get_subject_name(made));
    X509_set_pubkey(made, pair);
    X509_EXTENSION* address = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
    X509_add_ext(made, address, -1);
    X509_EXTENSION_free(address);
    X509_sign(made, pair, EVP_sha256());
    FILE* file = std::fopen(certificate.c_str(), "w");
    PEM_write_X509(file, made);
    std::fclose(file);
    file = std::fopen(key.c_str(), "w");
    PEM_write_PrivateKey(file, pair, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(made);
    EVP_PKEY_free(pair);
  }
  std::string certificate, key;
};

/// What a message says, as far as tests ask.
struct Said {
  std::string identity, version, extra;
  int type = 0, family = 0, protocol = 0;
  std::string query_address, response_address, query_message, response_message;
  uint32_t query_port = 0, response_port = 0;
  uint64_t query_seconds = 0, response_seconds = 0;
};

inline Said read(const std::string& frame) {
  Said said;
  std::string inner;
  for (protozero::pbf_reader outer(frame); outer.next();) {
    switch (outer.tag()) {
      case 1:
        said.identity = outer.get_string();
        break;
      case 2:
        said.version = outer.get_string();
        break;
      case 3:
        said.extra = outer.get_string();
        break;
      case 14:
        inner = outer.get_string();
        break;
      default:
        outer.skip();
    }
  }
  for (protozero::pbf_reader message(inner); message.next();) {
    switch (message.tag()) {
      case 1:
        said.type = message.get_enum();
        break;
      case 2:
        said.family = message.get_enum();
        break;
      case 3:
        said.protocol = message.get_enum();
        break;
      case 4:
        said.query_address = message.get_string();
        break;
      case 5:
        said.response_address = message.get_string();
        break;
      case 6:
        said.query_port = message.get_uint32();
        break;
      case 7:
        said.response_port = message.get_uint32();
        break;
      case 8:
        said.query_seconds = message.get_uint64();
        break;
      case 10:
        said.query_message = message.get_string();
        break;
      case 12:
        said.response_seconds = message.get_uint64();
        break;
      case 14:
        said.response_message = message.get_string();
        break;
      default:
        message.skip();
    }
  }
  return said;
}

/// One connection, seen from the collector. Methods that return bool or nothing found say that time was up or that the
/// other side has closed.
class Conversation {
 public:
  explicit Conversation(int fd) : fd_(fd) {
    const timeval limit{kPatienceMs / 1000, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }
  ~Conversation() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  Conversation(const Conversation&) = delete;

  /// TLS with an identity of one's own (as the server, or as a client that has one), or without any.
  bool secure(bool as_server, const Identity* own) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to connections that the other side has closed
    context_ = SSL_CTX_new(as_server ? TLS_server_method() : TLS_client_method());
    if (own) {
      SSL_CTX_use_certificate_file(context_, own->certificate.c_str(), SSL_FILETYPE_PEM);
      SSL_CTX_use_PrivateKey_file(context_, own->key.c_str(), SSL_FILETYPE_PEM);
    }
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, fd_.get());
    ERR_clear_error();
    const bool done = (as_server ? SSL_accept(ssl_) : SSL_connect(ssl_)) == 1;
    ERR_clear_error();
    return done;
  }
  /// READY is awaited, ACCEPT said, START awaited.
  bool greet() { return control(Control::ready) && say(control_frame(Control::accept)) && control(Control::start); }
  bool say(const std::string& octets) {
    return ssl_ ? SSL_write(ssl_, octets.data(), static_cast<int>(octets.size())) > 0
                : send(fd_.get(), octets.data(), octets.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(octets.size());
  }
  /// The next frame is this control frame.
  bool control(Control wanted) {
    while (true) {
      const ControlFrame frame = read_control_frame(input_);
      if (frame.state == ControlFrame::State::whole) {
        input_.erase(0, frame.size);
        return frame.type == wanted && frame.content_type;
      }
      if (frame.state == ControlFrame::State::malformed || !more()) return false;
    }
  }
  /// The next data frame.
  std::optional<Said> next() {
    while (input_.size() < 4 || input_.size() < 4 + size()) {
      if (!more()) return std::nullopt;
    }
    if (size() == 0) return std::nullopt;
    const std::string frame = input_.substr(4, size());
    input_.erase(0, 4 + frame.size());
    return read(frame);
  }
  /// Whether the other side closes now, without another word.
  bool closed() { return input_.empty() && !more(); }

 private:
  size_t size() const {
    size_t number = 0;
    for (size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<uint8_t>(input_[i]);
    return number;
  }
  bool more() {
    char octets[4096];
    const auto got = ssl_ ? SSL_read(ssl_, octets, sizeof octets) : recv(fd_.get(), octets, sizeof octets, 0);
    if (got <= 0) return false;
    input_.append(octets, static_cast<size_t>(got));
    return true;
  }

  Descriptor fd_;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  std::string input_;
};

/// A listening socket: of a path, or a TCP port of the kernel's choosing.
class Collector {
 public:
  explicit Collector(const std::string& path = {}) {
    if (path.empty()) {
      fd_ = Descriptor(socket(AF_INET, SOCK_STREAM, 0));
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
    } else {
      fd_ = Descriptor(socket(AF_UNIX, SOCK_STREAM, 0));
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      path.copy(address.sun_path, sizeof address.sun_path - 1);
      bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
    }
    listen(fd_.get(), 8);
  }
  std::string port() const { return std::to_string(server::bound_port(fd_.get())); }
  /// The next one that connects; null when nobody does.
  std::unique_ptr<Conversation> accept() {
    pollfd wait{fd_.get(), POLLIN, 0};
    if (poll(&wait, 1, kPatienceMs) != 1) return nullptr;
    return std::make_unique<Conversation>(::accept(fd_.get(), nullptr, nullptr));
  }

 private:
  Descriptor fd_;
};

/// Connects to a sink that listens, trying until it does.
inline std::unique_ptr<Conversation> connect_to(const sockaddr* address, socklen_t size) {
  for (int i = 0; i < kPatienceMs / 5; ++i) {
    const int fd = socket(address->sa_family, SOCK_STREAM, 0);
    if (connect(fd, address, size) == 0) return std::make_unique<Conversation>(fd);
    close(fd);
    poll(nullptr, 0, 5);
  }
  return nullptr;
}
inline std::unique_ptr<Conversation> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return connect_to(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}
inline std::unique_ptr<Conversation> connect_to(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return connect_to(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

}  // namespace portolan::dnstap::testing
