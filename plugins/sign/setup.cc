// The directive `sign DBFILE [ZONES...] { ... }`.
#include "server/setup.h"

#include <algorithm>

#include "base/random.h"
#include "plugins/sign/sign.h"
#include "server/process.h"
#include "zones/dnssec/key_file.h"

namespace portolan {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;
using corefile::OptionUse;

constexpr Arg kSignArgs[] = {{.name = "DBFILE"}, {.name = "ZONES", .many = true}};
constexpr Arg kKeyArgs[] = {{.name = "file|directory", .kind = ArgKind::choice, .choices = "file|directory"},
                            {.name = "PATH", .many = true}};
constexpr Arg kDirectoryArgs[] = {{.name = "DIR"}};

constexpr Option kOptions[] = {
    {.name = "", .args = kSignArgs, .required = 1, .help = "zone file, and the zones it is signed for"},
    {.name = "key",
     .args = kKeyArgs,
     .required = 2,
     .repeat = corefile::Repeat::append,
     .help = "key files, or folders with files K<zone>+<algorithm>+<tag>.key"},
    {.name = "directory",
     .args = kDirectoryArgs,
     .required = 1,
     .fallback = "/var/lib/coredns",
     .help = "where signed zones are written"},
};

Result<void> add_key(server::Setup& setup, const OptionUse& use, const std::string& path,
                     std::vector<zones::SigningKey>& keys) {
  auto key = zones::read_key(path);
  if (key.has_error()) return setup.error(use.at, key.error().message);
  const auto same = [&](const zones::SigningKey& other) { return std::ranges::equal(other.dnskey(), key->dnskey()); };
  if (std::none_of(keys.begin(), keys.end(), same)) keys.push_back(std::move(*key));
  return {};
}

Result<void> add_keys(server::Setup& setup, const OptionUse& use, const dns::Name& zone,
                      std::vector<zones::SigningKey>& keys) {
  for (size_t i = 1; i < use.size(); ++i) {
    const std::string path = setup.block().file(use.text(i));
    if (use.text(0) == "file") {
      if (auto done = add_key(setup, use, path, keys); done.has_error()) return done;
      continue;
    }
    const auto found = zones::find_keys(path, zone);
    if (found.has_error()) return setup.error(use.at, found.error().message);
    if (found->empty()) {
      return setup.error(use.at, "no key in " + path + ", expecting K" + zone.text() + "+<algorithm>+<tag>.key");
    }
    for (const std::string& base : *found) {
      if (auto done = add_key(setup, use, base, keys); done.has_error()) return done;
    }
  }
  return {};
}

// Up to `most`, in seconds.
std::chrono::seconds jitter(std::chrono::seconds most) {
  return std::chrono::seconds(fast_random_below(static_cast<uint32_t>(most.count()) + 1));
}

Result<sign::Job> job_for(server::Setup& setup, const corefile::ParsedDirective& directive, const dns::Name& zone) {
  sign::Job job;
  job.origin = zone;
  job.directory = "/var/lib/coredns";
  job.zone_file = setup.block().file(directive.uses.front().text(0));
  job.earlier = jitter(sign::kMostEarlier);
  job.longer = jitter(sign::kMostLonger);
  std::vector<zones::SigningKey> keys;
  for (const OptionUse& use : directive.uses) {
    if (use.is("directory")) job.directory = setup.block().file(use.text());
    if (!use.is("key") || setup.checking()) continue;
    if (auto done = add_keys(setup, use, zone, keys); done.has_error()) return done.error();
  }
  const auto is_ksk = [](const zones::SigningKey& key) { return key.is_ksk(); };
  if (!keys.empty() && std::none_of(keys.begin(), keys.end(), is_ksk)) {
    return setup.error(directive.at, "DNSKEY " + std::to_string(keys.front().tag()) + " for " + zone.text() +
                                         " is not a CSK/KSK, expecting one with flags 257 among the keys");
  }
  job.keys = zones::KeySet(std::move(keys), zones::KeySharing::by_algorithm);
  return job;
}

Result<void> setup(server::Setup& setup) {
  std::vector<sign::Signer> signers;
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    const auto zones = setup.zones(directive.uses.front(), 1);
    if (zones.has_error()) return zones.error();
    for (const dns::Name& zone : *zones) {
      auto job = job_for(setup, directive, zone);
      if (job.has_error()) return job.error();
      if (!job->keys.empty()) {
        signers.emplace_back(std::move(*job));
      } else if (!setup.checking()) {
        setup.warn(directive.at, "without a key zone " + zone.text() + " is not signed");
      }
    }
  }
  setup.add_service(std::make_shared<sign::Sign>(std::move(signers), setup.process().clock()));
  return {};
}

}  // namespace

extern const server::Plugin sign_plugin;
const server::Plugin sign_plugin{.name = "sign", .setup = setup, .options = kOptions};

}  // namespace portolan
