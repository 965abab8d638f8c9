// When a zone is signed, and what is said of it.
#include "plugins/sign/signer.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <filesystem>

#include "base/log.h"
#include "plugins/common/go_duration.h"
#include "plugins/sign/signed_file.h"
#include "zones/dnssec/sign_zone.h"
#include "zones/zone_file.h"

namespace portolan::sign {
namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;

uint32_t epoch(WallTime time) { return static_cast<uint32_t>(duration_cast<seconds>(time.time_since_epoch()).count()); }

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

// "2026-11-23T15:24:24.000Z"
std::string time_text(WallTime time) {
  const auto milliseconds = duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const time_t whole = milliseconds / 1000;
  struct tm parts{};
  gmtime_r(&whole, &parts);
  std::array<char, 40> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text.data() + size, text.size() - size, ".%03dZ", static_cast<int>(milliseconds % 1000));
  return text.data();
}

// False where one of the two cannot be looked at.
bool is_newer(const std::string& path, const std::string& than) {
  std::error_code error;
  const auto time = std::filesystem::last_write_time(path, error);
  if (error) return false;
  const auto other = std::filesystem::last_write_time(than, error);
  return !error && time > other;
}

// The point in time nearest to `now` that a signature's 32 bits may mean (RFC 4034 section 3.1.5).
WallTime time_of(uint32_t value, WallTime now) {
  return now + seconds(static_cast<int32_t>(value - epoch(now))) - (now - std::chrono::floor<seconds>(now));
}

}  // namespace

Signer::Signer(Job job) : job_(std::move(job)), signed_file_(job_.directory + "/db." + job_.origin.text() + "signed") {}

std::string Signer::key_tags() const {
  std::string tags;
  for (const zones::SigningKey& key : job_.keys.keys()) tags += (tags.empty() ? "" : ",") + std::to_string(key.tag());
  return tags;
}

std::optional<std::string> Signer::due(WallTime now) const {
  const auto text = zones::read_file(signed_file_);
  if (text.has_error()) return text.error().message;
  if (auto why = judge(*text, now)) return why;
  if (is_newer(job_.zone_file, signed_file_)) return job_.zone_file + " has been changed since";
  return std::nullopt;
}

std::optional<std::string> Signer::judge(std::string_view text, WallTime now) const {
  const auto signatures = soa_signatures(text);
  if (signatures.has_error()) return signed_file_ + ": " + signatures.error().message;
  std::vector<uint16_t> wanted, found;
  for (const zones::SigningKey& key : job_.keys.keys()) {
    if (job_.keys.signs(key, dns::RRType::soa)) wanted.push_back(key.tag());
  }
  for (const SoaSignature& each : *signatures) found.push_back(each.key_tag);
  std::sort(wanted.begin(), wanted.end());
  std::sort(found.begin(), found.end());
  if (found.empty()) return "no SOA RRSIG found in first 100 records";
  if (wanted != found) return "the SOA is signed by other keys";
  for (const SoaSignature& each : *signatures) {
    const WallTime inception = time_of(each.inception, now), expiration = time_of(each.expiration, now);
    if (now < inception) {
      return "inception " + quoted(time_text(inception)) + " date is in the future: " + go_duration(inception - now);
    }
    if (now - inception > kSignAgainAfter) {
      return "inception " + quoted(time_text(inception)) + " was more than: " + go_duration(kSignAgainAfter) +
             " ago from " + time_text(now) + ": " + go_duration(now - inception);
    }
    if (expiration - now < kSignAgainBefore) {
      return "expiration " + quoted(time_text(expiration)) + " is less than: " + go_duration(kSignAgainBefore) +
             " away from " + time_text(now) + ": " + go_duration(expiration - now);
    }
  }
  return std::nullopt;
}

Result<uint32_t> Signer::sign(WallTime now, const std::function<bool()>& stopped) const {
  const auto read = zones::read_zone_file(job_.zone_file, job_.origin);
  if (read.has_error()) return read.error();
  for (const std::string& warning : read->warnings) log::warning("plugin/sign: " + warning);
  zones::ZoneSigning how;
  how.keys = &job_.keys;
  how.serial = epoch(now);
  how.validity = {epoch(now - kSignedBefore - job_.earlier), epoch(now + kSignedFor + job_.longer)};
  how.stopped = stopped;
  const auto made = zones::sign_zone(*read->tree, how);
  if (made.has_error()) return made.error();
  if (made->outside > 0) {
    log::warning("plugin/sign: " + std::to_string(made->outside) + " records of " + job_.zone_file +
                 " lie outside zone " + quoted(job_.origin.text()) + " and are left out");
  }
  if (auto done = write_signed_file(job_.directory, signed_file_, made->records); done.has_error()) {
    return fail("failed to move zone file into place: " + done.error().message);
  }
  return how.serial;
}

void Signer::run(const Clock& clock, const std::function<bool()>& stopped) {
  const std::string zone = quoted(job_.origin.text());
  const WallTime now = clock.wall();
  const auto why = due(now);
  if (!why) {
    log::info("plugin/sign: Skipping signing zone " + zone + " in " + quoted(signed_file_) + ": signatures are valid");
    return;
  }
  log::info("plugin/sign: Signing " + zone + " because " + *why);
  const SteadyTime begin = clock.now();
  const auto serial = sign(now, stopped);
  if (stopped()) return;
  const std::chrono::nanoseconds elapsed = clock.now() - begin;
  const std::string next = ", next: " + time_text(now + kCheckEvery);
  const std::string tags = " with key tags " + quoted(key_tags());
  if (serial.has_error()) {
    log::warning("plugin/sign: Error signing " + zone + tags + " in " + go_duration(elapsed) + ": " +
                 serial.error().message + next);
    return;
  }
  log::info("plugin/sign: Successfully signed zone " + zone + " in " + quoted(signed_file_) + tags + " and " +
            std::to_string(*serial) + " SOA serial, elapsed " +
            std::to_string(std::chrono::duration<double>(elapsed).count()) + next);
}

}  // namespace portolan::sign
