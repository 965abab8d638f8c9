// Checks and lints over the syntax tree.
#include "corefile/check.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "corefile/address.h"
#include "corefile/suggest.h"

namespace portolan::corefile {

namespace {

std::string parsing(const Position& at, const std::string& what) {
  return at.text() + " - Error during parsing: " + what;
}

const Directive* find(const ServerBlock& block, std::string_view name) {
  const auto found = std::find_if(block.directives.begin(), block.directives.end(),
                                  [&](const Directive& directive) { return directive.name.text == name; });
  return found == block.directives.end() ? nullptr : &*found;
}

// The addresses of all `bind` lines; empty when the block listens on all.
std::set<std::string> bound(const ServerBlock& block) {
  std::set<std::string> addresses;
  for (const Directive& directive : block.directives) {
    if (directive.name.text != "bind") continue;
    for (const Token& address : directive.args) addresses.insert(address.text);
  }
  return addresses;
}

bool share_listener(const ServerBlock& a, const ServerBlock& b) {
  const auto first = bound(a);
  const auto second = bound(b);
  if (first.empty() || second.empty()) return true;
  return std::any_of(first.begin(), first.end(), [&](const std::string& address) { return second.contains(address); });
}

class Linter {
 public:
  std::vector<Error> run(const File& file) {
    for (const ServerBlock& block : file.blocks) {
      std::set<std::string> own;
      for (const Key& key : block.keys) {
        odd_key(key);
        for (const std::string& zone : key.zones) place(block, key, zone, own);
      }
    }
    return std::move(out_);
  }

 private:
  void place(const ServerBlock& block, const Key& key, const std::string& zone, std::set<std::string>& own) {
    // The server's default port for "dns" is not known here, so a key without one is a name of its own.
    const std::string_view port = key.port.empty() && key.scheme != "dns" ? default_port(key.scheme) : key.port;
    const std::string name = key.scheme + "://" + zone + (port.empty() ? "" : ":") + std::string(port);
    if (!own.insert(name).second) {
      warn(key.at, name + " stands twice in the keys of one server block");
      return;
    }
    auto& holders = holders_[name];
    for (const ServerBlock* holder : holders) {
      if (!share_listener(*holder, block)) continue;
      const bool viewed = find(block, "view") != nullptr;
      warn(key.at, name + (viewed ? " is never reached here: the block at " : " is already defined at ") +
                       holder->at.text() + (viewed ? " has no view and takes all its queries" : ""));
      break;
    }
    if (!find(block, "view")) holders.push_back(&block);
  }

  void odd_key(const Key& key) {
    const size_t scheme = key.text.find("://");
    const bool known = key.text.starts_with(key.scheme + "://");
    if (scheme != std::string::npos && !known) {
      warn(key.at,
           "'" + key.text.substr(0, scheme) + "' is no scheme; it counts as a part of the zone '" + key.zones[0] + "'");
    } else if (key.port.empty() && key.text.rfind(':') != std::string::npos && !is_cidr(after_scheme(key)) &&
               key.text.rfind(':') > (known ? key.scheme.size() : 0)) {
      warn(key.at, "'" + key.text.substr(key.text.rfind(':') + 1) + "' is no port; it counts as a part of the zone '" +
                       key.zones[0] + "'");
    }
  }

  static std::string_view after_scheme(const Key& key) {
    const std::string_view text = key.text;
    return text.starts_with(key.scheme + "://") ? text.substr(key.scheme.size() + 3) : text;
  }

  void warn(const Position& at, const std::string& what) { out_.push_back(Error{at.text() + " - " + what}); }

  std::map<std::string, std::vector<const ServerBlock*>> holders_;  // the blocks without a view that have a key
  std::vector<Error> out_;
};

}  // namespace

std::vector<Error> check_directives(const File& file, std::span<const KnownDirective> known) {
  std::vector<std::string_view> names;
  for (const KnownDirective& directive : known) names.push_back(directive.name);
  std::vector<Error> errors;
  for (const ServerBlock& block : file.blocks) {
    for (const Directive& directive : block.directives) {
      const std::string& name = directive.name.text;
      const auto found = std::find_if(known.begin(), known.end(), [&](const auto& k) { return k.name == name; });
      if (found == known.end()) {
        errors.push_back(
            Error{parsing(directive.name.at, "Unknown directive '" + name + "'" + did_you_mean(name, names))});
      } else if (!found->built) {
        errors.push_back(Error{
            parsing(directive.name.at, "directive \"" + name + "\" is known to CoreDNS but not built into portolan")});
      }
    }
  }
  return errors;
}

std::vector<Error> lint(const File& file) { return Linter().run(file); }

}  // namespace portolan::corefile
