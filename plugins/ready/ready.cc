// Asking the plugins, and the /ready endpoint.
#include "plugins/ready/ready.h"

#include <algorithm>

#include "base/log.h"

namespace portolan::ready {

void Plugins::add(std::string_view name, const server::Readiness& readiness, bool continuously) {
  std::lock_guard lock(mutex_);
  asked_.push_back({std::string(name), &readiness, continuously});
}

std::string Plugins::waiting() {
  std::lock_guard lock(mutex_);
  std::vector<std::string_view> names;
  for (Asked& each : asked_) {
    if (each.readiness == nullptr) continue;
    if (!each.readiness->ready()) {
      names.push_back(each.name);
    } else if (!each.continuously) {
      each.readiness = nullptr;
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string text;
  for (const std::string_view name : names) {
    if (!text.empty()) text += ',';
    text += name;
  }
  return text;
}

Result<void> Ready::prepare() {
  for (const server::Member& member : block_.members()) {
    if (const auto* readiness = dynamic_cast<const server::Readiness*>(member.handler.get())) {
      plugins_->add(member.name, *readiness, options_.continuously);
    }
  }
  auto endpoint = server::http::Endpoint::open(options_.address);
  if (endpoint.has_error()) return fail("plugin/ready: " + endpoint.error().message);
  endpoint_ = std::move(*endpoint);
  route_ = endpoint_->route("/ready", [plugins = plugins_](const auto&) {
    const std::string waiting = plugins->waiting();
    if (waiting.empty()) return server::http::Response{200, "OK"};
    log::info("plugin/ready: Plugins not ready: \"" + waiting + "\"");
    return server::http::Response{503, waiting};
  });
  return {};
}

// The handlers that are asked live until the configuration ends; no request runs once the route is gone.
void Ready::close() noexcept {
  route_.reset();
  endpoint_.reset();
}

}  // namespace portolan::ready
