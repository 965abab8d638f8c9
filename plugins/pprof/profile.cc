// profile.proto with protozero; its strings, functions and places are tables, and everything else refers to them.
#include "plugins/pprof/profile.h"

#include <malloc.h>
#include <zlib.h>

#include <chrono>
#include <map>
#include <protozero/pbf_writer.hpp>
#include <stdexcept>
#include <vector>

namespace portolan::pprof {
namespace {

// Field numbers of profile.proto.
namespace profile {
enum : protozero::pbf_tag_type {
  sample_type = 1,
  sample = 2,
  mapping = 3,
  location = 4,
  function = 5,
  string_table = 6,
  time_nanos = 9,
  duration_nanos = 10,
  period_type = 11,
  period = 12,
  comment = 13,
  default_sample_type = 14,
};
}  // namespace profile

/// A profile that is being written.
class Writer {
 public:
  Writer() { text(""); }

  /// The number of a text; 0 is the empty one.
  int64_t text(const std::string& value) {
    const auto [place, added] = texts_.try_emplace(value, static_cast<int64_t>(order_.size()));
    if (added) order_.push_back(value);
    return place->second;
  }
  void value_type(protozero::pbf_tag_type tag, const std::string& type, const std::string& unit) {
    protozero::pbf_writer inner(out_, tag);
    inner.add_int64(1, text(type));
    inner.add_int64(2, text(unit));
  }
  /// The number of a function, from 1.
  uint64_t function(const std::string& name) {
    const auto [place, added] = functions_.try_emplace(name, functions_.size() + 1);
    if (added) {
      protozero::pbf_writer inner(out_, profile::function);
      inner.add_uint64(1, place->second);
      inner.add_int64(2, text(name));
      inner.add_int64(3, text(name));
    }
    return place->second;
  }
  /// The number of a place in a function (0: unknown), from 1.
  uint64_t location(uint64_t mapping, uint64_t address, uint64_t function_id) {
    const uint64_t id = ++locations_;
    protozero::pbf_writer inner(out_, profile::location);
    inner.add_uint64(1, id);
    if (mapping != 0) inner.add_uint64(2, mapping);
    if (address != 0) inner.add_uint64(3, address);
    if (function_id != 0) {
      protozero::pbf_writer line(inner, 4);
      line.add_uint64(1, function_id);
    }
    return id;
  }
  void sample(const std::vector<uint64_t>& stack, const std::vector<int64_t>& values, const std::string& thread = {}) {
    protozero::pbf_writer inner(out_, profile::sample);
    inner.add_packed_uint64(1, stack.begin(), stack.end());
    inner.add_packed_int64(2, values.begin(), values.end());
    if (thread.empty()) return;
    protozero::pbf_writer label(inner, 3);
    label.add_int64(1, text("thread"));
    label.add_int64(2, text(thread));
  }
  protozero::pbf_writer& fields() { return out_; }
  std::string finish() {
    for (const std::string& each : order_) out_.add_string(profile::string_table, each);
    return std::move(octets_);
  }

 private:
  std::string octets_;
  protozero::pbf_writer out_{octets_};
  std::map<std::string, int64_t> texts_;
  std::vector<std::string> order_;
  std::map<std::string, uint64_t> functions_;
  uint64_t locations_ = 0;
};

void add_mappings(Writer& writer, const Symbols& symbols) {
  uint64_t id = 0;
  for (const Mapping& mapping : symbols.mappings()) {
    const int64_t file = writer.text(mapping.file);
    protozero::pbf_writer inner(writer.fields(), profile::mapping);
    inner.add_uint64(1, ++id);
    inner.add_uint64(2, mapping.start);
    inner.add_uint64(3, mapping.end);
    inner.add_uint64(4, mapping.offset);
    inner.add_int64(5, file);
    if (mapping.has_symbols) inner.add_bool(7, true);  // has_functions: the reader need not look them up
  }
}

int64_t wall_nanoseconds() {
  return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

std::string cpu_profile(const Samples& samples, Symbols& symbols) {
  Writer writer;
  writer.value_type(profile::sample_type, "samples", "count");
  writer.value_type(profile::sample_type, "cpu", "nanoseconds");
  add_mappings(writer, symbols);
  std::map<std::pair<std::string, std::vector<uintptr_t>>, int64_t> counted;
  for (const Sample& sample : samples.all) ++counted[{sample.thread, sample.stack}];
  std::map<uintptr_t, uint64_t> locations;
  for (const auto& [key, count] : counted) {
    std::vector<uint64_t> stack;
    for (const uintptr_t address : key.second) {
      auto [place, added] = locations.try_emplace(address, 0);
      if (added) {
        const std::string name = symbols.name(address);
        const uint64_t function = name.empty() ? 0 : writer.function(name);
        place->second = writer.location(static_cast<uint64_t>(symbols.mapping_of(address) + 1), address, function);
      }
      stack.push_back(place->second);
    }
    writer.sample(stack, {count, count * samples.period.count()}, key.first);
  }
  writer.value_type(profile::period_type, "cpu", "nanoseconds");
  writer.fields().add_int64(profile::period, samples.period.count());
  writer.fields().add_int64(profile::time_nanos, wall_nanoseconds() - samples.duration.count());
  writer.fields().add_int64(profile::duration_nanos, samples.duration.count());
  if (samples.lost > 0) {
    writer.fields().add_int64(profile::comment, writer.text(std::to_string(samples.lost) + " samples found no room"));
  }
  return gzip(writer.finish());
}

HeapNumbers heap_numbers() {
  const struct mallinfo2 numbers = mallinfo2();
  return {numbers.uordblks, numbers.hblkhd, numbers.fordblks};
}

std::string heap_profile(const HeapNumbers& numbers) {
  Writer writer;
  writer.value_type(profile::sample_type, "inuse_space", "bytes");
  writer.value_type(profile::sample_type, "held_space", "bytes");
  const struct {
    const char* name;
    size_t used, held;
  } parts[] = {{"malloc: chunks in use", numbers.chunks, numbers.chunks},
               {"malloc: mapped chunks in use", numbers.mapped, numbers.mapped},
               {"malloc: free chunks", 0, numbers.kept}};
  for (const auto& part : parts) {
    const uint64_t location = writer.location(0, 0, writer.function(part.name));
    writer.sample({location}, {static_cast<int64_t>(part.used), static_cast<int64_t>(part.held)});
  }
  writer.value_type(profile::period_type, "space", "bytes");
  writer.fields().add_int64(profile::period, 1);
  writer.fields().add_int64(profile::time_nanos, wall_nanoseconds());
  writer.fields().add_int64(profile::default_sample_type, writer.text("inuse_space"));
  writer.fields().add_int64(profile::comment, writer.text("totals of malloc(); allocations are not sampled"));
  return gzip(writer.finish());
}

std::string gzip(const std::string& octets) {
  z_stream stream{};
  constexpr int kGzip = 16;  // added to the window's bits: gzip's header, not zlib's
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("deflateInit2");
  }
  std::string packed(deflateBound(&stream, octets.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(octets.data()));
  stream.avail_in = static_cast<uInt>(octets.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

}  // namespace portolan::pprof
