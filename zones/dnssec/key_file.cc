// Two files a key: the DNSKEY record and the secret.
#include "zones/dnssec/key_file.h"

#include <algorithm>
#include <filesystem>

#include "zones/zone_file.h"

namespace portolan::zones {
namespace {

constexpr std::string_view kPublic = ".key", kPrivate = ".private";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "+013+22216.key" behind the zone's name.
bool is_key_suffix(std::string_view text) {
  return text.size() == 10 + kPublic.size() && text.ends_with(kPublic) && text[0] == '+' && text[4] == '+' &&
         std::all_of(text.begin() + 1, text.begin() + 4, is_digit) &&
         std::all_of(text.begin() + 5, text.begin() + 10, is_digit);
}

}  // namespace

Result<SigningKey> read_key(std::string_view path) {
  for (const std::string_view ending : {kPublic, kPrivate}) {
    if (path.ends_with(ending)) {
      path.remove_suffix(ending.size());
      break;
    }
  }
  const std::string base(path);
  const auto open = read_file(base + std::string(kPublic));
  if (open.has_error()) return open.error();
  const auto secret = read_file(base + std::string(kPrivate));
  if (secret.has_error()) return secret.error();
  auto key = SigningKey::parse(*open, *secret);
  if (key.has_error()) return fail("key " + base + ": " + key.error().message);
  return key;
}

Result<std::vector<std::string>> find_keys(const std::string& folder, const dns::Name& zone) {
  const std::string prefix = "K" + zone.lower().text();
  std::error_code error;
  std::vector<std::string> found;
  for (std::filesystem::directory_iterator each(folder, error), end; !error && each != end; each.increment(error)) {
    std::string name = each->path().filename().string();
    for (char& c : name) c = static_cast<char>(dns::kLower[static_cast<uint8_t>(c)]);
    if (std::string_view(name).substr(1).starts_with(std::string_view(prefix).substr(1)) && name[0] == 'k' &&
        is_key_suffix(std::string_view(name).substr(prefix.size()))) {
      std::string path = each->path().string();
      path.resize(path.size() - kPublic.size());
      found.push_back(std::move(path));
    }
  }
  if (error) {
    std::string reason = error.message();
    reason[0] = static_cast<char>(dns::kLower[static_cast<uint8_t>(reason[0])]);
    return fail("open " + folder + ": " + reason);
  }
  std::sort(found.begin(), found.end());
  return {boost::system::in_place_value, std::move(found)};
}

}  // namespace portolan::zones
