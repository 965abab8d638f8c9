// Presentation form of records. The fields in front of the rdata are read here, since TTL and class may come in either
// order (RFC 1035 section 5.1); rdata of all types goes through ldns.
#include "dns/rdata_text.h"

#include <ldns/ldns.h>

#include <memory>
#include <optional>

#include "base/address.h"

namespace portolan::dns {
namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* value) const {
    Free(value);
  }
};
using LdnsRecord = std::unique_ptr<ldns_rr, Freed<ldns_rr_free>>;
using LdnsName = std::unique_ptr<ldns_rdf, Freed<ldns_rdf_deep_free>>;
using LdnsBuffer = std::unique_ptr<ldns_buffer, Freed<ldns_buffer_free>>;
using LdnsText = std::unique_ptr<char, Freed<std::free>>;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Takes the next word off `text`; a backslash protects the character behind it.
std::string_view take_word(std::string_view& text) {
  size_t start = 0;
  while (start < text.size() && is_blank(text[start])) ++start;
  size_t end = start;
  while (end < text.size() && !is_blank(text[end])) end += text[end] == '\\' ? 2 : 1;
  end = std::min(end, text.size());
  const std::string_view word = text.substr(start, end - start);
  text.remove_prefix(end);
  return word;
}

/// Seconds, or numbers with units: 1w2d3h4m5s.
std::optional<uint32_t> parse_ttl(std::string_view word) {
  uint64_t total = 0, number = 0;
  bool digits = false;
  for (const char c : word) {
    if (c >= '0' && c <= '9') {
      number = number * 10 + static_cast<uint64_t>(c - '0');
      digits = true;
      if (number > UINT32_MAX) return std::nullopt;
      continue;
    }
    if (!digits) return std::nullopt;
    switch (c | 0x20) {
      case 's':
        break;
      case 'm':
        number *= 60;
        break;
      case 'h':
        number *= 3600;
        break;
      case 'd':
        number *= 86400;
        break;
      case 'w':
        number *= 604800;
        break;
      default:
        return std::nullopt;
    }
    total += number;
    number = 0;
    digits = false;
  }
  total += number;
  if (word.empty() || total > UINT32_MAX) return std::nullopt;
  return static_cast<uint32_t>(total);
}

Result<Name> parse_owner(std::string_view word, const Name& origin) {
  if (word == "@") return origin;
  auto name = Name::parse(word);
  // A final dot makes it absolute, unless the dot is escaped.
  size_t backslashes = 0;
  if (!word.empty() && word.back() == '.') {
    while (backslashes + 1 < word.size() && word[word.size() - 2 - backslashes] == '\\') ++backslashes;
  }
  if (!name || (word.back() == '.' && backslashes % 2 == 0)) return name;
  Arena arena;
  const auto labels = name->view().labels_before(NameView());
  const auto joined = join(labels, origin, arena);
  if (!joined) return fail("bad name \"" + std::string(word) + "\": " + joined.error().message);
  return Name(*joined);
}

Error rdata_error(RRType type, std::string_view text, ldns_status status) {
  return fail("bad " + dns::text(type) + " rdata \"" + std::string(text) + "\": " + ldns_get_errorstr_by_id(status));
}

LdnsName to_ldns(NameView name) {
  return LdnsName(ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, name.size(), name.data()));
}

/// Everything behind the RDLENGTH of a record whose owner is the root.
constexpr size_t kRdataOffset = 11;

std::string generic_text(std::span<const uint8_t> rdata) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string result = "\\# " + std::to_string(rdata.size());
  if (!rdata.empty()) result += ' ';
  for (const uint8_t octet : rdata) {
    result += kHex[octet >> 4];
    result += kHex[octet & 0xf];
  }
  return result;
}

/// The rdata of an address record, nothing for other types and texts: most records of large zones are addresses, and
/// ldns takes four times as long for one.
std::optional<std::string> parse_address(RRType type, std::string_view text) {
  if (type != RRType::a && type != RRType::aaaa) return std::nullopt;
  const auto address = IpAddress::parse(text);
  if (address.has_error() || address->is_v4() != (type == RRType::a)) return std::nullopt;
  const auto octets = address->octets();
  return std::string(octets.begin(), octets.end());
}

}  // namespace

