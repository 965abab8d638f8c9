// A handful of entries, searched from the newest: what was set last counts.
#include "server/metadata.h"

namespace portolan::server {

std::optional<std::string_view> Metadata::value(std::string_view label) const {
  for (size_t i = entries_.size(); i-- > 0;) {
    const Entry& entry = entries_[i];
    if (!entry.source) {
      if (entry.label == label) return entry.text;
    } else if (const auto value = entry.source->value(label, arena_)) {
      return value;
    }
  }
  return std::nullopt;
}

void Metadata::set(std::string_view label, std::string_view text) {
  const std::string_view kept = arena_.copy(text);
  for (Entry& entry : entries_) {
    if (entry.source || entry.label != label) continue;
    entry.text = kept;
    return;
  }
  entries_.push_back({label, kept, nullptr});
}

Metadata* Metadata::clone(Arena& arena) const {
  auto* copy = arena.make<Metadata>(arena);
  for (const Entry& entry : entries_) {
    const MetadataSource* source = entry.source ? entry.source->clone(arena) : nullptr;
    copy->entries_.push_back({entry.label, arena.copy(entry.text), source});
  }
  return copy;
}

}  // namespace portolan::server
