// The handler of `template`: the first template of the block that matches a question answers it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/metrics.h"
#include "base/per_worker.h"
#include "dns/rdata_text.h"
#include "plugins/common/fallthrough.h"
#include "plugins/common/regex.h"
#include "plugins/template/text_template.h"
#include "server/plugin.h"

namespace portolan::templates {

/// The template of one record.
struct RecordTemplate {
  TextTemplate text;
  std::optional<dns::OwnedRecord> plain;  // the record itself, when it is the same for every query
};

/// One `template` directive.
struct Rule {
  struct Zone {
    dns::Name name;
    std::string text;
  };
  dns::RRClass cls = dns::RRClass::in;   // any: every class
  dns::RRType type = dns::RRType::none;  // any: every type
  std::vector<Zone> zones;
  std::vector<Regex> patterns;
  struct Variable {
    std::string name;
    expression::Program program;
  };
  std::vector<Variable> variables;              // `var`, in order: each may use those before it
  std::vector<expression::Program> conditions;  // `expr`
  std::vector<RecordTemplate> answer, additional, authority;
  dns::Rcode rcode = dns::Rcode::noerror;
  std::optional<uint16_t> extended_error;
  std::string extended_text;
  Fallthrough fallthrough;

  /// The longest zone that `lower` lies in; null when none does.
  const Zone* zone_of(dns::NameView lower) const;
};

/// Serves all `template` directives of a block, for all workers.
class Template : public server::Handler {
 public:
  Template(std::vector<Rule> rules, unsigned workers) : rules_(std::move(rules)), counters_(workers) {}

  Task<server::Outcome> serve(server::Query& query, server::Next next) override;

 private:
  enum class Match : uint8_t { yes, no, refused };
  // What is counted once per match; handles are kept per worker.
  struct CounterKey {
    const void* listener;
    const void* zone;
    uint16_t cls, type;
    bool operator==(const CounterKey&) const = default;
  };
  struct CounterHash {
    size_t operator()(const CounterKey& key) const;
  };
  using Counters = std::unordered_map<CounterKey, metrics::Counter, CounterHash>;

  Match match(const Rule& rule, server::Query& query, Data& data) const;
  /// What `var` and `expr` say once an expression has matched.
  Match conditions(const Rule& rule, server::Query& query, Data& data) const;
  void count(const server::Query& query, const Rule::Zone& zone, const Data& data);
  Task<server::Outcome> answer(const Rule& rule, const Data& data) const;
  /// Records of one section; false with `cause` set when one cannot be made. A template that renders to nothing sets
  /// `empty`.
  bool render(std::span<const RecordTemplate> templates, std::string_view section, const Data& data,
              ArenaVector<dns::Record>& out, bool& empty, std::string_view& cause) const;

  std::vector<Rule> rules_;
  PerWorker<Counters> counters_;
};

}  // namespace portolan::templates
