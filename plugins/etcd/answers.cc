// Each question is answered in two steps: inside a read section the services become records and names to follow, all in
// the arena; then, outside, the names are followed.
#include "plugins/etcd/answers.h"

#include <algorithm>
#include <functional>

#include "base/rcu.h"
#include "dns/rdata.h"
#include "plugins/common/alias_path.h"
#include "plugins/common/arena_copy.h"
#include "plugins/common/text_buffer.h"
#include "plugins/etcd/weights.h"

namespace portolan::etcd {

using dns::NameView;
using dns::Record;
using dns::RRType;
using Kind = Service::Kind;

namespace {

// Names that point to one another multiply; CoreDNS follows all of them. Those of other zones may take a wait each.
constexpr int kMostFollowed = 256, kMostElsewhere = 64;
// A record takes 16 octets at least: more do not fit into any message.
constexpr size_t kMostRecords = 4096;

/// Without its first `count` labels, unless it has no more than those.
NameView strip(NameView name, int64_t count) {
  if (count <= 0 || count >= int64_t{name.label_count()}) return name;
  for (; count > 0; --count) name = name.parent();
  return name;
}

/// Without backslashes: miekg/dns takes the text for one in presentation form, where they escape (RFC 1035
/// section 5.1).
std::string_view unescaped(std::string_view text, Arena& arena) {
  if (text.find('\\') == std::string_view::npos) return text;
  TextBuffer out(arena, text.size());
  const auto digit = [&](size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out.append(text[i]);
    } else if (digit(i + 1) && digit(i + 2) && digit(i + 3)) {
      out.append(static_cast<char>((text[i + 1] - '0') * 100 + (text[i + 2] - '0') * 10 + (text[i + 3] - '0')));
      i += 3;
    } else if (++i < text.size()) {
      out.append(text[i]);
    }
  }
  return out.text();
}

/// A text in pieces of 255 octets. One of 254 or fewer is one piece; a multiple of 255 ends with an empty one, as
/// CoreDNS cuts it.
std::span<const uint8_t> text_rdata(std::string_view text, Arena& arena) {
  ArenaVector<std::string_view> pieces(arena);
  while (text.size() >= 255) {
    pieces.push_back(unescaped(text.substr(0, 255), arena));
    text.remove_prefix(255);
  }
  pieces.push_back(unescaped(text, arena));
  return dns::txt_rdata(pieces, arena);
}

bool is_address(const Service& service) { return service.kind == Kind::a || service.kind == Kind::aaaa; }

RRType address_type(const Service& service) { return service.kind == Kind::a ? RRType::a : RRType::aaaa; }

}  // namespace

/// What a service adds: a record, an address of its own, a name to follow.
struct Answers::Step {
  Record record, address;
  NameView target;
  bool has_record = false, has_address = false, has_target = false;
};

/// Texts that have been seen: a table with open addressing in the arena.
class Answers::Seen {
 public:
  Seen(Arena& arena, size_t most) : arena_(arena) {
    size_t size = 8;
    while (size < 2 * most) size *= 2;
    slots_ = arena.array<std::string_view>(size);
    std::fill(slots_.begin(), slots_.end(), std::string_view());
  }
  /// False: it was there before.
  bool add(std::string_view text) {
    size_t at = std::hash<std::string_view>()(text) & (slots_.size() - 1);
    while (slots_[at].data() != nullptr) {
      if (slots_[at] == text) return false;
      at = (at + 1) & (slots_.size() - 1);
    }
    slots_[at] = text.empty() ? std::string_view("") : text;
    return true;
  }
  /// Of a name, case and all, and something more.
  bool add(NameView name, std::string_view more) {
    TextBuffer text(arena_, name.size() + more.size());
    text.append({reinterpret_cast<const char*>(name.data()), name.size()}).append(more);
    return add(text.text());
  }

 private:
  Arena& arena_;
  std::span<std::string_view> slots_;
};

Found Answers::find(NameView lower, Wanted wanted, Selection& selection) {
  return select(standing_.content(), prefix_, lower, wanted, query_.arena(), selection);
}

