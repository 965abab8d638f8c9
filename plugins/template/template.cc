// Matching, rendering, counting; the targets of CNAME answers.
#include "plugins/template/template.h"

#include "dns/rdata.h"
#include "plugins/common/text_buffer.h"
#include "server/configuration.h"
#include "server/worker.h"
#include "zones/zone_file.h"

namespace portolan::templates {

using dns::RRClass;
using dns::RRType;
using server::Outcome;
using server::Query;

namespace {

constexpr dns::Ede kConfigured{dns::EdeCode::other, "so configured"};
constexpr dns::Ede kFailed{dns::EdeCode::other, "a template failed"};
constexpr uint16_t kEdnsSize = 4096;  // of an answer with an extended error to a question without EDNS

const metrics::CounterFamily& matches_total() {
  static const metrics::CounterFamily family("coredns_template_matches_total", "Counter of template regex matches.",
                                             {"server", "zone", "view", "class", "type"});
  return family;
}

const metrics::CounterFamily& template_failures() {
  static const metrics::CounterFamily family("coredns_template_template_failures_total",
                                             "Counter of go template failures.",
                                             {"server", "zone", "view", "class", "type", "section", "template"});
  return family;
}

const metrics::CounterFamily& rr_failures() {
  static const metrics::CounterFamily family("coredns_template_rr_failures_total", "Counter of mis-templated RRs.",
                                             {"server", "zone", "view", "class", "type", "section", "template"});
  return family;
}

// "" for numbers without a name, as in CoreDNS; this also bounds the label's values.
template <class T>
std::string_view label(T value, std::string_view numbered, Arena& arena) {
  const std::string text = dns::text(value);
  return text.starts_with(numbered) ? std::string_view() : arena.copy(std::string_view(text));
}

dns::NameView copy(dns::NameView name, Arena& arena) {
  return {arena.copy(name.wire()).data(), static_cast<uint8_t>(name.size())};
}

dns::Record copy(dns::Record record, Arena& arena) {
  record.owner = copy(record.owner, arena);
  record.rdata = arena.copy(record.rdata);
  return record;
}

bool is_address(RRType type) { return type == RRType::a || type == RRType::aaaa; }

// Answers in order, each CNAME followed by what its target is, as the whole server knows it.
Task<Outcome> answer_aliases(Query& query, std::span<const dns::Record> answers, Outcome outcome) {
  for (const dns::Record& record : answers) {
    query.reply().answer.push_back(record);
    if (record.type != RRType::cname) continue;
    const dns::NameView target = dns::target_name(record);
    Task<server::Lookup> asking = query.lookup(target, query.question.type);
    const server::Lookup found = co_await asking;
    if (!found.query) continue;
    const server::Reply& theirs = found.query->reply();
    query.reply().header.tc = theirs.header.tc;
    for (const dns::Record& each : theirs.answer) query.reply().answer.push_back(copy(each, query.arena()));
  }
  co_return outcome;
}

}  // namespace

const Rule::Zone* Rule::zone_of(dns::NameView lower) const {
  const Zone* longest = nullptr;
  for (const Zone& zone : zones) {
    if (!lower.is_under(zone.name)) continue;
    if (!longest || zone.name.view().size() > longest->name.view().size()) longest = &zone;
  }
  return longest;
}

size_t Template::CounterHash::operator()(const CounterKey& key) const {
  const auto mixed = reinterpret_cast<uintptr_t>(key.listener) * 31 + reinterpret_cast<uintptr_t>(key.zone);
  return (mixed * 65599 + key.cls) * 65599 + key.type;
}

Task<Outcome> Template::serve(Query& query, server::Next next) {
  for (const Rule& rule : rules_) {
    const Rule::Zone* zone = rule.zone_of(query.question.lower);
    if (!zone) continue;
    Data data;
    data.zone = zone->text;
    const Match matched = match(rule, query, data);
    if (matched == Match::refused) return query.fail(dns::Rcode::servfail).because(kConfigured);
    if (matched == Match::no) continue;
    count(query, *zone, data);
    if (rule.rcode == dns::Rcode::servfail) return query.fail(dns::Rcode::servfail).because(kConfigured);
    return answer(rule, data);
  }
  return next(query);
}

Template::Match Template::match(const Rule& rule, Query& query, Data& data) const {
  const dns::Question& question = query.question;
  if (rule.cls != RRClass::any && question.cls != RRClass::any && question.cls != rule.cls) return Match::no;
  if (rule.type != RRType::any && question.type != RRType::any && question.type != rule.type) return Match::no;
  Arena& arena = query.arena();
  data.name = name_text(question.lower, arena);
  for (const Regex& pattern : rule.patterns) {
    if (!pattern.match(data.name, arena, data.groups.matches)) continue;
    data.query = &query;
    data.regex = pattern.source();
    data.groups.names = pattern.group_names();
    data.cls = label(question.cls == RRClass::any ? rule.cls : question.cls, "CLASS", arena);
    data.type = label(question.type == RRType::any ? rule.type : question.type, "TYPE", arena);
    data.remote = arena.copy(std::string_view(query.client.ip.unmapped().text()));
    return rule.variables.empty() && rule.conditions.empty() ? Match::yes : conditions(rule, query, data);
  }
  return rule.fallthrough.through(question.lower) ? Match::no : Match::refused;
}

// An expression that fails is SERVFAIL even with fallthrough, as in CoreDNS.
Template::Match Template::conditions(const Rule& rule, Query& query, Data& data) const {
  const auto values = query.arena().array<Value>(rule.variables.size());
  const auto pairs = query.arena().array<Value>(rule.variables.size() * 2);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto result = rule.variables[i].program.evaluate(query, values.first(i), &data.groups);
    if (!result.error.empty()) return Match::refused;
    values[i] = result.value;
    pairs[i * 2] = Value::of(std::string_view(rule.variables[i].name));
    pairs[i * 2 + 1] = result.value;
  }
  data.variables = pairs;
  for (const expression::Program& condition : rule.conditions) {
    const auto result = condition.evaluate(query, values, &data.groups);
    if (!result.error.empty()) return Match::refused;
    if (!result.value.is_true()) return rule.fallthrough.through(query.question.lower) ? Match::no : Match::refused;
  }
  return Match::yes;
}

