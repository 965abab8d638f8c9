// Fields of DNSSEC and certificate records: types, algorithms, times, hashes.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <vector>

#include "dns/base32hex.h"
#include "dns/fold.h"
#include "dns/rdata_words.h"
#include "dns/string_text.h"
#include "dns/type_bitmap.h"

namespace portolan::dns {
namespace {

// IANA's mnemonics, and what BIND and ldns write for three of them.
constexpr RdataWords::Mnemonic kAlgorithms[] = {
    {"RSAMD5", 1},
    {"DH", 2},
    {"DSA", 3},
    {"ECC", 4},
    {"RSASHA1", 5},
    {"DSA-NSEC3-SHA1", 6},
    {"DSA_NSEC3", 6},
    {"NSEC3DSA", 6},
    {"RSASHA1-NSEC3-SHA1", 7},
    {"RSASHA1_NSEC3", 7},
    {"NSEC3RSASHA1", 7},
    {"RSASHA256", 8},
    {"RSASHA512", 10},
    {"ECC-GOST", 12},
    {"ECC_GOST", 12},
    {"ECCGOST", 12},
    {"ECDSAP256SHA256", 13},
    {"ECDSAP384SHA384", 14},
    {"ED25519", 15},
    {"ED448", 16},
    {"INDIRECT", 252},
    {"PRIVATEDNS", 253},
    {"PRIVATEOID", 254},
};

// RFC 4398 section 2.1; CoreDNS says IPIX for IPKIX.
constexpr RdataWords::Mnemonic kCertTypes[] = {
    {"PKIX", 1}, {"SPKI", 2},   {"PGP", 3},     {"IPKIX", 4}, {"IPIX", 4},  {"ISPKI", 5},
    {"IPGP", 6}, {"ACPKIX", 7}, {"IACPKIX", 8}, {"URI", 253}, {"OID", 254},
};

bool equal_without_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && !a.empty() &&
         equal_folded(reinterpret_cast<const uint8_t*>(a.data()), reinterpret_cast<const uint8_t*>(b.data()), a.size());
}

/// YYYYMMDDHHmmSS as seconds since 1970, modulo 2^32 (RFC 4034 section 3.1.5); none when there is no such time.
std::optional<uint32_t> seconds_of(std::string_view digits) {
  constexpr unsigned kFirstYear = 1901;  // what 32 bits can mean around 1970
  unsigned parts[6] = {};
  size_t at = 0;
  for (unsigned i = 0; i < 6; ++i) {
    const size_t size = i == 0 ? 4 : 2;
    std::from_chars(digits.data() + at, digits.data() + at + size, parts[i]);
    at += size;
  }
  using namespace std::chrono;
  const year_month_day date{year(static_cast<int>(parts[0])), month(parts[1]), day(parts[2])};
  if (!date.ok() || parts[0] < kFirstYear || parts[3] > 23 || parts[4] > 59 || parts[5] > 59) return std::nullopt;
  const auto time = sys_days(date) + hours(parts[3]) + minutes(parts[4]) + seconds(parts[5]);
  return static_cast<uint32_t>(duration_cast<seconds>(time.time_since_epoch()).count());
}

}  // namespace

bool RdataWords::read_time(const char* field) {
  constexpr size_t kDateDigits = 14;
  std::string_view word;
  if (!take_plain(field, word)) return false;
  uint32_t seconds = 0;
  if (word.size() == kDateDigits && std::all_of(word.begin(), word.end(), is_digit)) {
    const auto date = seconds_of(word);
    if (!date) return wrong(field, word, "time as in YYYYMMDDHHmmSS");
    seconds = *date;
  } else if (!number(field, word, std::numeric_limits<uint32_t>::max(), seconds)) {
    return false;
  }
  put32(seconds);
  return true;
}

bool RdataWords::read_salt(const char* field) {
  std::string_view word;
  if (!take_plain(field, word)) return false;
  std::string digits;
  if (word != "-" && !hex_digits(field, word, digits)) return false;
  if (digits.size() / 2 > std::numeric_limits<uint8_t>::max()) return wrong(field, word, "salt of up to 255 octets");
  put8(static_cast<uint32_t>(digits.size() / 2));
  return put_hex(field, digits);
}

bool RdataWords::read_hash(const char* field) {
  std::string_view word;
  if (!take_plain(field, word)) return false;
  std::string octets(word.size() * 5 / 8, '\0');
  if (!decode_base32hex(word, reinterpret_cast<uint8_t*>(octets.data())))
    return wrong(field, word, "base32hex (RFC 4648 section 7)");
  return put_counted(field, octets);
}

// "None" and "Reserved" are how logs call 0 and 65535, no mnemonics.
bool RdataWords::type_number(const char* field, std::string_view word, RRType& type) {
  constexpr std::string_view kPrefix = "TYPE";
  const bool numbered = word.size() > kPrefix.size() && equal_without_case(word.substr(0, kPrefix.size()), kPrefix);
  const auto parsed = parse_type(word);
  const auto number = parsed.has_error() ? 0 : static_cast<uint16_t>(*parsed);
  if (parsed.has_error() || (!numbered && (number == 0 || number == std::numeric_limits<uint16_t>::max()))) {
    return wrong(field, word, "record type");
  }
  type = *parsed;
  return true;
}

bool RdataWords::read_type(const char* field) {
  std::string_view word;
  RRType type{};
  if (!take_plain(field, word) || !type_number(field, word, type)) return false;
  put16(static_cast<uint16_t>(type));
  return true;
}

bool RdataWords::read_types(const char* field) {
  std::vector<RRType> types;
  while (!at_end()) {
    std::string_view word;
    RRType type{};
    if (!take_plain(field, word) || !type_number(field, word, type)) return false;
    types.push_back(type);
  }
  std::sort(types.begin(), types.end());
  types.erase(std::unique(types.begin(), types.end()), types.end());
  append_type_bitmap(out_, types);
  return true;
}

bool RdataWords::read_algorithm(const char* field) { return read_mnemonic(field, kAlgorithms, 1); }

bool RdataWords::read_cert_type(const char* field) { return read_mnemonic(field, kCertTypes, 2); }

bool RdataWords::read_mnemonic(const char* field, std::span<const Mnemonic> known, unsigned octets) {
  std::string_view word;
  if (!take_plain(field, word)) return false;
  const auto* const found = std::find_if(known.data(), known.data() + known.size(),
                                         [&](const Mnemonic& each) { return equal_without_case(word, each.name); });
  if (found != known.data() + known.size()) {
    put_number(found->number, octets);
    return true;
  }
  if (!is_digit(word.front())) return wrong(field, word, "number or mnemonic");
  uint32_t value = 0;
  if (!number(field, word, most_of(octets), value)) return false;
  put_number(value, octets);
  return true;
}

}  // namespace portolan::dns
