// Reading the records of a catalog zone.
#include "zones/catalog.h"

#include <algorithm>
#include <unordered_map>

#include "dns/rdata.h"

namespace portolan::zones {
namespace {

using dns::Name;
using dns::NameView;
using dns::RRType;

// The character-strings of TXT rdata, joined.
std::string joined(std::span<const uint8_t> rdata) {
  std::string text;
  for (size_t at = 0; at < rdata.size(); at += rdata[at] + 1U) {
    const size_t size = std::min<size_t>(rdata[at], rdata.size() - at - 1);
    text.append(reinterpret_cast<const char*>(rdata.data()) + at + 1, size);
  }
  return text;
}

std::string label_text(NameView name) { return std::string(name.first_label()); }

class Reader {
 public:
  Reader(const ZoneTree& tree, size_t most_members)
      : tree_(tree), most_members_(most_members), labels_(tree.origin().view().label_count()) {}

  Result<Catalog> read() {
    if (tree_.ns().count == 0) return fail("catalog zone " + origin() + " has no NS record");
    if (auto good = check_version(); good.has_error()) return good.error();
    for (const ZoneTree::Node& node : tree_.nodes()) {
      if (auto taken = take(node); taken.has_error()) return taken.error();
    }
    for (auto& [id, owner] : new_owners_) {
      const auto member = members_.find(id);
      if (member != members_.end()) member->second.new_owner = std::move(owner);
    }
    Catalog catalog;
    for (auto& [id, member] : members_) catalog.push_back(std::move(member));
    std::sort(catalog.begin(), catalog.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    return catalog;
  }

 private:
  std::string origin() const { return tree_.origin().text(); }

  Result<void> check_version() const {
    const auto name = Name::parse("version." + origin());
    const ZoneTree::Node* node = name.has_value() ? tree_.find(*name) : nullptr;
    const ZoneTree::RRset* set = node ? tree_.rrset(*node, RRType::txt) : nullptr;
    if (!set || set->count != 1) return fail("catalog zone " + origin() + " must have exactly one version TXT record");
    const std::string version = joined(tree_.record(*set, 0).rdata);
    if (version != "2") return fail("catalog zone " + origin() + " has unsupported version \"" + version + "\"");
    return {};
  }

  // ID.zones.ORIGIN is a member, coo.ID.zones.ORIGIN says where it goes.
  Result<void> take(const ZoneTree::Node& node) {
    const NameView owner = tree_.owner(node);
    const ZoneTree::RRset* set = tree_.rrset(node, RRType::ptr);
    const unsigned labels = owner.label_count();
    if (!set || labels < labels_ + 2 || labels > labels_ + 3 || !owner.is_under(tree_.origin()) ||
        label_text(owner.suffix(labels_ + 1)) != "zones") {
      return {};
    }
    const std::string id = label_text(owner.suffix(labels_ + 2));
    const Name target = Name(dns::target_name(tree_.record(*set, 0))).lower();
    if (labels == labels_ + 2) return member(id, target, set->count);
    if (label_text(owner) != "coo") return {};
    if (set->count != 1) return fail("catalog member " + id + " has more than one coo PTR record");
    new_owners_.emplace(id, target);
    return {};
  }

  Result<void> member(const std::string& id, const Name& zone, unsigned records) {
    if (records != 1) return fail("catalog member " + id + ".zones." + origin() + " must have exactly one PTR record");
    const auto [known, is_new] = ids_.emplace(zone, id);
    if (!is_new) {
      return fail("catalog member zone " + zone.text() + " is listed by both " + known->second + " and " + id);
    }
    if (members_.size() == most_members_) {
      return fail("catalog zone " + origin() + " has more than " + std::to_string(most_members_) + " members");
    }
    members_.emplace(id, CatalogMember{id, zone, std::nullopt});
    return {};
  }

  const ZoneTree& tree_;
  const size_t most_members_;
  const unsigned labels_;
  std::unordered_map<std::string, CatalogMember> members_;
  std::unordered_map<std::string, Name> new_owners_;
  std::unordered_map<Name, std::string, dns::NameHash, dns::NameEqual> ids_;
};

}  // namespace

Result<Catalog> read_catalog(const ZoneTree& tree, size_t most_members) { return Reader(tree, most_members).read(); }

}  // namespace portolan::zones
