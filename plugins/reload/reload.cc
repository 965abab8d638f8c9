// Watching the Corefile.
#include "plugins/reload/reload.h"

#include <openssl/evp.h>

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "server/process.h"

namespace portolan::reload {
namespace {

const metrics::CounterFamily kFailed("coredns_reload_failed_total", "Counter of the number of failed reload attempts.");
const metrics::GaugeFamily kVersion("coredns_reload_version_info",
                                    "1 for the configuration of the last reload, by the kind and value of its hash.",
                                    {"hash", "value"});

}  // namespace

std::chrono::nanoseconds spread(const Options& options) {
  const int64_t jitter = std::min(options.jitter, options.interval / 2).count();
  if (jitter <= 0) return options.interval;
  const auto offset = static_cast<int64_t>(fast_random64() % static_cast<uint64_t>(jitter)) - jitter / 2;
  return options.interval + std::chrono::nanoseconds(offset);
}

std::string sha512(std::string_view text) {
  unsigned char octets[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), octets, &size, EVP_sha512(), nullptr);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += kDigits[octets[i] >> 4];
    hex += kDigits[octets[i] & 15];
  }
  return hex;
}

void Watch::serving() {
  if (process->corefile_path() == "stdin") {
    log::info("plugin/reload: the Corefile came from standard input and cannot be read again");
    return;
  }
  digest_ = sha512(process->corefile_text());
  log::info("plugin/reload: Running configuration SHA512 = " + digest_);
  interval_ = spread(options);
  timer_.emplace(process->background());
  wait();
}

void Watch::stop(server::Deadline) noexcept { timer_.reset(); }

void Watch::wait() {
  timer_->start(interval_, [this] {
    wait();
    look();
  });
}

void Watch::look() {
  const auto text = process->read_corefile_text();
  if (text.has_error()) {
    if (text.error().message != last_error_) {
      last_error_ = text.error().message;
      log::warning("plugin/reload: Corefile parse failed: " + last_error_);
    }
    return;
  }
  const std::string found = sha512(*text);
  last_error_.clear();
  if (found == digest_) return;
  // Remembered even if it turns out to be wrong, so that the same file is not tried again and again.
  kVersion.remove({"sha512", digest_});
  digest_ = found;
  kVersion.with({"sha512", digest_}).set(1);
  process->request_reload();
}

}  // namespace portolan::reload
