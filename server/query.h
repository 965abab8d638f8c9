// Query: one question on its way through the chain, with the reply that is being made for it. Lives in a pool of its
// worker; everything it refers to lies in its own arena, so that nothing points into shared memory across a suspension.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/address.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/task.h"
#include "dns/message.h"
#include "server/outcome.h"

namespace portolan::server {

class Block;
struct ConfigurationHold;
struct ListenerPlan;
class Metadata;
class QueryPool;
class Responder;
class Worker;

enum class Transport : uint8_t { udp, tcp };

/// "udp" or "tcp": the protocol below, as CoreDNS's labels and {proto} have it.
std::string_view text(Transport transport);

/// The answer being made: light records that plugins on the way back may edit. Encoded once, at the end.
struct Reply {
  explicit Reply(Arena& arena) : answer(arena), authority(arena), additional(arena) {}

  dns::Header header;  // qr, opcode, rd and cd are set from the query; rcode's low bits are set from `rcode`
  dns::Rcode rcode = dns::Rcode::noerror;
  dns::Question question;                                  // what the reply repeats: the question as asked
  ArenaVector<dns::Record> answer, authority, additional;  // without the OPT
  std::optional<dns::Edns> edns;  // set when a plugin has options of its own to send; else made from the query's
  bool part_will_do = false;      // some of the answer's endpoints serve the client as well as all: instead of TC

  /// Becomes what `from`, another query's reply, says: flags, code, records, OPT, copied into `arena`. The id and the
  /// question stay.
  void copy_from(const Reply& from, Arena& arena);
  /// Empties the sections and the OPT and clears AA, TC, RA, AD.
  void clear();
};

/// Signs what goes out for a query (`tsig`); lies in the query's arena.
class Signer {
 public:
  /// Octets that a message grows by, at most.
  virtual size_t size() const = 0;
  /// `message` signed, in `arena`. Messages of a stream come in order.
  virtual std::span<const uint8_t> sign(std::span<const uint8_t> message, Arena& arena) = 0;

 protected:
  ~Signer() = default;
};

/// A query that has no client behind it (a branch or a lookup); counted, single-threaded.
class QueryPtr;

/// What a lookup through the whole server gave: the branch whose reply() is the answer, or nothing when the query was
/// dropped or the depth limit was reached.
struct Lookup;

class Query {
 public:
  Arena& arena() { return arena_; }
  Reply& reply() { return reply_; }
  const Reply& reply() const { return reply_; }

  // What was received.
  std::span<const uint8_t> packet;  // the bytes, for plugins that copy them; empty for branches
  dns::Header header;               // flags as asked (as they stand: `header` may change them)
  dns::Question asked;              // the question as received
  std::optional<dns::Edns> edns;    // the client's OPT, as it stands (bufsize changes its size)
  size_t tsig_offset = 0;           // of the TSIG record in `packet`; 0: it is not signed
  Transport transport = Transport::udp;
  SocketAddress client;                     // who asks (behind a proxy: the client)
  SocketAddress local;                      // the address that was asked
  SteadyTime received{};                    // one clock reading a batch
  SteadyTime deadline = SteadyTime::max();  // nothing new is begun for it afterwards (`cancel`)

  // How it stands.
  dns::Question question;         // what is being answered; plugins may rewrite it
  const Block* block = nullptr;   // the server block that answers
  dns::NameView zone;             // the key of that block that matched, lower case
  Metadata* metadata = nullptr;   // null where the block has no `metadata`: nobody will read what is not set
  const dns::Ede* ede = nullptr;  // a reason that goes out with the answer if the client's OPT is there; static
  Signer* signer = nullptr;       // of the answer

  /// DO bit of the query as it stands.
  bool dnssec_ok() const { return edns && edns->dnssec_ok; }
  /// Octets the client takes: 512 without EDNS, at least 512 with it, 65535 over TCP.
  size_t max_size() const;
  /// 1 for IPv4, 2 for IPv6 (CoreDNS's `family` label).
  int family() const { return client.ip.unmapped().is_v4() ? 1 : 2; }

  /// How many lookups this query lies within; 0: a client's.
  uint32_t depth() const { return depth_; }

