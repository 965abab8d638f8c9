// Start and what plugins ask of the process.
#include "server/server.h"

#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <iterator>
#include <sstream>

#include "base/error_text.h"
#include "base/log.h"
#include "corefile/check.h"
#include "corefile/parser.h"
#include "corefile/print.h"
#include "server/listen/socket.h"
#include "server/print_rbac.h"
#include "server/server_source.h"

namespace portolan::server {
namespace {

// An IP address; a link-local one with its interface, "fe80::1%eth0" (RFC 4007 section 11).
Result<SocketAddress> listen_address(const std::string& host, uint16_t port) {
  const size_t percent = host.find('%');
  auto ip = IpAddress::parse(std::string_view(host).substr(0, percent));
  if (ip.has_error()) return ip.error();
  SocketAddress address{*ip, port};
  if (percent != host.npos) {
    address.scope = if_nametoindex(host.c_str() + percent + 1);
    if (address.scope == 0) return fail("no interface \"" + host.substr(percent + 1) + "\"");
  }
  return address;
}

constexpr unsigned kMostWorkers = 8;
constexpr const char* kDefaultFile = "Corefile";
// What CoreDNS serves when it finds no Corefile.
constexpr const char* kDefaultText = ". {\n    whoami\n    log\n}\n";

}  // namespace

Server::Server(Flags flags, uint16_t port, std::vector<Plugin> table)
    : flags_(std::move(flags)), port_(port), table_(std::move(table)), shutdown_timer_(loop_) {
  const unsigned count = std::min(granted_cpus(), kMostWorkers);
  for (unsigned i = 0; i < count; ++i) workers_.push_back(std::make_unique<CoreWorker>(i));
}

Server::~Server() {
  for (auto& worker : workers_) {
    worker->stop();
    worker->join();
    worker->abandon();
  }
}

boost::system::result<Server::Source, Errors> Server::read_corefile() const {
  std::string text;
  std::string path = flags_.conf;
  if (path == "stdin") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else {
    const bool named = !path.empty();
    if (!named) path = kDefaultFile;
    std::ifstream file(path);
    if (std::filesystem::is_directory(path)) {
      return Errors{fail("read " + path + ": is a directory")};
    } else if (file) {
      text.assign(std::istreambuf_iterator<char>(file), {});
    } else if (named) {
      return Errors{fail("open " + path + ": " + error_text(errno))};
    } else {
      text = kDefaultText;
    }
  }
  corefile::ParserInput input;
  input.path = path;
  auto read = corefile::read(text, input);
  if (read.errors.empty() && read.file.blocks.empty() && !current_) read = corefile::read(kDefaultText, input);
  return Source{std::move(read.file), std::move(read.errors)};
}

boost::system::result<std::shared_ptr<Configuration>, Errors> Server::make(const Source& source) {
  lameduck_being_built_ = {};
  auto built = Configuration::build(source.file, table_, *this, flags_.check || flags_.print_rbac);
  Errors errors = source.errors;
  if (built.has_error()) {
    const Errors found = built.error();
    errors.insert(errors.end(), found.begin(), found.end());
  }
  if (!errors.empty()) return errors;
  for (const std::string& warning : source.file.warnings) log::warning(warning);
  for (const std::string& warning : (*built)->warnings()) log::warning(warning);
  return std::move(*built);
}

boost::system::result<std::vector<std::string>, Errors> Server::check() {
  auto source = read_corefile();
  if (source.has_error()) return std::move(source.error());
  auto made = make(*source);
  if (made.has_error()) return std::move(made.error());
  for (const Error& warning : corefile::lint(source->file)) log::warning(warning.message);
  return (*made)->warnings();
}

boost::system::result<std::string, Errors> Server::rbac() {
  auto source = read_corefile();
  if (source.has_error()) return std::move(source.error());
  auto made = make(*source);
  if (made.has_error()) return std::move(made.error());
  return rbac_as_yaml(**made);
}

boost::system::result<void, Errors> Server::start() {
  auto source = read_corefile();
  if (source.has_error()) return std::move(source.error());
  auto made = make(*source);
  if (made.has_error()) return std::move(made.error());
  if (auto prepared = (*made)->prepare(); prepared.has_error()) {
    (*made)->stop(clock().now());
    return Errors{prepared.error()};
  }
  auto sockets = open_sockets(**made);
  if (sockets.has_error()) {
    (*made)->stop(clock().now());
    return std::move(sockets.error());
  }
  if (!flags_.pidfile.empty()) {
    std::ofstream file(flags_.pidfile);
    if (!(file << getpid() << "\n" << std::flush)) {
      log::error("Could not write pidfile: open " + flags_.pidfile + ": " + error_text(errno));
    }
  }
  watch_signals();
  for (auto& worker : workers_) worker->start();
  text_ = corefile::print(source->file);
  lameduck_ = lameduck_being_built_;
  swap(*made, std::move(*sockets));
  current_->serving();
  if (!flags_.quiet) print_banner();
  manager_.ready(status());
  if (manager_.watchdog().count() > 0) {
    std::vector<Loop*> loops;
    for (auto& worker : workers_) loops.push_back(&worker->loop());
    watchdog_ = std::make_unique<Watchdog>(loop_, std::move(loops), manager_.watchdog(), [this] { manager_.alive(); });
  }
  return {};
}

// One line for the service manager: what is listened on.
std::string Server::status() const {
  std::string text;
  for (const auto& plan : current_->listeners()) text += (text.empty() ? "serving " : ", ") + plan->label;
  return text;
}

namespace {

// Every address that `plan` is to be listened on.
Result<std::vector<SocketAddress>> addresses_of(const ListenerPlan& plan) {
  std::vector<SocketAddress> addresses;
  if (!plan.host.empty()) {
    auto address = listen_address(plan.host, plan.port);
    if (address.has_error()) return fail("listen " + plan.label + ": " + address.error().message);
    addresses.push_back(*address);
    return addresses;
  }
  addresses.push_back({IpAddress(), plan.port});
  if (has_ipv6()) {
    addresses.push_back({*IpAddress::parse("::"), plan.port});
  } else {
    log::limited(log::Level::info, "no IPv6 on this machine: " + plan.label + " listens on IPv4 only", 3600);
  }
  return addresses;
}

// `count` sockets of each protocol on each address.
Result<ListenerSockets> open_all(const ListenerPlan& plan, const std::vector<SocketAddress>& addresses,
                                 unsigned count) {
  ListenerSockets sockets;
  sockets.label = plan.label;
  for (unsigned i = 0; i < count; ++i) {
    for (const SocketAddress& address : addresses) {
      if (plan.scheme == "dns") {
        auto udp = open_udp(address);
        if (udp.has_error()) return udp.error();
        sockets.udp.push_back(std::move(*udp));
      }
      auto tcp = open_tcp(address);
      if (tcp.has_error()) return tcp.error();
      sockets.tcp.push_back(std::move(*tcp));
    }
  }
  return sockets;
}

const ListenerPlan* with_label(const Configuration* configuration, const std::string& label) {
  if (!configuration) return nullptr;
  for (const auto& plan : configuration->listeners()) {
    if (plan->label == label) return plan.get();
  }
  return nullptr;
}

}  // namespace

// What `next` has more than the configuration that serves, for each worker.
boost::system::result<std::vector<std::vector<ListenerSockets>>, Errors> Server::open_sockets(
    const Configuration& next) const {
  std::vector<std::vector<ListenerSockets>> opened(workers_.size());
  Errors errors;
  for (const auto& plan : next.listeners()) {
    const ListenerPlan* before = with_label(current_.get(), plan->label);
    if (before && before->sockets == plan->sockets) continue;
    auto addresses = addresses_of(*plan);
    if (addresses.has_error()) {
      errors.push_back(addresses.error());
      continue;
    }
    for (unsigned i = 0; i < workers(); ++i) {
      const unsigned had = before ? before->sockets_of(i, workers()) : 0;
      const unsigned wanted = plan->sockets_of(i, workers());
      if (wanted <= had) continue;
      auto sockets = open_all(*plan, *addresses, wanted - had);
      if (sockets.has_error()) return Errors{sockets.error()};
      opened[i].push_back(std::move(*sockets));
    }
  }
  if (!errors.empty()) return errors;
  return opened;
}

// All workers have swapped when this returns; queries under way finish on what they began with.
void Server::swap(const std::shared_ptr<Configuration>& next, std::vector<std::vector<ListenerSockets>> sockets) {
  if (current_) leaving_.emplace_back(current_, workers());
  current_ = next;
  std::vector<std::promise<void>> done(workers_.size());
  for (size_t i = 0; i < workers_.size(); ++i) {
    auto opened = std::make_shared<std::vector<ListenerSockets>>(std::move(sockets[i]));
    workers_[i]->loop().post([this, next, opened, worker = workers_[i].get(), &finished = done[i]] {
      worker->swap(next, workers(), std::move(*opened),
                   [this](const std::shared_ptr<Configuration>& old) { loop_.post([this, old] { drained(old); }); });
      finished.set_value();
    });
  }
  for (auto& each : done) each.get_future().wait();
}

// A worker has no query left on `configuration`; with the last worker it ends.
void Server::drained(const std::shared_ptr<Configuration>& configuration) {
  auto found = std::find_if(leaving_.begin(), leaving_.end(), [&](auto& each) { return each.first == configuration; });
  if (found == leaving_.end() || --found->second > 0) return;
  leaving_.erase(found);
  configuration->stop(clock().now());
}

std::string Server::corefile_text() const {
  std::lock_guard lock(text_mutex_);
  return text_;
}

Result<std::string> Server::read_corefile_text() const {
  auto source = read_corefile();
  if (source.has_error()) return source.error().front();
  if (!source->errors.empty()) return source->errors.front();
  return {boost::system::in_place_value, corefile::print(source->file)};
}

void Server::set_lameduck(std::chrono::nanoseconds duration) {
  lameduck_being_built_ = std::max(lameduck_being_built_, duration);
}

}  // namespace portolan::server
