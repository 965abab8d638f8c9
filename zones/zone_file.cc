// Files, directives and the way to the tree.
#include "zones/zone_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/error_text.h"
#include "dns/rdata.h"
#include "zones/generate.h"
#include "zones/record_fields.h"

namespace portolan::zones {
namespace {

using dns::Name;

constexpr unsigned kMaxIncludes = 7;     // files within files
constexpr uint32_t kGenerateTtl = 3600;  // of $GENERATE's records without a TTL, whatever $TTL says, as in CoreDNS

std::string place(const std::string& path, uint32_t line) { return path + ":" + std::to_string(line) + ": "; }

class Reader {
 public:
  Reader(const Name& origin, const ReadOptions& options) : builder_(origin), options_(options) {}

  // Records of one file; false when the zone is known to be unchanged.
  Result<bool> file(std::string_view text, const std::string& path, FieldState& state, unsigned depth) {
    dns::ZoneText source(text);
    dns::ZoneEntry entry;
    while (true) {
      const auto more = source.next(entry);
      if (more.has_error()) return fail(place(path, source.line()) + more.error().message);
      if (!*more) return true;
      const auto going_on = is_directive(entry) ? directive(entry, path, state, depth) : record(entry, state);
      if (going_on.has_error()) {
        // What went wrong in an included file has its place already.
        return included_error_ ? going_on.error() : fail(place(path, entry.line) + going_on.error().message);
      }
      if (!*going_on) return false;
      if (builder_.soa_replaced() && !warned_) {
        warned_ = true;
        warnings_.push_back(place(path, entry.line) + "a second SOA record takes the first one's place");
      }
    }
  }

  Result<ZoneRead> finish() {
    auto tree = builder_.build();
    if (tree.has_error()) return tree.error();
    ZoneRead out;
    out.tree = std::move(*tree);
    out.warnings = std::move(warnings_);
    return {boost::system::in_place_value, std::move(out)};
  }

 private:
  static bool is_directive(const dns::ZoneEntry& entry) {
    return !entry.leading_blank && entry.words[0].text[0] == '$';
  }

  Result<bool> record(const dns::ZoneEntry& entry, FieldState& state) {
    auto read = read_fields(entry, state);
    if (read.has_error()) return read.error();
    return add(std::move(*read));
  }

  Result<bool> add(dns::OwnedRecord record) {
    if (record.type == dns::RRType::soa && options_.unchanged_serial && !builder_.has_soa()) {
      dns::Soa soa;
      if (dns::parse_soa(record.view().rdata, soa) && soa.serial == *options_.unchanged_serial) return false;
    }
    if (++records_ > options_.max_records) return fail("too many records");
    if (const auto added = builder_.add(std::move(record)); added.has_error()) return added.error();
    return true;
  }

  Result<bool> directive(const dns::ZoneEntry& entry, const std::string& path, FieldState& state, unsigned depth) {
    std::string name = entry.words[0].text;
    for (char& c : name) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    const size_t arguments = entry.words.size() - 1;
    if (name == "$GENERATE") return generated(entry, state);
    if (arguments == 0) return fail("no value behind " + name);
    const std::string& value = entry.words[1].text;
    if (name == "$INCLUDE" && arguments <= 2) return include(entry, path, state, depth);
    if (arguments > 1) return fail("garbage after " + name + ": \"" + entry.words[2].text + "\"");
    if (name == "$ORIGIN") {
      auto origin = dns::parse_zone_name(value, state.origin);
      if (origin.has_error()) return fail("bad origin name \"" + value + "\": " + origin.error().message);
      state.origin = std::move(*origin);
    } else if (name == "$TTL") {
      const auto ttl = dns::parse_ttl(value);
      if (!ttl) return fail("expecting $TTL value, not \"" + value + "\"");
      state.default_ttl = *ttl;
      state.ttl_by_directive = true;
    } else {
      return fail("unknown directive \"" + entry.words[0].text + "\"");
    }
    return true;
  }

