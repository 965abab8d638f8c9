// From version to version.
#include "zones/journal.h"

#include "zones/serial.h"

namespace portolan::zones {

Journal::Journal(const dns::Name& origin, const std::string& path) : path_(path) {
  if (!path.empty()) file_.emplace(path, origin);
}

Journal::Lines Journal::advance(std::shared_ptr<const ZoneTree> tree) {
  Lines lines;
  if (tree == last_) return lines;
  const ZoneSum sum = sum_of(*tree);
  if (last_) {
    step(*tree, sum, lines);
  } else if (file_) {
    begin(*tree, sum, lines);
  }
  last_ = std::move(tree);
  sum_ = sum;
  published_ = std::make_shared<Differences>(differences_);
  return lines;
}

void Journal::begin(const ZoneTree& tree, const ZoneSum& sum, Lines& lines) {
  auto content = file_->read();
  if (content.has_error()) {
    lines.push_back("begins anew: " + content.error().message);
    return;
  }
  if (!content->damage.empty()) lines.push_back("has suffered: " + path_ + ": " + content->damage);
  if (content->differences.empty()) return;
  const Difference& last = *content->differences.back();
  if (last.to() == tree.serial() && last.digest() == sum.digest) {
    differences_ = std::move(content->differences);
    for (const auto& each : differences_) octets_ += each->octets().size();
    return trim(sum.octets);
  }
  lines.push_back("begins anew: " + path_ + " leads to " +
                  (last.to() == tree.serial() ? "other records of serial " : "serial ") + std::to_string(last.to()) +
                  ", the zone has serial " + std::to_string(tree.serial()));
  drop(lines);
}

void Journal::step(const ZoneTree& tree, const ZoneSum& sum, Lines& lines) {
  const std::string serial = std::to_string(tree.serial());
  if (tree.serial() == last_->serial()) {
    if (sum.digest == sum_.digest) return;
    lines.push_back("begins anew: the zone has changed, its serial " + serial + " has not");
    drop(lines);
    doubtful_ = true;
    return;
  }
  const bool doubtful = std::exchange(doubtful_, false);
  if (!serial_before(last_->serial(), tree.serial())) {
    lines.push_back("begins anew: serial " + serial + " does not come after " + std::to_string(last_->serial()));
    return drop(lines);
  }
  auto difference = doubtful ? nullptr : Difference::between(*last_, tree, sum.digest, sum.octets);
  if (!difference) return drop(lines);  // nothing to say: the whole zone is the shorter answer
  octets_ += difference->octets().size();
  differences_.push_back(std::move(difference));
  trim(sum.octets);
  if (!file_) return;
  // The oldest ones stay on disk until half of it is of no use.
  note(file_->size() > 2 * sum.octets ? file_->write(differences_) : file_->append(differences_), lines);
}

void Journal::trim(uint64_t limit) {
  auto first = differences_.begin();
  for (; octets_ > limit; ++first) octets_ -= (*first)->octets().size();
  differences_.erase(differences_.begin(), first);
}

void Journal::drop(Lines& lines) {
  differences_.clear();
  octets_ = 0;
  if (file_) note(file_->remove(), lines);
}

// A disk that stays full or broken is complained about once.
void Journal::note(const Result<void>& done, Lines& lines) {
  const std::string complaint = done.has_error() ? done.error().message : std::string();
  if (!complaint.empty() && complaint != complaint_) lines.push_back("is in memory alone: " + complaint);
  complaint_ = complaint;
}

void Journal::remove_file() {
  if (file_) (void)file_->remove();
}

}  // namespace portolan::zones
