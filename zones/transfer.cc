// Walking a tree, or differences, from SOA to SOA.
#include "zones/transfer.h"

namespace portolan::zones {
namespace {

class TreeStream : public RecordStream {
 public:
  TreeStream(std::shared_ptr<const ZoneTree> tree, bool is_current)
      : tree_(std::move(tree)), step_(is_current ? Step::last_soa : Step::apex) {}

  bool next(Arena&, ArenaVector<dns::Record>& out) override;

 private:
  using Records = ArenaVector<dns::Record>;
  enum class Step : uint8_t { apex, nodes, hashed, last_soa, end };

  void add(const ZoneTree::RRset& set, Records& out) const {
    for (unsigned i = 0; i < set.count; ++i) out.push_back(tree_->record(set, i));
  }
  bool add_node(Records& out);
  bool add_hashed(Records& out);

  const std::shared_ptr<const ZoneTree> tree_;
  Step step_;
  size_t node_ = 0;
};

bool TreeStream::next(Arena&, Records& out) {
  switch (step_) {
    case Step::apex:
      for (const auto* set : {&tree_->soa(), &tree_->soa_signatures(), &tree_->ns(), &tree_->ns_signatures()}) {
        add(*set, out);
      }
      step_ = Step::nodes;
      return true;
    case Step::nodes:
      if (add_node(out)) return true;
      node_ = 0;
      step_ = Step::hashed;
      [[fallthrough]];
    case Step::hashed:
      if (add_hashed(out)) return true;
      [[fallthrough]];
    case Step::last_soa:
      add(tree_->soa(), out);
      step_ = Step::end;
      return true;
    case Step::end:
      break;
  }
  return false;
}

// The next owner that has records; false behind the last.
bool TreeStream::add_node(Records& out) {
  while (node_ < tree_->nodes().size()) {
    const ZoneTree::Node& node = tree_->nodes()[node_++];
    if (!node.holds_records() || !tree_->owner(node).is_under(tree_->origin())) continue;
    for (const ZoneTree::RRset& set : tree_->rrsets(node)) add(set, out);
    return true;
  }
  return false;
}

bool TreeStream::add_hashed(Records& out) {
  if (node_ == tree_->hashed_owners().size()) return false;
  const ZoneTree::Hashed& hashed = tree_->hashed_owners()[node_++];
  add(hashed.set, out);
  add(hashed.signatures, out);
  return true;
}

class ChangeStream : public RecordStream {
 public:
  /// Differences `first` to `last`.
  ChangeStream(std::shared_ptr<const Differences> all, size_t first, size_t last)
      : all_(std::move(all)), next_(first), last_(last) {}

  bool next(Arena&, ArenaVector<dns::Record>& out) override;

 private:
  static constexpr unsigned kRecords = 64;  // a call

  const std::shared_ptr<const Differences> all_;
  size_t next_, last_;
  size_t at_ = 0;  // in the next one
  bool begun_ = false, done_ = false;
};

bool ChangeStream::next(Arena&, ArenaVector<dns::Record>& out) {
  const dns::Record soa = (*all_)[last_]->new_soa();
  if (!std::exchange(begun_, true)) {
    out.push_back(soa);
    return true;
  }
  dns::Record record;
  for (unsigned added = 0; next_ <= last_ && added < kRecords;) {
    if ((*all_)[next_]->next(at_, record)) {
      out.push_back(record);
      ++added;
    } else {
      ++next_;
      at_ = 0;
    }
  }
  if (next_ <= last_) return true;
  if (std::exchange(done_, true)) return false;
  out.push_back(soa);
  return true;
}

}  // namespace

std::unique_ptr<RecordStream> transfer_changes(std::shared_ptr<const Differences> differences, uint32_t from,
                                               uint32_t to) {
  size_t last = differences->size();
  while (last > 0 && (*differences)[last - 1]->to() != to) --last;
  size_t first = last;
  while (first > 0 && (*differences)[first - 1]->from() != from) --first;
  if (first == 0) return nullptr;
  return std::make_unique<ChangeStream>(std::move(differences), first - 1, last - 1);
}

std::unique_ptr<RecordStream> transfer(std::shared_ptr<const ZoneTree> tree, uint32_t serial) {
  const bool is_current = serial != 0 && serial == tree->serial();
  return std::make_unique<TreeStream>(std::move(tree), is_current);
}

}  // namespace portolan::zones
