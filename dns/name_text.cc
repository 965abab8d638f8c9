// Names in presentation form (RFC 1035 section 5.1), both ways.
#include <array>
#include <cstring>

#include "dns/name.h"
#include "dns/string_text.h"
#include "dns/zone_text.h"

namespace portolan::dns {
namespace {

/// Octets that mean something in a zone file, and so carry a backslash. The set is that of CoreDNS's log lines.
bool is_special(uint8_t octet) {
  switch (octet) {
    case '.':
    case ' ':
    case '\'':
    case '@':
    case ';':
    case '(':
    case ')':
    case '"':
    case '\\':
      return true;
    default:
      return false;
  }
}

void append_octet(std::string& text, uint8_t octet) {
  if (is_special(octet)) {
    text += '\\';
    text += static_cast<char>(octet);
  } else if (octet < ' ' || octet > '~') {
    const char escaped[] = {'\\', static_cast<char>('0' + octet / 100), static_cast<char>('0' + octet / 10 % 10),
                            static_cast<char>('0' + octet % 10)};
    text.append(escaped, sizeof escaped);
  } else {
    text += static_cast<char>(octet);
  }
}

/// The octets of a name under construction: labels behind each other, each behind its length octet.
struct WireName {
  std::array<uint8_t, kMaxName> octets;
  size_t size = 1;   // the length octet of the open label included
  size_t label = 0;  // where the open label's length octet lies

  NameView view() const { return {octets.data(), static_cast<uint8_t>(size)}; }
  size_t label_size() const { return size - label - 1; }
  bool append(uint8_t octet) {
    if (size == kMaxName) return false;
    octets[size++] = octet;
    return true;
  }
  bool close_label() {
    if (size == kMaxName) return false;
    octets[label] = static_cast<uint8_t>(label_size());
    label = size++;
    return true;
  }
  /// What was closed last becomes the name that goes on with `origin`.
  bool append_name(NameView origin) {
    if (label + origin.size() > kMaxName) return false;
    std::memcpy(&octets[label], origin.data(), origin.size());
    size = label + origin.size();
    return true;
  }
};

Error name_error(std::string_view text, const char* what) {
  return fail("bad name \"" + std::string(text) + "\": " + what);
}

/// `origin`, if any, is where a name without a final dot goes on.
Result<void> parse_wire(std::string_view text, WireName& name, const NameView* origin = nullptr) {
  constexpr const char* kTooLong = "longer than 255 octets";
  if (text == ".") {
    name.octets[0] = 0;
    return {};
  }
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '.') {
      if (name.label_size() == 0) return name_error(text, "empty label");
      if (!name.close_label()) return name_error(text, kTooLong);
      continue;
    }
    int octet = static_cast<uint8_t>(text[at]);
    if (octet == '"' && origin) return name_error(text, "quoted");
    if (octet == '\\') octet = read_escape(text, at);
    if (octet < 0) return name_error(text, "broken escape");
    if (name.label_size() == kMaxLabel) return name_error(text, "label longer than 63 octets");
    if (!name.append(static_cast<uint8_t>(octet))) return name_error(text, kTooLong);
  }
  if (text.empty()) return name_error(text, "empty");
  // Without a final dot the last label is still open.
  const bool relative = name.label_size() != 0;
  if (relative && !name.close_label()) return name_error(text, kTooLong);
  if (!name.append_name(relative && origin ? *origin : NameView())) return name_error(text, kTooLong);
  return {};
}

}  // namespace

std::string NameView::text() const {
  if (is_root()) return ".";
  std::string result;
  result.reserve(size_);
  for (NameView name = *this; !name.is_root(); name = name.parent()) {
    for (const char c : name.first_label()) append_octet(result, static_cast<uint8_t>(c));
    result += '.';
  }
  return result;
}

Result<Name> Name::parse(std::string_view text) {
  WireName wire;
  if (const auto read = parse_wire(text, wire); read.has_error()) return read.error();
  return Name(wire.view());
}

Result<Name> parse_zone_name(std::string_view text, NameView origin) {
  if (text == "@") return Name(origin);
  WireName wire;
  if (const auto read = parse_wire(text, wire, &origin); read.has_error()) return read.error();
  return Name(wire.view());
}

Result<NameView> parse_name(std::string_view text, Arena& arena) {
  WireName wire;
  if (const auto read = parse_wire(text, wire); read.has_error()) return read.error();
  const auto copy = arena.copy(wire.view().wire());
  return NameView(copy.data(), static_cast<uint8_t>(copy.size()));
}

}  // namespace portolan::dns
