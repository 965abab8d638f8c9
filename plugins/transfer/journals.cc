// Which zones have a journal, and what workers see of them.
#include "plugins/transfer/journals.h"

#include "base/log.h"
#include "plugins/common/zone_file_name.h"
#include "zones/transfer.h"

namespace portolan::transfer {
namespace {

void warn(const dns::Name& zone, const std::string& text) {
  log::warning("plugin/transfer: The journal of zone \"" + zone.text() + "\" " + text);
}

}  // namespace

void Journals::serving() {
  settled_.start(std::chrono::nanoseconds(0), [this] { before_.clear(); });
}

void Journals::keep(const std::string& folder, const std::shared_ptr<const zones::ZoneTree>& tree) {
  const dns::Name& zone = tree->origin();
  auto& journal = journals_[zone];
  if (!journal) journal = begin(zone, folder);
  for (const std::string& line : journal->advance(tree)) warn(zone, line);
  published_.lock()->insert_or_assign(zone, journal->differences());
}

std::shared_ptr<zones::Journal> Journals::begin(const dns::Name& zone, const std::string& folder) {
  std::string path;
  if (!folder.empty()) {
    path = folder + "/" + zone_file_name(zone) + ".journal";
    if (!files_->paths.insert(path).second) {
      warn(zone, "is in memory alone: another server block keeps it in " + folder);
      path.clear();
    }
  }
  const auto known = before_.find(zone);
  if (known != before_.end() && known->second->path() == path) return known->second;
  return std::make_shared<zones::Journal>(zone, path);
}

void Journals::forget(const dns::Name& zone) {
  const auto known = journals_.find(zone);
  if (known == journals_.end()) return;
  known->second->remove_file();
  files_->paths.erase(known->second->path());
  journals_.erase(known);
  published_.lock()->erase(zone);
}

std::unique_ptr<zones::RecordStream> Journals::changes(dns::NameView zone, uint32_t from, uint32_t to) {
  std::shared_ptr<const zones::Differences> kept;
  {
    auto published = published_.lock();
    const auto found = published->find(zone);
    if (found == published->end()) return nullptr;
    kept = found->second;
  }
  return zones::transfer_changes(std::move(kept), from, to);
}

}  // namespace portolan::transfer
