// The fields behind the labels, and the way from their types to text.
#include "plugins/geoip/database.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/error_text.h"
#include "plugins/common/text_buffer.h"

namespace portolan::geoip {
namespace {

constexpr uint32_t kMaxSubdivisions = 16;  // of a country, in each other; there are hardly more than two
constexpr size_t kMaxDecimal = 400;        // octets of a double without an exponent

enum class Kind : uint8_t { text, flag, number, decimal, subdivisions };

// The parts of a database's type: "GeoIP2-City-Europe", "DBIP-Location-ISP (compat=Enterprise)".
bool has_word(std::string_view type, std::initializer_list<std::string_view> words) {
  while (!type.empty()) {
    const size_t end = std::min(type.find_first_of("- ()="), type.size());
    if (std::find(words.begin(), words.end(), type.substr(0, end)) != words.end()) return true;
    type.remove_prefix(std::min(end + 1, type.size()));
  }
  return false;
}

// What lies at `path` in an entry; nothing when there is nothing or it cannot be read.
std::optional<MMDB_entry_data_s> value_at(MMDB_entry_s entry, const char* const* path) {
  MMDB_entry_data_s data;
  if (MMDB_aget_value(&entry, &data, path) != MMDB_SUCCESS || !data.has_data) return {};
  return data;
}

std::string_view string_of(const std::optional<MMDB_entry_data_s>& data) {
  if (!data || data->type != MMDB_DATA_TYPE_UTF8_STRING) return {};
  return {data->utf8_string, data->data_size};
}

std::string_view flag_of(const std::optional<MMDB_entry_data_s>& data) {
  return data && data->type == MMDB_DATA_TYPE_BOOLEAN && data->boolean ? "true" : "false";
}

template <class T, class... Format>
std::string_view written(T value, Arena& arena, Format... format) {
  char digits[kMaxDecimal];
  const auto end = std::to_chars(digits, digits + sizeof digits, value, format...);
  return arena.copy(std::string_view(digits, static_cast<size_t>(end.ptr - digits)));
}

std::string_view number_of(const std::optional<MMDB_entry_data_s>& data, Arena& arena) {
  if (!data) return "0";
  switch (data->type) {
    case MMDB_DATA_TYPE_UINT16:
      return written(data->uint16, arena);
    case MMDB_DATA_TYPE_UINT32:
      return written(data->uint32, arena);
    case MMDB_DATA_TYPE_UINT64:
      return written(data->uint64, arena);
    default:
      return "0";
  }
}

// As many digits as it takes to tell the number from its neighbours.
std::string_view decimal_of(const std::optional<MMDB_entry_data_s>& data, Arena& arena) {
  if (data && data->type == MMDB_DATA_TYPE_DOUBLE) return written(data->double_value, arena, std::chars_format::fixed);
  if (data && data->type == MMDB_DATA_TYPE_FLOAT) {
    return written(static_cast<double>(data->float_value), arena, std::chars_format::fixed);
  }
  return {};
}

// The codes with commas between them; one that is missing is empty.
std::string_view subdivisions_of(const MMDB_entry_s& entry, const char* const* path, Arena& arena) {
  const auto list = value_at(entry, path);
  if (!list || list->type != MMDB_DATA_TYPE_ARRAY) return {};
  TextBuffer text(arena);
  for (uint32_t i = 0; i < std::min<uint32_t>(list->data_size, kMaxSubdivisions); ++i) {
    char index[4] = {};
    std::to_chars(index, index + sizeof index - 1, i);
    const char* const code[] = {path[0], index, "iso_code", nullptr};
    if (i > 0) text.append(',');
    text.append(string_of(value_at(entry, code)));
  }
  return text.text();
}

}  // namespace

struct Database::Field {
  std::string_view label;
  Schema schema;
  Kind kind;
  const char* path[4];  // ends with a null
};

const Database::Field Database::kFields[] = {
    {"city/name", Schema::place, Kind::text, {"city", "names", "en"}},
    {"country/code", Schema::place, Kind::text, {"country", "iso_code"}},
    {"country/name", Schema::place, Kind::text, {"country", "names", "en"}},
    {"country/is_in_european_union", Schema::place, Kind::flag, {"country", "is_in_european_union"}},
    {"continent/code", Schema::place, Kind::text, {"continent", "code"}},
    {"continent/name", Schema::place, Kind::text, {"continent", "names", "en"}},
    {"latitude", Schema::place, Kind::decimal, {"location", "latitude"}},
    {"longitude", Schema::place, Kind::decimal, {"location", "longitude"}},
    {"timezone", Schema::place, Kind::text, {"location", "time_zone"}},
    {"postalcode", Schema::place, Kind::text, {"postal", "code"}},
    {"subdivisions/code", Schema::place, Kind::subdivisions, {"subdivisions"}},
    {"asn/number", Schema::system, Kind::number, {"autonomous_system_number"}},
    {"asn/org", Schema::system, Kind::text, {"autonomous_system_organization"}},
};

Result<std::unique_ptr<Database>> Database::open(const std::string& path) {
  std::unique_ptr<Database> database(new Database);
  const int status = MMDB_open(path.c_str(), MMDB_MODE_MMAP, &database->file_);
  if (status != MMDB_SUCCESS) {
    const int reason = errno;
    database->file_ = {};  // what failed to open has nothing to close
    const std::string what = "failed to open database file: open " + path + ": ";
    if (status == MMDB_FILE_OPEN_ERROR || status == MMDB_IO_ERROR) return fail(what + error_text(reason));
    return fail(what + "invalid MaxMind DB file (" + MMDB_strerror(status) + ")");
  }
  if (auto checked = database->check(path); checked.has_error()) return checked.error();
  return database;
}

Result<void> Database::check(const std::string& path) {
  // A vendor's files are told apart by their type's name; the places of an "Enterprise" file come first.
  const std::string_view type = file_.metadata.database_type ? file_.metadata.database_type : "";
  if (has_word(type, {"City", "Country", "Location", "Enterprise"})) {
    schema_ = Schema::place;
  } else if (has_word(type, {"ASN", "ISP"})) {
    schema_ = Schema::system;
  } else {
    return fail("database \"" + path + "\" of type \"" + std::string(type) +
                "\" does not provide any supported schema (city, asn)");
  }
  sockaddr_storage address;
  SocketAddress{*IpAddress::parse("127.0.0.1")}.to(address);
  int error = MMDB_SUCCESS;
  MMDB_lookup_sockaddr(&file_, reinterpret_cast<const sockaddr*>(&address), &error);
  if (error != MMDB_SUCCESS) {
    return fail("unexpected failure looking up database \"" + path + "\": " + MMDB_strerror(error));
  }
  return {};
}

std::optional<std::string_view> Database::text(std::string_view label, const IpAddress& address, Arena& arena) const {
  const Field* field = std::find_if(std::begin(kFields), std::end(kFields),
                                    [&](const Field& each) { return each.schema == schema_ && each.label == label; });
  if (field == std::end(kFields)) return {};
  sockaddr_storage socket_address;
  SocketAddress{address}.to(socket_address);
  int error = MMDB_SUCCESS;
  const MMDB_lookup_result_s found =
      MMDB_lookup_sockaddr(&file_, reinterpret_cast<const sockaddr*>(&socket_address), &error);
  if (error != MMDB_SUCCESS) return {};  // an IPv6 address in a file of IPv4 ones
  const auto data = found.found_entry ? value_at(found.entry, field->path) : std::nullopt;
  switch (field->kind) {
    case Kind::flag:
      return flag_of(data);
    case Kind::number:
      return number_of(data, arena);
    case Kind::decimal:
      return decimal_of(data, arena);
    case Kind::subdivisions:
      return data ? subdivisions_of(found.entry, field->path, arena) : std::string_view();
    case Kind::text:
      break;
  }
  return string_of(data);
}

}  // namespace portolan::geoip
