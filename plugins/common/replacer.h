// The replacer: log formats like "{remote}:{port} {name}", read once at setup and filled in for each query.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/common/text_buffer.h"
#include "server/query.h"

namespace portolan {

/// What was said to the client, as the plugin that writes the line saw it.
struct Answered {
  const server::Query* query = nullptr;
  dns::NameView name;   // as asked when the plugin was reached, lower case
  bool replied = true;  // false: the query was dropped
  dns::Rcode rcode = dns::Rcode::noerror;
  dns::Header header;  // the flags of the reply
  size_t size = 0;     // of the reply, uncompressed and whole
  std::chrono::nanoseconds duration{};
};

/// A compiled format; unchanging, for all workers.
class Replacer {
 public:
  explicit Replacer(std::string_view format);
  void render(const Answered& answered, TextBuffer& out) const;

 private:
  enum class Field : uint8_t {
    literal,
    type,
    name,
    klass,
    proto,
    size,
    remote,
    port,
    local,
    id,
    opcode,
    dnssec_ok,
    bufsize,
    rcode,
    rsize,
    duration,
    rflags,
    metadata,
  };
  struct Node {
    Field field;
    std::string text;  // of a literal; a label of metadata
  };
  static std::optional<Field> field_of(std::string_view placeholder);
  void add_literal(std::string_view text);

  std::vector<Node> nodes_;
};

/// What `outcome` will be for the client: the reply as it stands, or the bare error that the server will make of it.
Answered answered(const server::Query& query, const server::Outcome& outcome);

/// Octets of the query as it stands, uncompressed.
size_t request_size(const server::Query& query);

}  // namespace portolan
