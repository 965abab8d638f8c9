// Block and Setup.
#include "server/setup.h"

#include <algorithm>

#include "corefile/address.h"
#include "server/configuration.h"

namespace portolan::server {

std::string Block::file(std::string_view path) const {
  if (root_.empty() || path.starts_with('/')) return std::string(path);
  return root_ + "/" + std::string(path);
}

Handler* Block::other(std::string_view name) const {
  for (const Member& member : members_) {
    if (member.name == name) return member.handler.get();
  }
  return nullptr;
}

bool Setup::block_uses(std::string_view directive) const {
  const auto& used = source_->directives;
  return std::any_of(used.begin(), used.end(), [&](const auto& each) { return each.name.text == directive; });
}

void Setup::add_handler(std::shared_ptr<Handler> handler) {
  if (auto startable = std::dynamic_pointer_cast<Startable>(handler)) add_service(std::move(startable));
  block_->members_.push_back({plugin_->name, std::move(handler)});
}

void Setup::add_service(std::shared_ptr<Startable> service) { configuration_->add_service(std::move(service)); }

Error Setup::error(const corefile::Position& at, std::string_view message) const {
  return corefile::error_at(name(), at, message);
}

Error Setup::error(std::string_view message) const {
  return fail("plugin/" + std::string(name()) + ": " + std::string(message));
}

void Setup::warn(const corefile::Position& at, std::string_view message) {
  warnings_->push_back("plugin/" + std::string(name()) + ": " + at.text() + " - " + std::string(message));
}

Result<std::vector<dns::Name>> Setup::zones(const corefile::OptionUse& use, size_t first) const {
  if (first >= use.tokens.size()) return block_->zones();
  std::vector<dns::Name> zones;
  for (size_t i = first; i < use.tokens.size(); ++i) {
    if (use.tokens[i].text.empty()) continue;  // "" names no zone, as with CoreDNS
    auto texts = corefile::zones_of_argument(use.tokens[i].text);
    if (texts.has_error()) return error(use.tokens[i].at, texts.error().message);
    for (const std::string& text : *texts) {
      auto zone = dns::Name::parse(text);
      if (zone.has_error()) return error(use.tokens[i].at, zone.error().message);
      zones.push_back(zone->lower());
    }
  }
  return zones;
}

}  // namespace portolan::server
