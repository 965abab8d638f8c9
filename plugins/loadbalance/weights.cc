// Reading weight files.
#include "plugins/loadbalance/weights.h"

#include <algorithm>
#include <charconv>

namespace portolan::loadbalance {
namespace {

constexpr std::string_view kBlanks = " \t\r\v\f";

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    if (line.empty()) return words;
    const size_t end = std::min(line.find_first_of(kBlanks), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

// 0: not a weight.
uint8_t weight_of(std::string_view word) {
  uint8_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc() && end == word.data() + word.size() ? value : 0;
}

Error wrong(const char* what, std::string_view word, const std::string& file, const char* hint = "") {
  return fail(std::string(what) + ":\"" + std::string(word) + "\" in weight file " + file + hint);
}

}  // namespace

Result<Weights> Weights::parse(std::string_view text, const std::string& file) {
  Weights weights;
  std::vector<Weight>* list = nullptr;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::vector<std::string_view> words = words_of(line);
    if (words.empty() || words[0].starts_with('#')) continue;
    if (words.size() > 2) return wrong("could not parse weight line", line, file);
    const auto address = IpAddress::parse(words[0]);
    if (words.size() == 1) {
      if (address) return wrong("wrong domain name", words[0], file, " (maybe a missing weight value?)");
      const auto name = dns::Name::parse(words[0]);
      if (name.has_error()) return wrong("wrong domain name", words[0], file);
      list = &weights.names_[*name];
      continue;
    }
    if (!address) return wrong("wrong IP address", words[0], file);
    const uint8_t value = weight_of(words[1]);
    if (value == 0) return wrong("wrong weight value", words[1], file);
    if (!list) return fail("missing domain name in weight file " + file);
    list->push_back({address->unmapped(), value});
  }
  return weights;
}

unsigned Weights::of(dns::NameView owner, const IpAddress& address) const {
  const auto list = names_.find(owner);
  if (list == names_.end()) return 1;
  for (const Weight& weight : list->second) {
    if (weight.address == address) return weight.value;
  }
  return 1;
}

}  // namespace portolan::loadbalance
