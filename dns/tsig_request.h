// The client's side of TSIG: a request of our own that is signed, and what its answers must carry (RFC 8945 sections
// 5.1 and 5.4).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "dns/tsig.h"

namespace portolan::dns {

/// What requests are signed with.
struct TsigKey {
  Name name;
  TsigAlgorithm algorithm = TsigAlgorithm::sha256;
  std::string secret;  // octets
  bool operator==(const TsigKey&) const = default;
};

/// One request and the messages of its answer, in order. Errors name the key and never its secret.
class TsigRequest {
 public:
  explicit TsigRequest(std::shared_ptr<const TsigKey> key) : key_(std::move(key)) {}

  /// `message` with its signature behind it.
  std::vector<uint8_t> sign(std::span<const uint8_t> message, WallTime now);
  /// Takes the next message of the answer. Up to 99 of a stream, not the first, may lack a signature; they are good
  /// when the next one that has it is. An error: nothing of the answer can be trusted.
  Result<void> check(std::span<const uint8_t> answer, WallTime now);
  /// Whether the message checked last was signed, as the last one of an answer must be.
  bool ends_signed() const { return answered_ && unsigned_ == 0; }

 private:
  Result<void> take_unsigned(std::span<const uint8_t> answer);
  Result<void> check_record(std::span<const uint8_t> answer, size_t offset, const Tsig& tsig, uint64_t now) const;
  void follow(std::span<const uint8_t> mac);
  std::string named() const;

  const std::shared_ptr<const TsigKey> key_;
  std::vector<uint8_t> mac_;      // the last one, first the request's
  std::vector<uint8_t> between_;  // messages since then
  unsigned unsigned_ = 0;         // how many
  bool answered_ = false;
};

}  // namespace portolan::dns
