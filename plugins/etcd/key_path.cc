// Labels turned round. A label is written as in zone files, so that a dot inside one is no separator; a slash inside
// one is, as in CoreDNS.
#include "plugins/etcd/key_path.h"

#include <algorithm>
#include <vector>

#include "plugins/common/text_buffer.h"

namespace portolan::etcd {
namespace {

/// Takes the part up to the next slash.
std::string_view take_part(std::string_view& rest) {
  const size_t slash = rest.find('/');
  const std::string_view part = rest.substr(0, slash);
  rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
  return part;
}

bool is_wildcard(std::string_view part) { return part == "*" || part == "any"; }

/// Octets of a label in presentation form.
void append_label(std::string_view octets, TextBuffer& text) {
  uint8_t wire[2 + dns::kMaxLabel];
  wire[0] = static_cast<uint8_t>(octets.size());
  std::copy(octets.begin(), octets.end(), wire + 1);
  wire[1 + octets.size()] = 0;
  text.name({wire, static_cast<uint8_t>(octets.size() + 2)});
  text.drop_last();  // the final dot
}

}  // namespace

std::string clean_prefix(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::string_view part = take_part(path);
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
  }
  std::string cleaned;
  for (const std::string_view part : parts) cleaned.append("/").append(part);
  return cleaned;
}

KeyPath key_path(std::string_view prefix, dns::NameView lower, Arena& arena) {
  const unsigned count = lower.label_count();
  const auto labels = arena.array<std::string_view>(count);
  for (unsigned i = count; i-- > 0; lower = lower.parent()) labels[i] = lower.first_label();
  TextBuffer text(arena, prefix.size() + 2 * lower.size() + 64);
  text.append(prefix);
  KeyPath path;
  size_t fixed = 0;
  for (const std::string_view label : labels) {
    if (!path.has_wildcard && is_wildcard(label)) {
      path.has_wildcard = true;
      fixed = text.text().size();
    }
    TextBuffer part(arena, 2 * label.size() + 2);
    append_label(label, part);
    for (std::string_view rest = part.text(); !rest.empty();) {
      const std::string_view piece = take_part(rest);
      if (!piece.empty()) text.append('/').append(piece);
    }
  }
  if (text.text().empty()) text.append('/');  // the root, without a prefix
  path.whole = text.text();
  path.fixed = path.has_wildcard ? path.whole.substr(0, fixed) : path.whole;
  return path;
}

bool matches(const KeyPath& path, std::string_view key) {
  std::string_view wanted = path.whole;
  bool more = true;
  while (!wanted.empty()) {
    if (!more) return false;  // the key is shorter
    const std::string_view part = take_part(wanted);
    more = key.find('/') != std::string_view::npos;
    const std::string_view own = take_part(key);
    if (!is_wildcard(part) && own != part) return false;
  }
  return true;
}

Result<dns::Name> name_of_key(std::string_view key) {
  if (key.ends_with('/')) key.remove_suffix(1);
  std::vector<std::string_view> parts;
  for (bool more = true; more;) {
    more = key.find('/') != std::string_view::npos;
    parts.push_back(take_part(key));
  }
  std::string text;
  for (size_t i = parts.size(); i-- > 2;) text.append(parts[i]).append(".");  // not "" and the prefix
  if (text.empty()) return dns::Name();
  return dns::Name::parse(text);
}

}  // namespace portolan::etcd
