// Finding, adding, replacing and removing.
#include "plugins/rewrite/edns_options.h"

#include <algorithm>

namespace portolan::rewrite {

std::optional<size_t> find_option(const dns::Edns& edns, uint16_t code) {
  const auto found = std::find_if(edns.options.begin(), edns.options.end(),
                                  [code](const dns::EdnsOption& option) { return option.code == code; });
  if (found == edns.options.end()) return std::nullopt;
  return static_cast<size_t>(found - edns.options.begin());
}

void add_option(dns::Edns& edns, const dns::EdnsOption& option, Arena& arena) {
  const auto options = arena.array<dns::EdnsOption>(edns.options.size() + 1);
  std::copy(edns.options.begin(), edns.options.end(), options.begin());
  options.back() = option;
  edns.options = options;
}

void replace_option(dns::Edns& edns, size_t at, const dns::EdnsOption& option, Arena& arena) {
  const auto options = arena.array<dns::EdnsOption>(edns.options.size());
  std::copy(edns.options.begin(), edns.options.end(), options.begin());
  options[at] = option;
  edns.options = options;
}

void remove_option(dns::Edns& edns, size_t at, Arena& arena) {
  const auto options = arena.array<dns::EdnsOption>(edns.options.size() - 1);
  std::copy_n(edns.options.begin(), at, options.begin());
  std::copy(edns.options.begin() + at + 1, edns.options.end(), options.begin() + at);
  edns.options = options;
}

void remove_options(dns::Edns& edns, uint16_t code, Arena& arena) {
  const auto options = arena.array<dns::EdnsOption>(edns.options.size());
  const auto end = std::remove_copy_if(edns.options.begin(), edns.options.end(), options.begin(),
                                       [code](const dns::EdnsOption& option) { return option.code == code; });
  edns.options = options.first(static_cast<size_t>(end - options.begin()));
}

}  // namespace portolan::rewrite
