// The syntax tree of a Corefile after imports, snippets and environment variables have been put in. Knows no plugin.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace portolan::corefile {

/// Where a token stands. `file` is the path as given (an imported file's own path).
struct Position {
  std::shared_ptr<const std::string> file;
  uint32_t line = 0;    // from 1
  uint32_t column = 0;  // from 1, in octets

  /// "Corefile:12", the form of CoreDNS's messages.
  std::string text() const;
};

struct Token {
  std::string text;
  Position at;
  bool quoted = false;  // stood in quotes: never a brace, never a comment
};

/// A directive of a server block, or an option inside a directive's block: a word, its arguments, perhaps a block.
struct Directive {
  Token name;
  std::vector<Token> args;
  std::optional<std::vector<Directive>> block;  // absent when there was no `{`
};

/// One key of a server block: `scheme://zone:port`. A CIDR key stands for several zones.
struct Key {
  std::string text;                // as written
  std::string scheme;              // "dns", "tls", "quic", "grpc", "https", "https3"; "dns" when not written
  std::vector<std::string> zones;  // lower case, absolute, in presentation form; "." when not written
  std::string port;                // empty when not written; the scheme's default is the server's business
  Position at;
};

struct ServerBlock {
  std::vector<Key> keys;
  std::vector<Directive> directives;  // in file order
  Position at;                        // of the first key
};

struct File {
  std::string path;  // of the outermost file
  std::vector<ServerBlock> blocks;
  std::vector<std::string> warnings;  // what was accepted although it can hardly be meant; one line each, for the log
};

}  // namespace portolan::corefile
