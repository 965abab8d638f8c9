// Signer: one zone file and the signed one that is made from it.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "zones/dnssec/rrsig.h"

namespace portolan::sign {

using Hours = std::chrono::hours;

constexpr Hours kCheckEvery{5};             // how often a signed zone's age is looked at
constexpr Hours kSignAgainAfter{6 * 24};    // since its inception
constexpr Hours kSignAgainBefore{14 * 24};  // its expiration
constexpr Hours kSignedBefore{3};           // inception: clocks of validators may be behind
constexpr Hours kSignedFor{32 * 24};
constexpr Hours kMostEarlier{18};     // jitter of the inception, so that zones are not signed all at once
constexpr Hours kMostLonger{5 * 24};  // jitter of the expiration

/// What a directive says of one zone.
struct Job {
  dns::Name origin;  // lower case
  std::string zone_file;
  std::string directory;
  zones::KeySet keys;
  std::chrono::seconds earlier{0}, longer{0};  // the zone's jitter
};

/// Used by one thread at a time.
class Signer {
 public:
  explicit Signer(Job job);

  /// Signs if it is time, and says so in the log; `stopped` is asked now and then.
  void run(const Clock& clock, const std::function<bool()>& stopped);

  /// DIRECTORY/db.ORIGIN.signed
  const std::string& signed_file() const { return signed_file_; }
  /// Why the zone has to be signed now; none when its signatures will do.
  std::optional<std::string> due(WallTime now) const;
  /// Reads the zone, signs it and puts the result in the signed file's place. The new serial, or what went wrong: the
  /// signed file is as it was then.
  Result<uint32_t> sign(WallTime now, const std::function<bool()>& stopped) const;

 private:
  std::optional<std::string> judge(std::string_view text, WallTime now) const;
  std::string key_tags() const;

  const Job job_;
  const std::string signed_file_;
};

}  // namespace portolan::sign
