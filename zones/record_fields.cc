// Owner, TTL, class, type; then the data.
#include "zones/record_fields.h"

#include "base/address.h"
#include "zones/zone_file.h"

namespace portolan::zones {
namespace {

using dns::Name;
using dns::RRType;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::optional<dns::RRClass> class_of(std::string_view word) {
  const auto cls = dns::parse_class(word);
  if (cls.has_error() || *cls == dns::RRClass::any || *cls == dns::RRClass::none) return std::nullopt;
  return *cls;
}

// "[OWNER] [TTL] [CLASS] TYPE" or with class and TTL the other way round.
class Fields {
 public:
  Fields(const Entry& entry, FieldState& state) : entry_(entry), state_(state) {}

  Result<dns::OwnedRecord> read() {
    if (auto owner = read_owner(); owner.has_error()) return owner.error();
    bool class_seen = false, ttl_seen = false;
    for (; next_ < entry_.words.size(); ++next_) {
      const std::string& word = entry_.words[next_].text;
      if (const auto cls = class_seen ? std::nullopt : class_of(word)) {
        class_seen = true;
        record_.cls = *cls;
      } else if (is_digit(word[0]) && !ttl_seen) {
        const auto ttl = parse_ttl(word);
        if (!ttl) return fail("\"" + word + "\" is not a TTL");
        ttl_seen = true;
        take_ttl(*ttl);
      } else {
        break;
      }
    }
    if (next_ == entry_.words.size()) return fail("expecting RR type, TTL or class, not the end of the line");
    const std::string& word = entry_.words[next_++].text;
    const auto type = dns::parse_type(word);
    if (type.has_error() || *type == RRType::none) return fail("\"" + word + "\" is no RR type, TTL or class");
    record_.type = *type;
    if (!ttl_seen) {
      // With a class and no TTL anywhere CoreDNS goes on with the last record's, or 0.
      if (!state_.default_ttl && !class_seen) return fail("missing TTL with no previous value");
      record_.ttl = state_.default_ttl.value_or(state_.last_ttl);
    }
    state_.last_ttl = record_.ttl;
    return read_data();
  }

 private:
  Result<void> read_owner() {
    if (entry_.leading_blank) {
      if (!state_.owner) return fail("no owner name in front of the first record");
    } else {
      auto name = zone_name(entry_.words[0].text, state_.origin);
      if (name.has_error()) return fail("bad owner name \"" + entry_.words[0].text + "\": " + name.error().message);
      state_.owner = std::move(*name);
      next_ = 1;
    }
    record_.owner = *state_.owner;
    return {};
  }

  void take_ttl(uint32_t ttl) {
    record_.ttl = ttl;
    if (!state_.ttl_by_directive) state_.default_ttl = ttl;
  }

  Result<dns::OwnedRecord> read_data() {
    std::string data;
    for (; next_ < entry_.words.size(); ++next_) {
      if (!data.empty()) data += ' ';
      data += entry_.words[next_].text;
    }
    if (data.empty()) return fail("no data behind " + dns::text(record_.type));
    auto rdata = parse_data(data);
    if (rdata.has_error())
      return fail("bad " + dns::text(record_.type) + " \"" + data + "\": " + rdata.error().message);
    record_.rdata = std::move(*rdata);
    return {boost::system::in_place_value, std::move(record_)};
  }

  // The types that large zones consist of are read here; ldns costs ten times as much.
  Result<std::string> parse_data(const std::string& data) const {
    switch (record_.type) {
      case RRType::ns:
      case RRType::cname:
      case RRType::ptr:
      case RRType::dname:
        if (data.find(' ') == std::string::npos && data[0] != '\\') {
          const auto name = zone_name(data, state_.origin);
          if (name.has_error()) return name.error();
          const auto wire = name->view().wire();
          return {boost::system::in_place_value, reinterpret_cast<const char*>(wire.data()), wire.size()};
        }
        break;
      default:
        break;
    }
    return dns::parse_rdata(record_.type, data, state_.origin);
  }

  const Entry& entry_;
  FieldState& state_;
  dns::OwnedRecord record_;
  size_t next_ = 0;
};

}  // namespace

Result<Name> zone_name(std::string_view text, const Name& origin) {
  if (text == "@") return origin;
  // A dot at the end makes it absolute, an escaped one does not.
  size_t escapes = 0;
  if (!text.empty() && text.back() == '.') {
    while (escapes + 1 < text.size() && text[text.size() - 2 - escapes] == '\\') ++escapes;
    if (escapes % 2 == 0) return Name::parse(text);
  }
  auto relative = Name::parse(text);
  if (relative.has_error() || origin.view().is_root()) return relative;
  Arena arena;
  const auto labels = relative->view().wire();
  const auto joined = dns::join(labels.first(labels.size() - 1), origin, arena);
  if (joined.has_error()) return joined.error();
  return Name(*joined);
}

Result<dns::OwnedRecord> read_fields(const Entry& entry, FieldState& state) { return Fields(entry, state).read(); }

}  // namespace portolan::zones
