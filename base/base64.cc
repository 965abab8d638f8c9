// Through OpenSSL.
#include "base/base64.h"

#include <openssl/evp.h>

#include <algorithm>

namespace portolan {
namespace {

bool is_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

}  // namespace

std::string base64_encoded(std::string_view octets) {
  std::string encoded((octets.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                      reinterpret_cast<const unsigned char*>(octets.data()), static_cast<int>(octets.size()));
  encoded.resize(static_cast<size_t>(size));
  return encoded;
}

Result<std::string> base64_decoded(std::string_view text) {
  std::string encoded(text);
  std::erase_if(encoded, [](char c) { return c == '\n' || c == '\r' || c == '\t' || c == ' '; });
  // OpenSSL takes `=` anywhere and drops what stands behind a `-`.
  size_t padding = 0;
  while (padding < 2 && padding < encoded.size() && encoded[encoded.size() - 1 - padding] == '=') ++padding;
  const std::string_view digits(encoded.data(), encoded.size() - padding);
  if (!std::all_of(digits.begin(), digits.end(), is_digit)) return fail("not base64");
  std::string decoded(encoded.size() / 4 * 3, '\0');
  const int length =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()),
                      reinterpret_cast<const unsigned char*>(encoded.data()), static_cast<int>(encoded.size()));
  if (length < 0) return fail("not base64");
  decoded.resize(static_cast<size_t>(length) - padding);
  return Result<std::string>(boost::system::in_place_value, std::move(decoded));
}

}  // namespace portolan
