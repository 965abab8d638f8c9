// The data of one record while its words become octets. Nothing is taken for something else: a number that does not
// fit, a digit too few or a word too many is an error that names the field.
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "dns/text_fields.h"
#include "dns/zone_text.h"

namespace portolan::dns {

/// Lives for one record; what it was given must outlive it. Every reading method returns false after the first mistake.
class RdataWords {
 public:
  RdataWords(RRType type, std::span<const ZoneWord> words, NameView origin)
      : type_(type), words_(words), origin_(origin) {}

  struct Mnemonic {
    std::string_view name;
    uint16_t number;
  };

  /// Reads all words as the fields of the type, or as octets (RFC 3597 section 5).
  Result<std::string> read();

 private:
  bool read_fields();
  bool read_generic();
  bool read_field(const TextField& field);
  bool goes_on();

  // Words. `field` is what an error is about.
  bool at_end() const { return rest_.empty() && next_ == words_.size(); }
  bool take(const char* field, std::string_view& word);
  /// A word without quotes.
  bool take_plain(const char* field, std::string_view& word);
  /// `what` is what the word has to be.
  bool wrong(const char* field, std::string_view word, const char* what);
  bool fail_with(std::string message);
  std::string about(const char* field) const { return text(type_) + " " + field; }

  // Octets.
  void put8(uint32_t value) { out_ += static_cast<char>(value); }
  void put16(uint32_t value) { put_number(value, 2); }
  void put32(uint32_t value) { put_number(value, 4); }
  void put_number(uint32_t value, unsigned octets) {
    while (octets-- > 0) put8(value >> 8 * octets);
  }
  /// What fits into that many.
  static uint32_t most_of(unsigned octets) { return std::numeric_limits<uint32_t>::max() >> (32 - 8 * octets); }
  void put(std::span<const uint8_t> octets) {
    out_.append(reinterpret_cast<const char*>(octets.data()), octets.size());
  }
  /// Behind its length octet.
  bool put_counted(const char* field, std::string_view octets);

  // Kinds of fields that many types have.
  bool number(const char* field, std::string_view word, uint32_t most, uint32_t& value);
  bool take_number(const char* field, uint32_t most, uint32_t& value);
  bool read_number(const char* field, unsigned octets);
  bool read_timer(const char* field);
  bool read_name(const char* field);
  bool read_string(const char* field);
  bool read_strings(const char* field);
  bool read_value(const char* field);
  bool read_tag(const char* field);
  bool read_hex(const char* field);
  bool read_base64(const char* field);
  bool read_address(const char* field, bool v6);
  bool one_string(const char* field, std::string& octets);
  bool hex_digits(const char* field, std::string_view word, std::string& digits);
  bool put_hex(const char* field, std::string_view digits);

  // Of DNSSEC and certificates (rdata_words_dnssec.cc).
  bool read_time(const char* field);
  bool read_salt(const char* field);
  bool read_hash(const char* field);
  bool read_type(const char* field);
  bool read_types(const char* field);
  bool read_algorithm(const char* field);
  bool read_cert_type(const char* field);
  /// A number of that many octets, or what stands for it.
  bool read_mnemonic(const char* field, std::span<const Mnemonic> known, unsigned octets);
  bool type_number(const char* field, std::string_view word, RRType& type);

  // Of a few types (rdata_words_special.cc).
  bool read_eui(const char* field, unsigned octets);
  bool read_node_id(const char* field);
  bool read_nsap(const char* field);
  bool read_relay_type(const char* field);
  bool read_gateway(const char* field);
  bool read_hip();
  bool read_prefixes(const char* field);
  bool read_services();

  // LOC (rdata_words_location.cc).
  bool read_location();
  bool read_angle(const char* field, uint32_t degrees, const char* hemispheres);
  bool read_altitude();
  bool read_size(const char* field, uint8_t fallback);
  bool decimal(const char* field, std::string_view word, unsigned places, uint64_t most, uint64_t& value);

  // SVCB (rdata_words_service.cc).
  bool read_parameters(const char* field);
  bool parameter_value(uint16_t key, std::string_view name, const std::string& value, std::string& octets);

  const RRType type_;
  const std::span<const ZoneWord> words_;
  const NameView origin_;
  size_t next_ = 0;
  std::string_view rest_;  // of a word that holds several strings: a"b"
  std::string out_;
  std::string error_;
};

}  // namespace portolan::dns
