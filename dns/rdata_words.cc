// The walk over a type's fields, and the kinds of fields that many types have.
#include "dns/rdata_words.h"

#include <algorithm>
#include <limits>

#include "base/address.h"
#include "base/base64.h"
#include "dns/reader.h"
#include "dns/string_text.h"

namespace portolan::dns {
namespace {

constexpr std::string_view kGeneric = "\\#";
constexpr size_t kMaxString = 255;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

Result<std::string> RdataWords::read() {
  const bool generic = !words_.empty() && words_.front().text == kGeneric;
  if (!(generic ? read_generic() : read_fields())) return fail(std::move(error_));
  if (out_.size() > std::numeric_limits<uint16_t>::max()) return fail(text(type_) + " data of more than 65535 octets");
  return {boost::system::in_place_value, out_.data(), out_.size()};  // without the room that it grew into
}

bool RdataWords::read_fields() {
  const auto fields = text_fields(type_);
  if (fields.empty()) return fail_with(text(type_) + " data has to be written as \\# LENGTH OCTETS (RFC 3597)");
  for (const TextField& field : fields) {
    if (!read_field(field)) return false;
  }
  return at_end() || goes_on();
}

bool RdataWords::goes_on() {
  const std::string_view more = rest_.empty() ? std::string_view(words_[next_].text) : rest_;
  return fail_with(text(type_) + " data goes on behind its end: \"" + std::string(more) + "\"");
}

// RFC 3597 section 5. Octets of a type whose form is known have to have it.
bool RdataWords::read_generic() {
  next_ = 1;
  uint32_t size = 0;
  if (!take_number("data length", std::numeric_limits<uint16_t>::max(), size)) return false;
  if ((!at_end() || size != 0) && !read_hex("data")) return false;
  if (out_.size() != size) {
    return fail_with(about("data") + " has " + std::to_string(out_.size()) + " octets, not " + std::to_string(size));
  }
  const auto* octets = reinterpret_cast<const uint8_t*>(out_.data());
  if (rdata_is_whole(type_, {octets, out_.size()})) return true;
  return fail_with("these octets are no " + text(type_) + " data");
}

bool RdataWords::read_field(const TextField& field) {
  const char* name = field.name;
  switch (field.kind) {
    case FieldKind::u8:
      return read_number(name, 1);
    case FieldKind::u16:
      return read_number(name, 2);
    case FieldKind::u32:
      return read_number(name, 4);
    case FieldKind::timer:
      return read_timer(name);
    case FieldKind::time:
      return read_time(name);
    case FieldKind::name:
      return read_name(name);
    case FieldKind::string:
      return read_string(name);
    case FieldKind::optional_string:
      return at_end() || read_string(name);
    case FieldKind::strings:
      return read_strings(name);
    case FieldKind::value:
      return read_value(name);
    case FieldKind::tag:
      return read_tag(name);
    case FieldKind::hex:
      return read_hex(name);
    case FieldKind::base64:
      return read_base64(name);
    case FieldKind::optional_base64:
      return at_end() || read_base64(name);
    case FieldKind::salt:
      return read_salt(name);
    case FieldKind::hash:
      return read_hash(name);
    case FieldKind::type:
      return read_type(name);
    case FieldKind::types:
      return read_types(name);
    case FieldKind::algorithm:
      return read_algorithm(name);
    case FieldKind::cert_type:
      return read_cert_type(name);
    case FieldKind::ipv4:
      return read_address(name, false);
    case FieldKind::ipv6:
      return read_address(name, true);
    case FieldKind::eui48:
      return read_eui(name, 6);
    case FieldKind::eui64:
      return read_eui(name, 8);
    case FieldKind::node_id:
      return read_node_id(name);
    case FieldKind::nsap:
      return read_nsap(name);
    case FieldKind::relay_type:
      return read_relay_type(name);
    case FieldKind::gateway:
      return read_gateway(name);
    case FieldKind::hip:
      return read_hip();
    case FieldKind::location:
      return read_location();
    case FieldKind::prefixes:
      return read_prefixes(name);
    case FieldKind::services:
      return read_services();
    case FieldKind::parameters:
      return read_parameters(name);
  }
  return false;
}

bool RdataWords::take(const char* field, std::string_view& word) {
  if (at_end()) return fail_with(about(field) + " is missing");
  if (!rest_.empty()) return wrong(field, rest_, "word of its own");
  word = words_[next_++].text;
  return true;
}

bool RdataWords::take_plain(const char* field, std::string_view& word) {
  if (!take(field, word)) return false;
  return word.front() != '"' || fail_with(about(field) + " " + std::string(word) + " must not be quoted");
}

bool RdataWords::wrong(const char* field, std::string_view word, const char* what) {
  return fail_with(about(field) + " \"" + std::string(word) + "\" is no " + what);
}

bool RdataWords::fail_with(std::string message) {
  error_ = std::move(message);
  return false;
}

bool RdataWords::put_counted(const char* field, std::string_view octets) {
  if (octets.size() > kMaxString) return fail_with(about(field) + " is longer than 255 octets");
  put8(static_cast<uint32_t>(octets.size()));
  out_ += octets;
  return true;
}

bool RdataWords::number(const char* field, std::string_view word, uint32_t most, uint32_t& value) {
  uint64_t read = 0;
  for (const char c : word) {
    if (!is_digit(c)) return wrong(field, word, "number");
    read = std::min<uint64_t>(read * 10 + static_cast<uint64_t>(c - '0'), uint64_t{most} + 1);
  }
  if (word.empty()) return wrong(field, word, "number");
  if (read > most) {
    return fail_with(about(field) + " " + std::string(word) + " is not within 0 to " + std::to_string(most));
  }
  value = static_cast<uint32_t>(read);
  return true;
}

bool RdataWords::take_number(const char* field, uint32_t most, uint32_t& value) {
  std::string_view word;
  return take_plain(field, word) && number(field, word, most, value);
}

bool RdataWords::read_number(const char* field, unsigned octets) {
  uint32_t value = 0;
  if (!take_number(field, most_of(octets), value)) return false;
  put_number(value, octets);
  return true;
}

// SOA's timers may have units, as TTLs have, in CoreDNS and BIND.
bool RdataWords::read_timer(const char* field) {
  std::string_view word;
  if (!take_plain(field, word)) return false;
  if (std::all_of(word.begin(), word.end(), is_digit)) {
    uint32_t value = 0;
    if (!number(field, word, std::numeric_limits<uint32_t>::max(), value)) return false;
    put32(value);
    return true;
  }
  const auto value = parse_ttl(word);
  if (!value) return wrong(field, word, "number of seconds, nor a time as in 1h30m, of 32 bits");
  put32(*value);
  return true;
}

bool RdataWords::read_name(const char* field) {
  std::string_view word;
  if (!take_plain(field, word)) return false;
  const auto name = parse_zone_name(word, origin_);
  if (name.has_error()) return fail_with(about(field) + ": " + name.error().message);
  put(name->view().wire());
  return true;
}

bool RdataWords::one_string(const char* field, std::string& octets) {
  if (rest_.empty() && !take(field, rest_)) return false;
  const std::string_view word = rest_;
  StringPart part;
  octets.clear();
  return (take_string(rest_, part) && unescape(part.text, octets)) ||
         wrong(field, word, "string: a quote or an escape is broken");
}

bool RdataWords::read_string(const char* field) {
  std::string octets;
  return one_string(field, octets) && put_counted(field, octets);
}

// CoreDNS cuts what is longer than a string can be; DKIM keys are written that way.
bool RdataWords::read_strings(const char* field) {
  std::string octets;
  do {
    if (!one_string(field, octets)) return false;
    std::string_view rest = octets;
    do {
      put_counted(field, rest.substr(0, kMaxString));
      rest.remove_prefix(std::min(rest.size(), kMaxString));
    } while (!rest.empty());
  } while (!at_end());
  return true;
}

bool RdataWords::read_value(const char* field) {
  std::string octets;
  if (!one_string(field, octets)) return false;
  out_ += octets;
  return true;
}

bool RdataWords::read_tag(const char* field) {
  std::string_view word;
  if (!take_plain(field, word)) return false;
  if (!std::all_of(word.begin(), word.end(), [](char c) { return is_digit(c) || is_letter(c); })) {
    return wrong(field, word, "word of letters and digits");
  }
  return put_counted(field, word);
}

bool RdataWords::hex_digits(const char* field, std::string_view word, std::string& digits) {
  if (!std::all_of(word.begin(), word.end(), [](char c) { return hex_value(c) >= 0; })) {
    return wrong(field, word, "hexadecimal number");
  }
  digits += word;
  return true;
}

bool RdataWords::put_hex(const char* field, std::string_view digits) {
  if (digits.size() % 2 != 0) return fail_with(about(field) + " has an odd number of hexadecimal digits");
  for (size_t i = 0; i < digits.size(); i += 2) {
    put8(static_cast<uint32_t>(hex_value(digits[i]) << 4 | hex_value(digits[i + 1])));
  }
  return true;
}

bool RdataWords::read_hex(const char* field) {
  std::string digits;
  do {
    std::string_view word;
    if (!take_plain(field, word) || !hex_digits(field, word, digits)) return false;
  } while (!at_end());
  return put_hex(field, digits);
}

bool RdataWords::read_base64(const char* field) {
  std::string encoded;
  do {
    std::string_view word;
    if (!take_plain(field, word)) return false;
    encoded += word;
  } while (!at_end());
  const auto octets = base64_decoded(encoded);
  if (octets.has_error()) return wrong(field, encoded, "base64");
  out_ += *octets;
  return true;
}

bool RdataWords::read_address(const char* field, bool v6) {
  std::string_view word;
  if (!take_plain(field, word)) return false;
  const auto address = IpAddress::parse(word);
  if (address.has_error() || address->is_v6() != v6) return wrong(field, word, v6 ? "IPv6 address" : "IPv4 address");
  put(address->octets());
  return true;
}

}  // namespace portolan::dns