void Template::count(const Query& query, const Rule::Zone& zone, const Data& data) {
  // Types without a name are one series; the label's text says which.
  const CounterKey key{&query.listener(), &zone,
                       data.cls.empty() ? uint16_t{0} : static_cast<uint16_t>(query.question.cls),
                       data.type.empty() ? uint16_t{0} : static_cast<uint16_t>(query.question.type)};
  Counters& counters = counters_[query.worker().index()];
  auto found = counters.find(key);
  if (found == counters.end()) {
    const metrics::Counter counter =
        matches_total().with({query.listener().label, data.zone, query.block->view(), data.cls, data.type});
    found = counters.emplace(key, counter).first;
  }
  found->second.add();
}

bool Template::render(std::span<const RecordTemplate> templates, std::string_view section, const Data& data,
                      ArenaVector<dns::Record>& out, bool& empty, std::string_view& cause) const {
  Arena& arena = data.query->arena();
  for (const RecordTemplate& each : templates) {
    if (each.plain) {
      out.push_back(copy(each.plain->view(), arena));
      continue;
    }
    const auto failed = [&](const metrics::CounterFamily& family, std::string_view why) {
      family
          .with({data.query->listener().label, data.zone, data.query->block->view(), data.cls, data.type, section,
                 each.text.source()})
          .add();
      cause = why;
      return false;
    };
    const TextTemplate::Rendered rendered = each.text.render(data, arena);
    if (!rendered.error.empty()) return failed(template_failures(), rendered.error);
    auto record = zones::read_record(rendered.text, dns::Name());
    if (record.has_error()) {
      return failed(rr_failures(), arena.copy(std::string_view(record.error().message)));
    }
    if (!*record) {
      empty = true;
      continue;
    }
    out.push_back(copy((*record)->view(), arena));
  }
  return true;
}

Task<Outcome> Template::answer(const Rule& rule, const Data& data) const {
  Query& query = *data.query;
  server::Reply& reply = query.reply();
  ArenaVector<dns::Record> answers(query.arena());
  bool empty = false;
  std::string_view cause;
  if (!render(rule.answer, "answer", data, answers, empty, cause) ||
      !render(rule.additional, "additional", data, reply.additional, empty, cause) ||
      !render(rule.authority, "authority", data, reply.authority, empty, cause)) {
    reply.clear();
    return query.fail(dns::Rcode::servfail, cause).because(kFailed);
  }
  if (empty) return Outcome::dropped();  // a record that is not there cannot be sent: silence, as CoreDNS
  reply.header.aa = true;
  if (rule.extended_error) {
    const auto options = query.arena().array<dns::EdnsOption>(1);
    options[0] = dns::ede_option(static_cast<dns::EdeCode>(*rule.extended_error), rule.extended_text, query.arena());
    reply.edns.emplace();
    reply.edns->udp_size = kEdnsSize;
    reply.edns->dnssec_ok = true;
    reply.edns->options = options;
  }
  const Outcome outcome = query.answer(rule.rcode);
  bool aliases = false;
  for (const dns::Record& record : answers) {
    aliases = aliases || (record.type == RRType::cname && is_address(query.question.type));
  }
  if (aliases) return answer_aliases(query, answers, outcome);
  for (const dns::Record& record : answers) reply.answer.push_back(record);
  return outcome;
}

}  // namespace portolan::templates
