// `rewrite edns0`: options of the query.
#pragma once

#include <memory>
#include <optional>

#include "plugins/rewrite/edns_value.h"
#include "plugins/rewrite/rule.h"

namespace portolan::rewrite {

enum class EdnsAction : uint8_t { set, replace, append, unset };

class EdnsRule final : public Rule {
 public:
  struct Options {
    EdnsAction action;
    uint16_t code;
    std::unique_ptr<EdnsValue> value;  // none: unset
    bool append_beside = false;        // append adds to a query that has the option already
    bool reverts = false;              // the reply shows nothing of it
    bool echoed = false;
  };

  explicit EdnsRule(Options options) : options_(std::move(options)) {}
  bool apply(Rewriting& rewriting) const override;
  std::optional<uint16_t> echoed() const override {
    return options_.echoed ? std::optional(options_.code) : std::nullopt;
  }

 private:
  Options options_;
};

}  // namespace portolan::rewrite