  Worker& worker() const { return *worker_; }
  /// The listener that was asked; its label is CoreDNS's `server` label.
  const ListenerPlan& listener() const { return *listener_; }

  /// A query of its own with the same client and flags, to be given to `next` once more; has its own reply and arena
  /// and can outlive this one: `question`'s names and the metadata are copied.
  QueryPtr branch(const dns::Question& question);
  /// A branch that ends before this query does: what it says in the metadata is said here.
  QueryPtr short_branch(const dns::Question& question);
  /// Asks the same listener again, from the router on, as CoreDNS's upstream lookups do. At most 8 deep (CNAME chains
  /// through ourselves); beyond that the result is empty.
  Task<Lookup> lookup(dns::NameView name, dns::RRType type);

  /// Sends the reply as it stands as one of several messages and empties its sections; behind the last one comes
  /// Outcome::sent(). Ready at once while the client keeps up, suspended while it does not. False, and nothing more can
  /// be sent: the client is gone, the transport has one message a query, or the records do not fit into a message.
  Task<bool> stream();
  /// Octets of the messages that stream() has sent, uncompressed, as logs and metrics count them.
  size_t streamed() const { return streamed_; }

  /// A failed outcome with the reply left alone.
  Outcome fail(dns::Rcode rcode, std::string_view cause = {}) const { return Outcome::failed(rcode, cause); }
  /// Marks the reply as complete with `rcode`.
  Outcome answer(dns::Rcode rcode = dns::Rcode::noerror) {
    reply_.rcode = rcode;
    return Outcome::answered(rcode);
  }

  // For the server core.
  Query() : reply_(arena_) {}
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  /// Takes over what `parse_query` read.
  void accept(const dns::ParsedQuery& parsed);
  /// Header and question of the reply from the query's.
  void prepare_reply();
  Worker* worker_ = nullptr;
  const ListenerPlan* listener_ = nullptr;
  Responder* responder_ = nullptr;        // where the answer goes; none for branches
  const SocketAddress* proxy_ = nullptr;  // whom the answer goes to behind a proxy; left alone by all others
  QueryPool* pool_ = nullptr;
  ConfigurationHold* hold_ = nullptr;  // the configuration that the query runs on
  uint32_t depth_ = 0;                 // of lookups
  uint32_t references_ = 0;
  Query* next_ = nullptr;  // in a free list, or in the responder's list of answers to send

 private:
  friend class QueryPool;
  Arena arena_;
  Reply reply_;
  size_t streamed_ = 0;
};

class QueryPtr {
 public:
  QueryPtr() = default;
  explicit QueryPtr(Query* query) : query_(query) {
    if (query_) ++query_->references_;
  }
  QueryPtr(const QueryPtr& other) : QueryPtr(other.query_) {}
  QueryPtr(QueryPtr&& other) noexcept : query_(std::exchange(other.query_, nullptr)) {}
  QueryPtr& operator=(QueryPtr other) noexcept {
    std::swap(query_, other.query_);
    return *this;
  }
  ~QueryPtr() {
    if (query_ && --query_->references_ == 0) release(query_);
  }
  Query* operator->() const { return query_; }
  Query& operator*() const { return *query_; }
  Query* get() const { return query_; }
  explicit operator bool() const { return query_ != nullptr; }

 private:
  static void release(Query* query);
  Query* query_ = nullptr;
};

struct Lookup {
  QueryPtr query;  // empty: no answer
  Outcome outcome;
};

/// Where answers go: a UDP batch or a TCP connection.
class Responder {
 public:
  virtual ~Responder() = default;
  /// The query is done: `message`, which lies in its arena, is to be sent; empty: nothing is. The responder gives the
  /// query back to its pool when the message has left.
  virtual void respond(Query& query, std::span<const uint8_t> message) = 0;
  /// One of several messages, copied before this returns. Ready as long as the client reads; false when it is gone or
  /// when there is room for one message only.
  virtual Task<bool> stream(std::span<const uint8_t>) { return false; }
  /// True, and counted: answers wait because the socket takes none, and this query had better not be begun (`shed`).
  virtual bool sheds() { return false; }
};

}  // namespace portolan::server
