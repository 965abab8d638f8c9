// Answering from hosts data, and keeping up with the file.
#include "plugins/hosts/hosts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "base/rcu.h"
#include "dns/rdata.h"

namespace portolan::hosts {

using dns::RRType;
using server::Outcome;
using server::Query;

namespace {

constexpr dns::Ede kNotThere{dns::EdeCode::other, "the name is not in the hosts file"};

const metrics::GaugeFamily& entries() {
  static const metrics::GaugeFamily family("coredns_hosts_entries",
                                           "The combined number of entries in hosts and Corefile.", {"hostsfile"});
  return family;
}

const metrics::Gauge& reload_time() {
  static const metrics::Gauge gauge =
      metrics::GaugeFamily("coredns_hosts_reload_timestamp_seconds", "The timestamp of the last reload of hosts file.")
          .with();
  return gauge;
}

bool read_all(int fd, std::string& text) {
  char chunk[1 << 16];
  for (;;) {
    const ssize_t count = read(fd, chunk, sizeof chunk);
    if (count < 0) return false;
    if (count == 0) return true;
    text.append(chunk, static_cast<size_t>(count));
  }
}

// Frees `data` when no worker can be reading it any more.
void retire(const HostsData* data) {
  rcu::defer([](void* memory) { delete static_cast<HostsData*>(memory); }, const_cast<HostsData*>(data));
}

}  // namespace

Hosts::Hosts(Options options, Loop& background)
    : options_(std::move(options)),
      background_(background),
      inline_(HostsData::parse(options_.inline_text, options_.zones, options_.reverse)),
      file_(new HostsData) {}

Hosts::~Hosts() { delete file_.load(); }

Result<void> Hosts::prepare() {
  entries();
  reload_time();
  read_file();
  if (options_.reload.count() > 0) {
    timer_.emplace(background_);
    schedule();
  }
  return {};
}

void Hosts::stop(server::Deadline) noexcept { timer_.reset(); }

void Hosts::schedule() {
  timer_->start(options_.reload, [this] {
    read_file();
    schedule();
  });
}

// A file that is gone leaves what was read from it.
void Hosts::read_file() {
  const int fd = open(options_.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return;
  struct stat found{};
  std::string text;
  const bool known = fstat(fd, &found) == 0;
  const Version version{found.st_mtim.tv_sec, found.st_mtim.tv_nsec, found.st_size};
  const bool news = known && version != version_ && read_all(fd, text);
  close(fd);
  if (!news) return;
  auto data = std::make_unique<HostsData>(HostsData::parse(text, options_.zones, options_.reverse));
  log::debug("plugin/hosts: Parsed hosts file into " + std::to_string(data->entries()) + " entries");
  entries().with({options_.path}).set(static_cast<double>(inline_.entries() + data->entries()));
  reload_time().set(static_cast<double>(version.seconds) + static_cast<double>(version.nanoseconds) / 1e9);
  version_ = version;
  retire(file_.exchange(data.release(), std::memory_order_acq_rel));
}

void Hosts::add_addresses(const HostsData::Addresses* found, Query& query) const {
  if (!found) return;
  for (const IpAddress& address : query.question.type == RRType::a ? found->v4 : found->v6) {
    query.reply().answer.push_back({query.question.lower, query.question.type, dns::RRClass::in, options_.ttl,
                                    query.arena().copy(address.octets())});
  }
}

void Hosts::add_names(const HostsData& data, const IpAddress& address, Query& query) const {
  const std::vector<dns::Name>* names = data.names(address);
  if (!names) return;
  for (const dns::Name& name : *names) {
    query.reply().answer.push_back(
        {query.question.lower, RRType::ptr, dns::RRClass::in, options_.ttl, query.arena().copy(name.view().wire())});
  }
}

Task<Outcome> Hosts::serve(Query& query, server::Next next) {
  const dns::NameView name = query.question.lower;
  const RRType type = query.question.type;
  const bool ours = std::any_of(options_.zones.begin(), options_.zones.end(),
                                [&](const dns::Name& zone) { return name.is_under(zone); });
  if (!ours && type != RRType::ptr) return next(query);  // reverse zones need not be named
  bool exists = false;
  {
    rcu::ReadGuard guard;
    const HostsData& file = *file_.load(std::memory_order_acquire);
    if (type == RRType::ptr) {
      IpAddress address;
      if (dns::address_of_reverse(name, address)) {
        add_names(file, address.unmapped(), query);
        add_names(inline_, address.unmapped(), query);
      }
    } else {
      const auto *in_file = file.addresses(name), *in_corefile = inline_.addresses(name);
      exists = in_file || in_corefile;
      if (type == RRType::a || type == RRType::aaaa) {
        add_addresses(in_file, query);
        add_addresses(in_corefile, query);
      }
    }
  }
  const bool empty = query.reply().answer.empty();
  if (type == RRType::ptr && empty) return next(query);
  const bool supported = type == RRType::a || type == RRType::aaaa || type == RRType::ptr;
  if (!supported && options_.fallthrough_unsupported && options_.fallthrough.through(name)) return next(query);
  if (empty && !exists) {
    if (options_.fallthrough.through(name)) return next(query);
    return query.fail(dns::Rcode::servfail).because(kNotThere);  // a hosts file has no SOA for an NXDOMAIN
  }
  query.reply().header.aa = true;
  return query.answer();
}

}  // namespace portolan::hosts
