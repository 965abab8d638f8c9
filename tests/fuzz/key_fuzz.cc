// Fuzzes key files: what is taken for a key signs, and verifies what it has signed. The two files of a key stand behind
// one another with a line "---" between them.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "zones/dnssec/key.h"

using namespace portolan;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr std::string_view kBetween = "---\n";
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t between = text.find(kBetween);
  if (between == std::string_view::npos) return 0;
  const auto key = zones::SigningKey::parse(text.substr(0, between), text.substr(between + kBetween.size()));
  if (key.has_error()) {
    if (key.error().message.empty()) std::abort();
    return 0;
  }
  const auto signature = key->sign({data, size});
  if (signature.has_error()) return 0;  // random numbers of ECDSA may run out
  const std::span octets(reinterpret_cast<const uint8_t*>(signature->data()), signature->size());
  if (!key->verify({data, size}, octets)) std::abort();
  return 0;
}