// The addresses of the zone itself lie below apex.dns; before that existed they lay anywhere in the zone.
Found Answers::find_addresses(NameView lower, Wanted wanted, Selection& selection) {
  if (lower.size() == zone_.size()) {
    static constexpr uint8_t kApex[] = {4, 'a', 'p', 'e', 'x', 3, 'd', 'n', 's'};
    if (const auto apex = dns::join(kApex, zone_, query_.arena())) {
      const Found found = find(*apex, wanted, selection);
      if (found != Found::no_name) return found;
    }
  }
  return find(lower, wanted, selection);
}

Found Answers::failed(Found found, const Selection& selection) {
  if (found == Found::broken) cause_ = query_.arena().copy(selection.broken->problem);
  return found;
}

void Answers::push(Records& out, const Record& record) const {
  if (out.size() < kMostRecords) out.push_back(record);
}

Record Answers::address(const Service& service, NameView owner) {
  return {owner, address_type(service), dns::RRClass::in, service.ttl_now(bounds_, query_.received),
          query_.arena().copy(service.address.octets())};
}

Task<Found> Answers::walk(NameView name, RRType type, Records* out) {
  Arena& arena = query_.arena();
  const NameView lower = dns::lower(name, arena);
  ArenaVector<Step> steps(arena);
  {
    const rcu::ReadGuard guard;
    Selection selection(arena);
    const Wanted wanted{.texts = type == RRType::txt};
    const Found found = wanted.texts ? find(lower, wanted, selection) : find_addresses(lower, wanted, selection);
    if (found != Found::services) co_return failed(found, selection);
    Seen seen(arena, selection.services.size());
    for (const Service* service : selection.services) {
      if (steps.size() == kMostRecords) break;
      const uint32_t ttl = service->ttl_now(bounds_, query_.received);
      Step step;
      if (service->kind == Kind::name && service->has_target) {
        step.target = name_copy(service->target, arena);
        step.has_target = true;
        step.record = {name, RRType::cname, dns::RRClass::in, ttl, step.target.wire()};
      } else if (service->kind == Kind::text && type == RRType::txt && seen.add(service->text)) {
        step.record = {name, type, dns::RRClass::in, ttl, text_rdata(service->text, arena)};
      } else if (is_address(*service) && address_type(*service) == type && seen.add(service->host)) {
        step.record = address(*service, name);
      } else {
        continue;
      }
      steps.push_back(step);
    }
  }
  for (size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    if (!step.has_target) {
      push(*out, step.record);
      continue;
    }
    if (is_alias_loop(lower, step.target, path_)) continue;
    Records behind(arena);
    path_.push_back(step.target);
    Task<bool> following = follow(step.target, type, false, &behind);
    const bool known = co_await following;
    path_.resize_down(path_.size() - 1);
    if (!known) continue;
    push(*out, step.record);
    for (const Record& record : behind) push(*out, record);
  }
  co_return Found::services;
}

/// What lies behind a name; false when the name is not to be given. A name of the zone must have records.
Task<bool> Answers::follow(NameView target, RRType type, bool without_aliases, Records* out) {
  if (target.is_under(zone_)) {
    if (followed_ == kMostFollowed) co_return false;
    ++followed_;
    Task<Found> walking = walk(target, type, out);
    const Found found = co_await walking;
    co_return found == Found::services && !out->empty();
  }
  if (elsewhere_ == kMostElsewhere) co_return false;
  ++elsewhere_;
  Task<server::Lookup> asking = query_.lookup(target, type);
  const server::Lookup elsewhere = co_await asking;
  if (!elsewhere.query) co_return false;
  const server::Reply& reply = elsewhere.query->reply();
  truncated_ |= reply.header.tc;
  for (const Record& record : reply.answer) {
    if (without_aliases && record.type == RRType::cname) continue;
    push(*out, record_copy(record, query_.arena()));
  }
  co_return true;
}

