// Building a configuration: every directive of every block is set up, in the order of the table, and the listeners are
// drawn up from the keys. All errors are collected.
#include <algorithm>
#include <charconv>

#include "corefile/address.h"
#include "corefile/check.h"
#include "server/configuration.h"
#include "server/process.h"

namespace portolan::server {

class ConfigurationBuilder {
 public:
  ConfigurationBuilder(const corefile::File& file, std::span<const Plugin> table, Process& process, bool checking)
      : file_(file), table_(table), process_(process), checking_(checking) {}

  boost::system::result<std::shared_ptr<Configuration>, std::vector<Error>> build() {
    check_directives();
    for (const corefile::ServerBlock& source : file_.blocks) add_block(source);
    for (const Plugin& plugin : table_) {
      for (size_t i = 0; i < file_.blocks.size(); ++i) set_up(plugin, file_.blocks[i], *result_->blocks_[i]);
    }
    for (const auto& block : result_->blocks_) {
      link(*block);
      add_listeners(*block);
    }
    if (!errors_.empty()) return std::move(errors_);
    return std::move(result_);
  }

 private:
  void check_directives() {
    std::vector<corefile::KnownDirective> known;
    for (const Plugin& plugin : table_) known.push_back({plugin.name, plugin.setup != nullptr});
    errors_ = corefile::check_directives(file_, known);
  }

  void add_block(const corefile::ServerBlock& source) {
    auto block = std::make_unique<Block>();
    block->at_ = source.at;
    for (const corefile::Key& key : source.keys) {
      for (const std::string& zone : key.zones) add_key(*block, key, zone);
    }
    result_->blocks_.push_back(std::move(block));
  }

  void add_key(Block& block, const corefile::Key& key, const std::string& zone_text) {
    auto zone = dns::Name::parse(zone_text);
    if (zone.has_error()) return fail_at(key.at, "'" + key.text + "': " + zone.error().message);
    Block::Key made;
    made.zone = zone->lower();
    made.scheme = key.scheme;
    made.port = key.port.empty() ? default_port(key.scheme) : key.port;
    made.text = key.scheme + "://" + made.zone.text() + ":" + made.port;
    if (std::find(block.zones_.begin(), block.zones_.end(), made.zone) == block.zones_.end()) {
      block.zones_.push_back(made.zone);
    }
    block.keys_.push_back(std::move(made));
  }

  std::string default_port(const std::string& scheme) const {
    return scheme == "dns" ? std::to_string(process_.default_port()) : std::string(corefile::default_port(scheme));
  }

  void set_up(const Plugin& plugin, const corefile::ServerBlock& source, Block& block) {
    if (!plugin.setup) return;  // not built: check_directives has said so
    Setup setup;
    bool broken = false;
    for (const corefile::Directive& directive : source.directives) {
      if (directive.name.text != plugin.name) continue;
      auto parsed = corefile::parse_options(directive, plugin.options);
      if (parsed.has_error()) {
        std::vector<Error> found = parsed.error();  // by value: Boost's error() gives a copy
        std::move(found.begin(), found.end(), std::back_inserter(errors_));
        broken = true;
      } else {
        setup.directives_.push_back(std::move(*parsed));
      }
    }
    if (broken || setup.directives_.empty()) return;
    setup.plugin_ = &plugin;
    setup.block_ = &block;
    setup.source_ = &source;
    setup.configuration_ = result_.get();
    setup.process_ = &process_;
    setup.checking_ = checking_;
    setup.warnings_ = &result_->warnings_;
    if (auto done = plugin.setup(setup); done.has_error()) errors_.push_back(done.error());
  }

  static void link(Block& block) {
    block.links_.push_back({});
    for (const Member& member : block.members_) {
      block.links_.push_back({member.handler.get(), member.name});
      if (const auto* annotator = dynamic_cast<Annotator*>(member.handler.get())) {
        block.annotators_.push_back(annotator);
      }
      if (const auto* viewer = dynamic_cast<Viewer*>(member.handler.get())) block.viewer_ = viewer;
    }
    block.links_.push_back({});
  }

  void add_listeners(Block& block) {
    for (const Block::Key& key : block.keys_) {
      if (key.scheme != "dns" && key.scheme != "tls") {
        fail_at(block.at_, "'" + key.text + "': the transport " + key.scheme + ":// is not built into portolan");
        continue;
      }
      static const std::vector<std::string> kEverywhere = {""};
      for (const std::string& host : block.listen_.hosts.empty() ? kEverywhere : block.listen_.hosts) {
        add_route(block, key, host);
      }
    }
  }

  void add_route(Block& block, const Block::Key& key, const std::string& host) {
    uint16_t port = 0;
    auto [end, error] = std::from_chars(key.port.data(), key.port.data() + key.port.size(), port);
    if (error != std::errc() || end != key.port.data() + key.port.size()) {
      return fail_at(block.at_, "'" + key.text + "': \"" + key.port + "\" is not a port");
    }
    const ListenerPlan* other = overlapping(key, host, port);
    if (other && !(block.viewer_ && other->host == host)) {  // one with a view may stand behind one without
      return fail_at(block.at_, "cannot serve " + key.text + " - " +
                                    (other->host == host ? std::string("it is already defined")
                                                         : "zone overlap listener capacity with " + other->label));
    }
    ListenerPlan& plan = listener(key.scheme, host, port, block);
    plan.router.add(key.zone, block);
    for (const Member& member : block.members_) {
      if (member.name == "chaos" || member.name == "forward") plan.router.allow_other_classes();
    }
  }

  // A listener that serves the zone to everybody already: the same address, or one of the two is every address.
  const ListenerPlan* overlapping(const Block::Key& key, const std::string& host, uint16_t port) const {
    for (const auto& plan : result_->listeners_) {
      if (plan->port != port || plan->scheme != key.scheme) continue;
      if (plan->host != host && !plan->host.empty() && !host.empty()) continue;
      for (const Router::Route& route : plan->router.routes()) {
        if (route.zone == key.zone && !route.block->viewer_) return plan.get();
      }
    }
    return nullptr;
  }

  ListenerPlan& listener(const std::string& scheme, const std::string& host, uint16_t port, const Block& block) {
    const bool bracketed = host.find(':') != std::string::npos;
    std::string label = scheme + "://" + (bracketed ? "[" + host + "]" : host) + ":" + std::to_string(port);
    for (const auto& plan : result_->listeners_) {
      if (plan->label != label) continue;
      plan->apply(block.listen_);
      return *plan;
    }
    auto plan = std::make_unique<ListenerPlan>();
    plan->label = std::move(label);
    plan->scheme = scheme;
    plan->host = host;
    plan->port = port;
    plan->sockets = block.listen_.sockets;  // the first block's, as with CoreDNS
    plan->apply(block.listen_);
    result_->listeners_.push_back(std::move(plan));
    return *result_->listeners_.back();
  }

  void fail_at(const corefile::Position& at, const std::string& message) {
    errors_.push_back(fail(at.text() + " - " + message));
  }

  const corefile::File& file_;
  std::span<const Plugin> table_;
  Process& process_;
  bool checking_;
  std::shared_ptr<Configuration> result_ = std::make_shared<Configuration>();
  std::vector<Error> errors_;
};

boost::system::result<std::shared_ptr<Configuration>, std::vector<Error>> Configuration::build(
    const corefile::File& file, std::span<const Plugin> table, Process& process, bool checking) {
  return ConfigurationBuilder(file, table, process, checking).build();
}

}  // namespace portolan::server
