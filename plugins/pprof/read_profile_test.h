// A reader of profiles for tests: gunzip, then the fields of profile.proto that tests look at, with texts in place.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <map>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <vector>

namespace portolan::pprof::testing {

struct ReadProfile {
  struct Sample {
    std::vector<std::string> stack;  // functions, innermost first; empty where none is known
    std::vector<int64_t> values;
    std::map<std::string, std::string> labels;
  };
  bool gzipped = false;
  std::vector<std::string> sample_types;  // "cpu/nanoseconds"
  std::vector<Sample> samples;
  std::string period_type, default_sample_type;
  std::vector<std::string> files, comments;
  int64_t period = 0, duration = 0, time = 0;
};

inline std::string gunzip(const std::string& packed) {
  z_stream stream{};
  inflateInit2(&stream, MAX_WBITS + 16);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out(1 << 24, '\0');
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = inflate(&stream, Z_FINISH);
  out.resize(result == Z_STREAM_END ? stream.total_out : 0);
  inflateEnd(&stream);
  return out;
}

inline ReadProfile read_profile(const std::string& octets) {
  ReadProfile profile;
  const std::string message = gunzip(octets);
  profile.gzipped = !message.empty();
  std::vector<std::string> texts;
  for (protozero::pbf_reader fields(message); fields.next(6);) texts.push_back(fields.get_string());
  const auto text = [&](int64_t index) { return texts.at(static_cast<size_t>(index)); };
  const auto value_type = [&](protozero::pbf_reader inner) {
    std::string type, unit;
    while (inner.next()) (inner.tag() == 1 ? type : unit) = text(inner.get_int64());
    return type + "/" + unit;
  };
  std::map<uint64_t, std::string> functions, locations;
  for (protozero::pbf_reader fields(message); fields.next(5);) {
    uint64_t id = 0;
    for (protozero::pbf_reader inner = fields.get_message(); inner.next();) {
      if (inner.tag() == 1) {
        id = inner.get_uint64();
      } else if (inner.tag() == 2) {
        functions[id] = text(inner.get_int64());
      } else {
        inner.skip();
      }
    }
  }
  for (protozero::pbf_reader fields(message); fields.next(4);) {
    uint64_t id = 0;
    for (protozero::pbf_reader inner = fields.get_message(); inner.next();) {
      if (inner.tag() == 1) {
        locations[id = inner.get_uint64()];
      } else if (inner.tag() == 4) {
        protozero::pbf_reader line = inner.get_message();
        line.next(1);
        locations[id] = functions.at(line.get_uint64());
      } else {
        inner.skip();
      }
    }
  }
  for (protozero::pbf_reader fields(message); fields.next();) {
    switch (fields.tag()) {
      case 1:
        profile.sample_types.push_back(value_type(fields.get_message()));
        break;
      case 2: {
        ReadProfile::Sample sample;
        for (protozero::pbf_reader inner = fields.get_message(); inner.next();) {
          if (inner.tag() == 1) {
            for (const uint64_t id : inner.get_packed_uint64()) sample.stack.push_back(locations.at(id));
          } else if (inner.tag() == 2) {
            for (const int64_t value : inner.get_packed_int64()) sample.values.push_back(value);
          } else {
            std::string key, value;
            for (protozero::pbf_reader label = inner.get_message(); label.next();) {
              (label.tag() == 1 ? key : value) = text(label.get_int64());
            }
            sample.labels[key] = value;
          }
        }
        profile.samples.push_back(std::move(sample));
        break;
      }
      case 3:
        for (protozero::pbf_reader inner = fields.get_message(); inner.next();) {
          if (inner.tag() == 5) {
            profile.files.push_back(text(inner.get_int64()));
          } else {
            inner.skip();
          }
        }
        break;
      case 9:
        profile.time = fields.get_int64();
        break;
      case 10:
        profile.duration = fields.get_int64();
        break;
      case 11:
        profile.period_type = value_type(fields.get_message());
        break;
      case 12:
        profile.period = fields.get_int64();
        break;
      case 13:
        profile.comments.push_back(text(fields.get_int64()));
        break;
      case 14:
        profile.default_sample_type = text(fields.get_int64());
        break;
      default:
        fields.skip();
    }
  }
  return profile;
}

}  // namespace portolan::pprof::testing