/// SRV or MX records of services, each with its address or the name that is to be looked up for one.
ArenaVector<Answers::Step> Answers::host_steps(const Selection& selection, NameView name, RRType type) {
  Arena& arena = query_.arena();
  ArenaVector<Step> steps(arena);
  const Weights weights(selection.services, arena);
  Seen seen_hosts(arena, selection.services.size()), seen_addresses(arena, selection.services.size());
  for (const Service* service : selection.services) {
    if (steps.size() == kMostRecords) break;
    if (type == RRType::mx ? !service->mail : service->port == -1) continue;
    const bool has_address = is_address(*service);
    const bool usable = has_address ? service->has_own : service->kind == Kind::name && service->has_target;
    if (!usable) continue;
    Step step;
    const NameView whole = name_copy(has_address ? service->own : service->target, arena);
    step.target = strip(whole, service->strip);
    const auto priority = static_cast<uint16_t>(service->priority);
    const auto port = static_cast<uint16_t>(service->port);
    step.record = {name, type, dns::RRClass::in, service->ttl_now(bounds_, query_.received),
                   type == RRType::mx ? dns::mx_rdata(priority, step.target, arena)
                                      : dns::srv_rdata(priority, weights.of(*service), port, step.target, arena)};
    step.has_target = !has_address;
    step.has_record = true;
    if (has_address) {
      const uint16_t number = type == RRType::mx ? priority : port;
      step.has_record = seen_hosts.add(step.target, {reinterpret_cast<const char*>(&number), sizeof number});
      const NameView owner = type == RRType::mx ? whole : step.target;
      step.has_address = seen_addresses.add(owner, service->host);
      if (step.has_address) step.address = address(*service, owner);
    }
    steps.push_back(step);
  }
  return steps;
}

Task<Found> Answers::hosts(NameView name, RRType type, Records* out, Records* additional) {
  Arena& arena = query_.arena();
  ArenaVector<Step> steps(arena);
  {
    const rcu::ReadGuard guard;
    Selection selection(arena);
    const Found found = find(query_.question.lower, {}, selection);
    if (found != Found::services) co_return failed(found, selection);
    steps = host_steps(selection, name, type);
  }
  ArenaVector<NameView> known(arena);
  for (size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    if (step.has_record) push(*out, step.record);
    if (step.has_address) push(*additional, step.address);
    if (!step.has_target || followed_ == kMostFollowed || elsewhere_ == kMostElsewhere) continue;
    if (std::any_of(known.begin(), known.end(), [&](NameView each) { return each.identical(step.target); })) continue;
    known.push_back(step.target);
    const bool elsewhere = !step.target.is_under(zone_);
    Task<bool> asking = follow(step.target, RRType::a, false, additional);
    co_await asking;
    if (!elsewhere) continue;  // as CoreDNS: of the zone's own names, IPv4 addresses only
    Task<bool> asking_again = follow(step.target, RRType::aaaa, true, additional);
    co_await asking_again;
  }
  truncated_ = false;  // the records asked for are complete
  co_return Found::services;
}

Found Answers::names(NameView name, RRType type, Records& out) {
  Arena& arena = query_.arena();
  const rcu::ReadGuard guard;
  Selection selection(arena);
  const Found found = find(query_.question.lower, {.exact = true}, selection);
  if (found != Found::services) return failed(found, selection);
  Seen seen(arena, selection.services.size());
  for (const Service* service : selection.services) {
    if (!is_address(*service) && service->has_target && seen.add(service->host)) {
      push(out, {name, type, dns::RRClass::in, service->ttl_now(bounds_, query_.received),
                 name_copy(service->target, arena).wire()});
    }
    if (type == RRType::cname) break;
  }
  return found;
}

Found Answers::name_servers(NameView name, Records& out, Records& additional) {
  Arena& arena = query_.arena();
  static constexpr uint8_t kLabels[] = {2, 'n', 's', 3, 'd', 'n', 's'};
  const auto place = dns::join(kLabels, zone_, arena);
  if (!place) return Found::no_name;
  const rcu::ReadGuard guard;
  Selection selection(arena);
  const Found found = find(*place, {}, selection);
  if (found != Found::services) return failed(found, selection);
  Seen seen(arena, selection.services.size());
  for (const Service* service : selection.services) {
    if (service->kind == Kind::name) {
      TextBuffer cause(arena);
      cause_ = cause.append("NS record must be an IP address: ").append(service->host).text();
      return Found::broken;
    }
    if (!is_address(*service) || !service->has_own) continue;
    const NameView server = strip(name_copy(service->own, arena), service->strip);
    push(additional, address(*service, server));
    if (!seen.add(server, {})) continue;
    push(out, {name, RRType::ns, dns::RRClass::in, service->ttl_now(bounds_, query_.received), server.wire()});
  }
  return found;
}

Found Answers::exists(NameView lower) {
  const rcu::ReadGuard guard;
  Selection selection(query_.arena());
  return failed(find_addresses(lower, {}, selection), selection);
}

}  // namespace portolan::etcd
