// The directive `cache [TTL] [ZONES...] { ... }`.
#include "server/setup.h"

#include <algorithm>

#include "corefile/number.h"
#include "plugins/cache/cache.h"
#include "plugins/common/fallthrough.h"
#include "server/process.h"

namespace portolan {
namespace {

using cache::Options;
using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;
using corefile::OptionUse;
using corefile::Repeat;
using std::chrono::nanoseconds;

constexpr int64_t kMostSeconds = UINT32_MAX;
constexpr nanoseconds kFiveMinutes = std::chrono::minutes(5);

constexpr Arg kOwnArgs[] = {{.name = "TTL"}, {.name = "ZONES", .many = true}};
constexpr Arg kSideArgs[] = {{.name = "CAPACITY", .kind = ArgKind::integer},
                             {.name = "TTL", .kind = ArgKind::integer, .min = 1, .max = kMostSeconds},
                             {.name = "MINTTL", .kind = ArgKind::integer, .min = 0, .max = kMostSeconds}};
constexpr Arg kPrefetchArgs[] = {{.name = "AMOUNT", .kind = ArgKind::integer, .min = 0},
                                 {.name = "DURATION", .kind = ArgKind::duration, .min = 0},
                                 {.name = "PERCENTAGE%"}};
constexpr Arg kStaleArgs[] = {{.name = "DURATION", .kind = ArgKind::duration, .min = 0},
                              {.name = "REFRESH_MODE"},
                              {.name = "VERIFY_TIMEOUT|RESPONSE_TTL", .kind = ArgKind::duration, .min = 0},
                              {.name = "RESPONSE_TTL|FAILURE_RECHECK", .kind = ArgKind::duration, .min = 0},
                              {.name = "FAILURE_RECHECK", .kind = ArgKind::duration, .min = 0}};
constexpr Arg kPolicyArgs[] = {{.name = "POLICY"}};
constexpr Arg kServfailArgs[] = {
    {.name = "DURATION", .kind = ArgKind::duration, .min = 0, .max = kFiveMinutes.count()}};  // RFC 2308 section 7.1
constexpr Arg kDisableArgs[] = {{.name = "success|denial", .kind = ArgKind::choice, .choices = "success|denial"},
                                {.name = "ZONES", .many = true}};

constexpr Option kOptions[] = {
    {.name = "", .args = kOwnArgs, .fallback = "3600, denials 1800", .help = "longest life of an entry, and zones"},
    {.name = "success",
     .args = kSideArgs,
     .required = 1,
     .fallback = "9984 3600 5",
     .help = "size, longest and shortest life of answers",
     .extra_args = true},
    {.name = "denial",
     .args = kSideArgs,
     .required = 1,
     .fallback = "9984 1800 5",
     .help = "size, longest and shortest life of denials",
     .extra_args = true},
    {.name = "prefetch",
     .args = kPrefetchArgs,
     .required = 1,
     .fallback = "off; 1m 10%",
     .help = "refresh popular entries before their end"},
    {.name = "serve_stale",
     .args = kStaleArgs,
     .fallback = "off; 1h immediate",
     .help = "answer from entries whose time is over"},
    {.name = "serve_stale_policy",
     .args = kPolicyArgs,
     .required = 1,
     .repeat = Repeat::refused,
     .help = "prefer_positive: an older answer goes before a denial"},
    {.name = "servfail", .args = kServfailArgs, .required = 1, .fallback = "5s", .help = "how long SERVFAIL is kept"},
    {.name = "disable",
     .args = kDisableArgs,
     .required = 1,
     .repeat = Repeat::append,
     .help = "keep no answers or no denials"},
    {.name = "keepttl", .help = "answer with the full TTL until an entry's end"},
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return dns::kLower[c]; });
  return text;
}

// The first argument is a TTL if it is a number, else a zone.
Result<void> own_arguments(const OptionUse& use, const server::Setup& setup, Options& options) {
  size_t zones = 0;
  if (use.has(0)) {
    if (const auto ttl = corefile::parse_integer(use.text(0))) {
      if (*ttl <= 0 || *ttl > kMostSeconds) {
        return setup.error(use.at, "cache TTL can not be zero or negative: " + std::to_string(*ttl));
      }
      options.success.max_ttl = options.denial.max_ttl = static_cast<uint32_t>(*ttl);
      zones = 1;
    }
  }
  auto named = setup.zones(use, zones);
  if (named.has_error()) return named.error();
  options.zones = std::move(*named);
  return {};
}

void side(const OptionUse& use, Options::Kind& kind) {
  kind.capacity = use.number(0);
  if (use.has(1)) kind.max_ttl = static_cast<uint32_t>(use.number(1));
  if (use.has(2)) kind.min_ttl = static_cast<uint32_t>(use.number(2));
}

