// The `log` plugin: a line for each query, in a format of one's own.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/common/replacer.h"
#include "plugins/log/classify.h"
#include "server/plugin.h"

namespace portolan::query_log {

constexpr std::string_view kCommonFormat =
    "{remote}:{port} - {>id} \"{type} {class} {name} {proto} {size} {>do} {>bufsize}\" {rcode} {>rflags} {rsize} "
    "{duration}";

/// What is logged of the names under `scope`. The first rule that has the name decides.
struct Rule {
  dns::Name scope;  // lower case
  std::shared_ptr<const Replacer> format;
  uint8_t classes = kAll;
};

/// Logs after the rest of the chain has answered. One instance for all workers; nothing is written but the line.
class QueryLog : public server::Handler {
 public:
  QueryLog(std::vector<Rule> rules, const Clock& clock) : rules_(std::move(rules)), clock_(clock) {}
  Task<server::Outcome> serve(server::Query& query, server::Next next) override;

 private:
  Task<server::Outcome> log_later(server::Query& query, Task<server::Outcome> rest, const Rule& rule,
                                  dns::NameView name) const;
  void write(server::Query& query, const server::Outcome& outcome, const Rule& rule, dns::NameView name) const;

  std::vector<Rule> rules_;
  const Clock& clock_;
};

}  // namespace portolan::query_log
