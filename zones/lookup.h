// Answering from a zone's tree: RFC 1034 section 4.3.2, wildcards and empty non-terminals (RFC 4592), DNAME (RFC 6672),
// aliases inside the zone, delegations with glue, and the additional records that CoreDNS adds.
#pragma once

#include "base/arena.h"
#include "dns/message.h"
#include "zones/zone_tree.h"

namespace portolan::zones {

enum class Status : uint8_t {
  success,  // also: an empty non-terminal, then with no answer
  name_error,
  no_data,
  delegation,
  server_failure,
  name_too_long,  // a DNAME made a name of more than 255 octets (RFC 6672 section 2.2)
  outside,        // the answer so far ends in an alias whose target must be looked up elsewhere: then conclude()
};

/// The sections of a reply that is being made.
struct Sections {
  ArenaVector<dns::Record>&answer, &authority, &additional;
};

struct Question {
  dns::NameView name;  // lower case, under the zone's origin
  dns::RRType type = dns::RRType::none;
  bool dnssec_ok = false;
};

/// One question to one tree. Everything it finds is copied into the arena, so that the tree may go afterwards.
class Lookup {
 public:
  Lookup(const ZoneTree& tree, const Question& question, Arena& arena, Sections out)
      : tree_(tree), question_(question), arena_(arena), out_(out) {}

  Status run();
  /// After `outside`: the name to look up.
  dns::NameView target() const { return target_; }
  /// After `outside`, once what the lookup found stands behind the alias in the answer section; `found` is its status.
  void conclude(Status found);

 private:
  using Node = ZoneTree::Node;
  using RRset = ZoneTree::RRset;

  Status walk();
  Status found(const Node& node);
  Status apex_ns();
  Status wildcard(const Node& node);
  Status nothing();
  Status dname(const Node& node, const RRset& set);
  Status alias(dns::NameView target);
  bool cut(const Node& node, dns::NameView name);
  bool cut_above(dns::NameView name, const Node* exact);
  const Node* node_with_records(dns::NameView name) const;
  bool has_descendant(dns::NameView name) const;
  bool closer_encloser(dns::NameView wildcard) const;
  bool asterisk(dns::NameView parent, dns::NameView& out) const;

  void soa();
  void ns();
  void additional();
  void addresses(ArenaVector<dns::Record>& to, const Node& node);
  void glue(const RRset& ns);
  // Denials, for questions with DO.
  void nsec(const Node* node);
  void nsec3(const ZoneTree::Hashed* hashed);
  dns::NameView prove_closest_encloser(dns::NameView name);
  void deny_type(const Node& node);
  void deny_wildcard_type(const Node& wildcard);
  void deny_expanded(const Node& wildcard);
  void deny_name(bool is_empty_non_terminal);
  void add(ArenaVector<dns::Record>& to, const RRset& set, const dns::NameView* owner = nullptr);
  void add_signatures(ArenaVector<dns::Record>& to, const Node& node, dns::RRType covered,
                      const dns::NameView* owner = nullptr);
  void add_signed(ArenaVector<dns::Record>& to, const Node& node, const RRset& set,
                  const dns::NameView* owner = nullptr);

  const ZoneTree& tree_;
  const Question question_;
  Arena& arena_;
  Sections out_;
  dns::NameView target_;
};

/// Status of a lookup elsewhere, from its rcode and whether it found records.
Status outside_status(dns::Rcode rcode, bool records);

}  // namespace portolan::zones