Result<void> prefetch(const OptionUse& use, const server::Setup& setup, Options& options) {
  options.prefetch = use.number(0);
  if (use.has(1)) options.prefetch_window = use.duration(1);
  if (!use.has(2)) return {};
  const std::string& text = use.text(2);
  if (!text.ends_with('%')) {
    return setup.error(use.at, "last character of percentage should be '%', but is: '" +
                                   text.substr(text.empty() ? 0 : text.size() - 1) + "'");
  }
  const auto percentage = corefile::parse_integer(std::string_view(text).substr(0, text.size() - 1));
  if (percentage.has_error()) return setup.error(use.at, percentage.error().message);
  if (*percentage < 10 || *percentage > 90) {
    return setup.error(use.at, "percentage should fall in range [10, 90]: " + std::to_string(*percentage));
  }
  options.prefetch_percentage = *percentage;
  return {};
}

// Behind the mode: [RESPONSE_TTL [FAILURE_RECHECK]], with `verify` a time-out before them.
Result<void> serve_stale(const OptionUse& use, const server::Setup& setup, Options& options) {
  options.stale = use.has(0) ? use.duration(0) : nanoseconds(std::chrono::hours(1));
  const std::string mode = use.has(1) ? lower(use.text(1)) : "immediate";
  if (mode != "immediate" && mode != "verify") {
    return setup.error(use.at, "invalid value for serve_stale refresh mode: " + mode);
  }
  options.verify = mode == "verify";
  size_t next = 2;
  options.verify_timeout = options.verify && use.has(next) ? use.duration(next++) : nanoseconds(0);
  const nanoseconds ttl = use.has(next) ? use.duration(next++) : nanoseconds(0);
  options.failure_recheck = use.has(next) ? use.duration(next++) : nanoseconds(0);
  if (use.has(next)) {
    return setup.error(use.at, "Wrong argument count or unexpected line ending after '" + use.tokens.back().text + "'");
  }
  if (ttl % std::chrono::seconds(1) != nanoseconds(0)) {
    return setup.error(use.at, "serve_stale response TTL must be a whole number of seconds");
  }
  if (ttl > std::chrono::seconds(kMostSeconds)) {
    return setup.error(use.at, "serve_stale response TTL exceeds the DNS TTL range");
  }
  options.stale_ttl = static_cast<uint32_t>(ttl / std::chrono::seconds(1));
  if (options.failure_recheck > kFiveMinutes) {  // RFC 8767 section 5
    return setup.error(use.at, "serve_stale failure recheck cannot exceed 5 minutes");
  }
  return {};
}

Result<void> one_option(const OptionUse& use, const server::Setup& setup, Options& options) {
  if (use.is("")) return own_arguments(use, setup, options);
  if (use.is("success")) {
    side(use, options.success);
  } else if (use.is("denial")) {
    side(use, options.denial);
  } else if (use.is("prefetch")) {
    return prefetch(use, setup, options);
  } else if (use.is("serve_stale")) {
    return serve_stale(use, setup, options);
  } else if (use.is("serve_stale_policy")) {
    options.prefer_positive = true;
    if (lower(use.text()) != "prefer_positive") {
      return setup.error(use.at, "invalid serve_stale_policy: " + use.text());
    }
  } else if (use.is("servfail")) {
    options.servfail = use.duration();
  } else if (use.is("disable")) {
    auto& zones = (use.text(0) == "success" ? options.success : options.denial).disabled;
    zones = Fallthrough::parse(use.texts(1)).zones;
  } else if (use.is("keepttl")) {
    options.keep_ttl = true;
  }
  return {};
}

Result<void> setup(server::Setup& setup) {
  if (setup.directives().size() > 1) {
    return setup.error(setup.directives()[1].at, "this plugin can only be used once per Server Block");
  }
  const corefile::ParsedDirective& directive = setup.directives().front();
  Options options;
  bool stale = false;
  for (const OptionUse& use : directive.uses) {
    if (auto done = one_option(use, setup, options); done.has_error()) return done;
    stale |= use.is("serve_stale");
  }
  if (options.prefer_positive && !stale) return setup.error(directive.at, "serve_stale_policy requires serve_stale");
  const Clock& clock = setup.process().clock();
  setup.add(std::make_unique<cache::Cache>(std::move(options), setup.block(), setup.configuration(),
                                           &clock == &system_clock() ? nullptr : &clock));
  return {};
}

}  // namespace

extern const server::Plugin cache_plugin;
const server::Plugin cache_plugin{.name = "cache", .setup = setup, .options = kOptions};

}  // namespace portolan
