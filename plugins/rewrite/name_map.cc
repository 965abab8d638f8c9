// The two ways to map names.
#include "plugins/rewrite/name_map.h"

#include "plugins/common/text_buffer.h"

namespace portolan::rewrite {

Mapped Remap::map(dns::NameView& name, Arena& arena) const {
  if (name.size() < from_.size() || !name.suffix(labels_).identical(from_)) return Mapped::same;
  if (from_.is_root() && !name.is_root()) return Mapped::same;  // not everything lies below a question for the root
  const auto mapped = dns::join(name.wire().first(name.size() - from_.size()), to_, arena);
  if (!mapped) return Mapped::invalid;
  name = *mapped;
  return Mapped::changed;
}

Mapped PatternMap::map(dns::NameView& name, Arena& arena) const {
  const dns::NameView compared = in_lower_case_ ? dns::lower(name, arena) : name;
  const std::string_view text = name_text(compared, arena);
  const auto replaced = pattern_.replaced(text, to_, arena);
  if (!replaced || *replaced == text) return Mapped::same;
  const auto mapped = dns::parse_name(*replaced, arena);
  if (!mapped) return Mapped::invalid;
  name = *mapped;
  return Mapped::changed;
}

}  // namespace portolan::rewrite
