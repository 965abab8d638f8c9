// Environment variables in words, in the order Caddy 1 replaces them: all `{%NAME%}`, then all `{$NAME}`.
#include "corefile/environment.h"

#include "corefile/limits.h"

namespace portolan::corefile {

namespace {

void replace_all(std::string& text, const std::string& what, std::string_view with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
    if (text.size() > kMaxTokenText) return;
  }
}

Result<void> expand(std::string& text, std::string_view open, std::string_view close, const Environment& environment) {
  size_t uses = 0;
  for (size_t at = text.find(open); at != std::string::npos; at = text.find(open)) {
    const size_t end = text.find(close, at);
    if (end == std::string::npos || end <= at + open.size()) return {};
    const std::string reference = text.substr(at, end + close.size() - at);
    const std::string name = text.substr(at + open.size(), end - at - open.size());
    const char* value = environment(name.c_str());
    replace_all(text, reference, value ? value : "");
    if (++uses > kMaxEnvironmentUses || text.size() > kMaxTokenText) {
      return fail("the environment variables in '" + reference + "' give a word that is too long or has no end");
    }
  }
  return {};
}

}  // namespace

Result<std::string> expand_environment(std::string_view word, const Environment& environment) {
  std::string text(word);
  if (auto done = expand(text, "{%", "%}", environment); !done) return done.error();
  if (auto done = expand(text, "{$", "}", environment); !done) return done.error();
  return {boost::system::in_place_value, std::move(text)};
}

}  // namespace portolan::corefile
