// Presentation form of records. The fields in front of the rdata are read here, since TTL and class may come in either
// order (RFC 1035 section 5.1); ldns writes rdata, but does not read it: it makes other values of wrong ones.
#include "dns/rdata_text.h"

#include <ldns/ldns.h>

#include <algorithm>
#include <memory>

#include "dns/rdata_words.h"

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
using LdnsText = std::unique_ptr<char, Freed<std::free>>;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
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

}  // namespace

Result<std::string> parse_rdata(RRType type, std::span<const ZoneWord> words, NameView origin) {
  return RdataWords(type, words, origin).read();
}

Result<std::string> parse_rdata(RRType type, std::string_view text, NameView origin) {
  ZoneText source(text);
  ZoneEntry entry;
  if (const auto more = source.next(entry); more.has_error()) return more.error();
  return parse_rdata(type, entry.words, origin);
}

Result<OwnedRecord> parse_record(std::string_view text, const Name& origin, uint32_t default_ttl,
                                 const Name& previous) {
  ZoneText source(text);
  ZoneEntry entry;
  const auto more = source.next(entry);
  if (more.has_error()) return more.error();
  if (!*more) return fail("empty record");
  std::span<const ZoneWord> words = entry.words;
  OwnedRecord record;
  record.owner = previous;
  record.ttl = default_ttl;
  if (!entry.leading_blank) {
    auto owner = parse_zone_name(words.front().text, origin);
    if (!owner) return owner.error();
    record.owner = *std::move(owner);
    words = words.subspan(1);
  }
  for (bool ttl_seen = false, class_seen = false; !words.empty(); words = words.subspan(1)) {
    const std::string& word = words.front().text;
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
  if (words.empty()) return fail("record without a type");
  const auto type = parse_type(words.front().text);
  if (!type) return type.error();
  record.type = *type;
  auto rdata = parse_rdata(record.type, words.subspan(1), origin);
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
  // ldns leaves out a backslash here and there, so that a zone file would say something else.
  const auto again = parse_rdata(type, result, NameView());
  const bool same = again.has_value() && std::equal(rdata.begin(), rdata.end(), again->begin(), again->end(),
                                                    [](uint8_t a, char b) { return a == static_cast<uint8_t>(b); });
  return same ? result : generic_text(rdata);
}

std::string record_text(const Record& record) {
  return record.owner.text() + "\t" + std::to_string(record.ttl) + "\t" + text(record.cls) + "\t" + text(record.type) +
         "\t" + rdata_text(record.type, record.rdata);
}

}  // namespace portolan::dns