  Result<bool> include(const dns::ZoneEntry& entry, const std::string& path, const FieldState& state, unsigned depth) {
    if (!options_.allow_include) return fail("$INCLUDE directive not allowed");
    if (depth >= kMaxIncludes) return fail("too deeply nested $INCLUDE");
    std::string wanted = entry.words[1].text;
    if (wanted.size() > 1 && wanted.front() == '"' && wanted.back() == '"')
      wanted = wanted.substr(1, wanted.size() - 2);
    FieldState inner = state;
    inner.owner.reset();
    if (entry.words.size() > 2) {
      auto origin = dns::parse_zone_name(entry.words[2].text, state.origin);
      if (origin.has_error()) return fail("bad origin name \"" + entry.words[2].text + "\": " + origin.error().message);
      inner.origin = std::move(*origin);
    }
    if (wanted.empty()) return fail("no file name behind $INCLUDE");
    if (wanted.front() != '/') {
      const size_t slash = path.rfind('/');
      if (slash != std::string::npos) wanted = path.substr(0, slash + 1) + wanted;
    }
    const auto text = read_file(wanted);
    if (text.has_error()) return fail("$INCLUDE: " + text.error().message);
    const auto done = file(*text, wanted, inner, depth + 1);
    included_error_ = done.has_error();
    return done;
  }

  // $GENERATE RANGE LHS [TTL] [CLASS] TYPE RHS: the rest of the line once for each value.
  Result<bool> generated(const dns::ZoneEntry& entry, const FieldState& state) {
    if (entry.words.size() < 3) return fail("expecting a range and a record behind $GENERATE");
    const auto range = GenerateRange::parse(entry.words[1].text);
    if (range.has_error()) return fail(range.error().message + ": \"" + entry.words[1].text + "\"");
    std::string line;
    for (size_t i = 2; i < entry.words.size(); ++i) {
      if (i > 2) line += ' ';
      line += entry.words[i].text;
    }
    FieldState inner;
    inner.origin = state.origin;
    inner.default_ttl = kGenerateTtl;
    for (int64_t value = range->start; value <= range->stop; value += range->step) {
      const auto text = generate(line, *range, value);
      if (text.has_error()) return text.error();
      dns::ZoneText source(*text);
      dns::ZoneEntry made;
      const auto more = source.next(made);
      if (more.has_error()) return more.error();
      if (!*more) continue;
      if (is_directive(made)) return fail("directive inside $GENERATE: \"" + made.words[0].text + "\"");
      if (auto done = record(made, inner); done.has_error() || !*done) return done;
      if (range->stop - value < range->step) break;
    }
    return true;
  }

  ZoneBuilder builder_;
  const ReadOptions& options_;
  std::vector<std::string> warnings_;
  size_t records_ = 0;
  bool warned_ = false;
  bool included_error_ = false;
};

}  // namespace

Result<std::string> read_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail("open " + path + ": " + error_text(errno));
  std::string text;
  char chunk[1 << 16];
  ssize_t got = 0;
  while ((got = read(fd, chunk, sizeof chunk)) != 0) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) break;
    text.append(chunk, static_cast<size_t>(got));
  }
  const int error = errno;
  close(fd);
  if (got < 0) return fail("read " + path + ": " + error_text(error));
  return {boost::system::in_place_value, std::move(text)};
}

Result<ZoneRead> read_zone_file(const std::string& path, const Name& origin, const ReadOptions& options) {
  const auto text = read_file(path);
  if (text.has_error()) return text.error();
  return read_zone_text(*text, path, origin, options);
}

Result<ZoneRead> read_zone_text(std::string_view text, const std::string& path, const Name& origin,
                                const ReadOptions& options) {
  Reader reader(origin, options);
  FieldState state;
  state.origin = origin;
  const auto read = reader.file(text, path, state, 0);
  if (read.has_error()) return read.error();
  if (!*read) return {boost::system::in_place_value};
  auto done = reader.finish();
  if (done.has_error()) return fail(path + ": " + done.error().message);
  return done;
}

Result<std::optional<dns::OwnedRecord>> read_record(std::string_view text, const Name& origin, uint32_t default_ttl) {
  dns::ZoneText source(text);
  dns::ZoneEntry entry;
  const auto more = source.next(entry);
  if (more.has_error()) return more.error();
  if (!*more) return {boost::system::in_place_value};
  FieldState state;
  state.origin = origin;
  state.default_ttl = default_ttl;
  state.owner = Name();
  auto record = read_fields(entry, state);
  if (record.has_error()) return record.error();
  return {boost::system::in_place_value, std::move(*record)};
}

}  // namespace portolan::zones