Result<std::string> parse_rdata(RRType type, std::string_view text, const Name& origin) {
  if (auto address = parse_address(type, text)) return {boost::system::in_place_value, *std::move(address)};
  const std::string line = ". 0 IN " + dns::text(type) + " " + std::string(text);
  if (line.find('\0') != std::string::npos) return rdata_error(type, text, LDNS_STATUS_SYNTAX_ERR);
  const LdnsName ldns_origin = to_ldns(origin);
  ldns_rr* parsed = nullptr;
  const ldns_status status = ldns_rr_new_frm_str(&parsed, line.c_str(), 0, ldns_origin.get(), nullptr);
  const LdnsRecord record(parsed);
  if (status != LDNS_STATUS_OK) return rdata_error(type, text, status);

  const LdnsBuffer buffer(ldns_buffer_new(LDNS_MIN_BUFLEN));
  const ldns_status written = ldns_rr2buffer_wire(buffer.get(), record.get(), LDNS_SECTION_ANSWER);
  if (written != LDNS_STATUS_OK) return rdata_error(type, text, written);
  const auto* octets = reinterpret_cast<const char*>(ldns_buffer_begin(buffer.get()));
  return {boost::system::in_place_value, octets + kRdataOffset, ldns_buffer_position(buffer.get()) - kRdataOffset};
}

Result<OwnedRecord> parse_record(std::string_view text, const Name& origin, uint32_t default_ttl,
                                 const Name& previous) {
  OwnedRecord record;
  record.owner = previous;
  record.cls = RRClass::in;
  record.ttl = default_ttl;
  if (text.empty()) return fail("empty record");
  if (!is_blank(text[0])) {
    auto owner = parse_owner(take_word(text), origin);
    if (!owner) return owner.error();
    record.owner = *std::move(owner);
  }
  std::string_view word = take_word(text);
  for (bool ttl_seen = false, class_seen = false;; word = take_word(text)) {
    if (const auto ttl = parse_ttl(word); ttl && !ttl_seen) {
      record.ttl = *ttl;
      ttl_seen = true;
    } else if (const auto cls = parse_class(word); cls && !class_seen && *cls != RRClass::any) {
      record.cls = *cls;
      class_seen = true;
    } else {
      break;
    }
  }
  if (word.empty()) return fail("record without a type");
  const auto type = parse_type(word);
  if (!type) return type.error();
  record.type = *type;
  auto rdata = parse_rdata(record.type, trimmed(text), origin);
  if (!rdata) return rdata.error();
  record.rdata = *std::move(rdata);
  return record;
}

std::string rdata_text(RRType type, std::span<const uint8_t> rdata) {
  if (rdata.empty() || rdata.size() > UINT16_MAX) return generic_text(rdata);
  const auto type_number = static_cast<uint16_t>(type);
  std::string wire(kRdataOffset, '\0');
  wire[1] = static_cast<char>(type_number >> 8);
  wire[2] = static_cast<char>(type_number);
  wire[4] = 1;  // IN
  wire[9] = static_cast<char>(rdata.size() >> 8);
  wire[10] = static_cast<char>(rdata.size());
  wire.append(reinterpret_cast<const char*>(rdata.data()), rdata.size());

  ldns_rr* read = nullptr;
  size_t position = 0;
  const ldns_status status =
      ldns_wire2rr(&read, reinterpret_cast<const uint8_t*>(wire.data()), wire.size(), &position, LDNS_SECTION_ANSWER);
  const LdnsRecord record(read);
  if (status != LDNS_STATUS_OK) return generic_text(rdata);
  const LdnsText line(ldns_rr2str_fmt(ldns_output_format_nocomments, record.get()));
  if (line == nullptr) return generic_text(rdata);

  // owner, TTL, class, type, rdata, with tabs between.
  std::string_view rest = line.get();
  for (int i = 0; i < 4; ++i) rest.remove_prefix(std::min(rest.find('\t') + 1, rest.size()));
  std::string result;
  for (const char c : trimmed(rest)) {
    // ldns leaves tabs in character-strings as they are.
    if (c == '\t') {
      result += "\\009";
    } else {
      result += c;
    }
  }
  return result;
}

std::string record_text(const Record& record) {
  return record.owner.text() + "\t" + std::to_string(record.ttl) + "\t" + text(record.cls) + "\t" + text(record.type) +
         "\t" + rdata_text(record.type, record.rdata);
}

}  // namespace portolan::dns
