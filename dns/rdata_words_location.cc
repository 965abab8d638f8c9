// LOC (RFC 1876): degrees, minutes and seconds, then metres.
#include <limits>

#include "dns/rdata_words.h"

namespace portolan::dns {
namespace {

constexpr uint32_t kEquator = 1U << 31;  // also the prime meridian, in thousandths of a second of arc
constexpr uint32_t kSecond = 1000, kMinute = 60 * kSecond, kDegree = 60 * kMinute;
constexpr uint64_t kMostSize = 90'000'000'00;  // centimetres

/// Without the unit, which may be left out.
std::string_view metres(std::string_view word) {
  if (!word.empty() && (word.back() | 0x20) == 'm') word.remove_suffix(1);
  return word;
}

/// Section 2: a digit times a power of ten, in one octet.
uint8_t size_octet(uint64_t centimetres) {
  unsigned exponent = 0;
  for (; centimetres > 9; centimetres /= 10) ++exponent;
  return static_cast<uint8_t>(centimetres << 4 | exponent);
}

}  // namespace

bool RdataWords::read_location() {
  constexpr uint8_t kSize = 0x12, kHorizontal = 0x16, kVertical = 0x13;  // 1 m, 10000 m, 10 m
  put8(0);                                                               // version
  // The sizes stand behind the place in text, in front of it in octets.
  const size_t sizes = out_.size();
  if (!read_angle("latitude", 90, "NS") || !read_angle("longitude", 180, "EW") || !read_altitude()) return false;
  const std::string place = out_.substr(sizes);
  out_.resize(sizes);
  if (!read_size("size", kSize) || !read_size("horizontal precision", kHorizontal) ||
      !read_size("vertical precision", kVertical)) {
    return false;
  }
  out_ += place;
  return true;
}

// DEGREES [MINUTES [SECONDS]] HEMISPHERE
bool RdataWords::read_angle(const char* field, uint32_t degrees, const char* hemispheres) {
  uint32_t value = 0;
  if (!take_number(field, degrees, value)) return false;
  uint64_t angle = uint64_t{value} * kDegree;
  std::string_view word;
  const auto is_hemisphere = [&] {
    const char letter = word.size() == 1 ? static_cast<char>(word[0] & ~0x20) : '\0';
    return letter == hemispheres[0] || letter == hemispheres[1];
  };
  if (!take_plain(field, word)) return false;
  if (!is_hemisphere()) {
    const std::string minutes = std::string(field) + " minutes";
    if (!number(minutes.c_str(), word, 59, value) || !take_plain(field, word)) return false;
    angle += value * kMinute;
  }
  if (!is_hemisphere()) {
    const std::string seconds = std::string(field) + " seconds";
    uint64_t thousandths = 0;
    if (!decimal(seconds.c_str(), word, 3, 60 * kSecond - 1, thousandths) || !take_plain(field, word)) return false;
    angle += thousandths;
  }
  if (!is_hemisphere()) {
    return fail_with(about(field) + " ends in \"" + std::string(word) + "\", not in " + hemispheres[0] + " or " +
                     hemispheres[1]);
  }
  if (angle > uint64_t{degrees} * kDegree) {
    return fail_with(about(field) + " is more than " + std::to_string(degrees) + " degrees");
  }
  const bool positive = (word[0] & ~0x20) == hemispheres[0];
  put32(positive ? kEquator + static_cast<uint32_t>(angle) : kEquator - static_cast<uint32_t>(angle));
  return true;
}

bool RdataWords::read_altitude() {
  constexpr const char* kField = "altitude";
  constexpr uint32_t kBase = 100'000'00;  // centimetres below the spheroid
  std::string_view word;
  if (!take_plain(kField, word)) return false;
  const bool below = word.front() == '-';
  uint64_t value = 0;
  const std::string_view digits = metres(below || word.front() == '+' ? word.substr(1) : word);
  const uint64_t most = below ? kBase : std::numeric_limits<uint32_t>::max() - kBase;
  if (!decimal(kField, digits, 2, most, value)) return false;
  put32(below ? kBase - static_cast<uint32_t>(value) : kBase + static_cast<uint32_t>(value));
  return true;
}

bool RdataWords::read_size(const char* field, uint8_t fallback) {
  if (at_end()) {
    put8(fallback);
    return true;
  }
  std::string_view word;
  uint64_t value = 0;
  if (!take_plain(field, word) || !decimal(field, metres(word), 2, kMostSize, value)) return false;
  put8(size_octet(value));
  return true;
}

// Up to `places` digits behind the point; `value` and `most` count their last place.
bool RdataWords::decimal(const char* field, std::string_view word, unsigned places, uint64_t most, uint64_t& value) {
  const size_t point = std::min(word.find('.'), word.size());
  std::string digits(word.substr(0, point));
  const std::string_view behind = word.substr(std::min(point + 1, word.size()));
  digits += behind;
  digits.append(places - std::min<size_t>(behind.size(), places), '0');
  value = 0;
  bool good = word.find_first_of("0123456789") != std::string_view::npos && behind.size() <= places;
  for (const char c : digits) {
    good &= c >= '0' && c <= '9';
    if (good) value = std::min(value * 10 + static_cast<uint64_t>(c - '0'), most + 1);
  }
  if (!good) return wrong(field, word, places == 3 ? "number with up to 3 decimals" : "number with up to 2 decimals");
  if (value > most) return fail_with(about(field) + " " + std::string(word) + " is out of range");
  return true;
}

}  // namespace portolan::dns
