// Setup: what a plugin sees while a server block is built, and Block: what is known of a block afterwards.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "corefile/option.h"
#include "server/plugin.h"

namespace portolan::server {

class Configuration;
class Process;

struct ProxyRules;

/// What plugins may change about the listeners of their block.
struct ListenOptions {
  std::vector<std::string> hosts;  // bind: addresses; empty: every address
  unsigned sockets = 0;            // multisocket: of each protocol and address; 0: one a worker
  // timeouts: of TCP connections; the server's own where there is none.
  std::optional<std::chrono::nanoseconds> read_timeout, write_timeout, idle_timeout;
  std::optional<uint64_t> most_tcp_queries;  // of one connection; 0: any number
  std::shared_ptr<const ProxyRules> proxy;   // proxyproto; null: headers are not looked for
  bool shed = false;                         // shed: answers that the kernel does not take wait for a while
};

/// One handler of a block, with its directive's name.
struct Member {
  std::string_view name;
  std::shared_ptr<Handler> handler;
};

/// A server block: its keys, its chain, its listeners. Unchanging once the configuration serves.
class Block {
 public:
  struct Key {
    dns::Name zone;      // lower case
    std::string port;    // "53"
    std::string scheme;  // "dns"
    std::string text;    // as normalised: "dns://example.org.:1053"
  };

  const std::vector<Key>& keys() const { return keys_; }
  /// The zones of all keys, each once: what a plugin without a zone list serves.
  const std::vector<dns::Name>& zones() const { return zones_; }
  const ListenOptions& listen() const { return listen_; }
  const std::vector<Member>& members() const { return members_; }
  /// Base directory for relative file names (`root`); empty: the working directory.
  const std::string& root() const { return root_; }
  /// `path` under root() when it is relative.
  std::string file(std::string_view path) const;
  bool debug() const { return debug_; }
  /// The name of the block's view, the `view` label of metrics; empty without one.
  std::string_view view() const { return viewer_ ? viewer_->view_name() : std::string_view(); }
  /// Whether queries get metadata here (`metadata`).
  bool has_metadata() const { return metadata_zones_.has_value(); }
  /// The first handler of directive `name`; null when the block has none. All are there from prepare() on.
  Handler* other(std::string_view name) const;
  /// Every handler with power T, in the order of the chain. All are there from prepare() on.
  template <class T>
  std::vector<T*> others() const {
    std::vector<T*> found;
    for (const Member& member : members_) {
      if (auto* power = dynamic_cast<T*>(member.handler.get())) found.push_back(power);
    }
    return found;
  }
  /// The first link of the chain.
  Next chain() const { return Next(links_.data() + 1); }

  // For the server core and Setup.
  std::vector<Key> keys_;
  std::vector<dns::Name> zones_;
  ListenOptions listen_;
  std::vector<Member> members_;
  std::vector<Next::Link> links_;  // an empty one, the handlers in order, an empty one
  std::string root_;
  bool debug_ = false;
  std::optional<std::vector<dns::Name>> metadata_zones_;  // whose queries the annotators are asked about
  std::vector<const Annotator*> annotators_;              // in the order of the chain
  const Viewer* viewer_ = nullptr;                        // null: takes every query
  corefile::Position at_;
};

/// Handed to Plugin::setup once a block, with all occurrences of the directive.
class Setup {
 public:
  std::string_view name() const { return plugin_->name; }
  /// Every occurrence, checked against the option table.
  std::span<const corefile::ParsedDirective> directives() const { return directives_; }
  Block& block() { return *block_; }
  /// Whether the block uses `directive`, which may come later in the table.
  bool block_uses(std::string_view directive) const;
  /// All blocks; complete from prepare() on, so keep the reference and look then.
  const Configuration& configuration() const { return *configuration_; }
  Process& process() { return *process_; }

  /// Adds a handler to the chain, at this directive's place. A handler that is also Startable, Readiness or Adopter is
  /// found by itself.
  template <class T>
  T& add(std::unique_ptr<T> handler) {
    T& reference = *handler;
    add_handler(std::shared_ptr<Handler>(std::move(handler)));
    return reference;
  }
  /// Something that is started and stopped with the configuration and is not in the chain.
  void add_service(std::shared_ptr<Startable> service);

  /// `plugin/NAME: FILE:LINE - Error during parsing: MESSAGE`.
  Error error(const corefile::Position& at, std::string_view message) const;
  /// `plugin/NAME: MESSAGE`, for what is wrong outside the Corefile.
  Error error(std::string_view message) const;
  /// A warning that `-check` and the log show; the configuration goes on.
  void warn(const corefile::Position& at, std::string_view message);
  /// The zones named in `use` from argument `first` on, or the block's own when there is none (each lower case; CIDRs
  /// become reverse zones).
  Result<std::vector<dns::Name>> zones(const corefile::OptionUse& use, size_t first = 0) const;
  /// Whether a check only is being made (`-check`): nothing may be opened, resolved or connected.
  bool checking() const { return checking_; }

  // For the server core.
  void add_handler(std::shared_ptr<Handler> handler);
  const Plugin* plugin_ = nullptr;
  std::vector<corefile::ParsedDirective> directives_;
  Block* block_ = nullptr;
  const corefile::ServerBlock* source_ = nullptr;
  Configuration* configuration_ = nullptr;
  Process* process_ = nullptr;
  bool checking_ = false;
  std::vector<std::string>* warnings_ = nullptr;
};

}  // namespace portolan::server
