// Fuzzes `rewrite`: whatever the rule, the question and the reply, names that come out are names, records keep their
// form and their count, and the question is what it was before.
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "dns/reader.h"
#include "plugins/rewrite/grammar.h"
#include "plugins/rewrite/reverter.h"
#include "server/configuration.h"

using namespace portolan;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::vector<corefile::Token> words_of(std::string_view line) {
  std::vector<corefile::Token> words;
  for (size_t at = 0; at < line.size();) {
    const size_t end = std::min(line.find(' ', at), line.size());
    if (end > at) words.push_back({std::string(line.substr(at, end - at)), {}, false});
    at = end + 1;
  }
  return words;
}

bool is_name(dns::NameView name) { return dns::uncompressed_name_size(name.wire()) == name.size(); }

void check(const ArenaVector<dns::Record>& records, size_t count) {
  require(records.size() == count);
  for (const dns::Record& record : records) {
    require(is_name(record.owner));
    dns::RecordFields fields{record.type, record.cls, record.ttl, 0, record.rdata.size()};
    require(dns::rdata_is_valid(record.rdata, fields));
  }
}

void fill(ArenaVector<dns::Record>& to, std::span<const dns::Record> from) {
  for (const dns::Record& record : from) to.push_back(record);
}

// Without look-ups: there is no server around the query.
void serve(const rewrite::Rule& rule, std::span<const uint8_t> packet) {
  static const server::ListenerPlan plan;
  server::Query query;
  query.listener_ = &plan;
  dns::ParsedMessage message;
  if (!dns::parse_message(packet, query.arena(), message) || message.questions.empty()) return;
  query.asked = message.questions[0];
  query.asked.lower = dns::lower(query.asked.name, query.arena());
  query.question = query.asked;
  query.edns = message.edns;
  query.prepare_reply();

  rewrite::Rewriting rewriting(query);
  rule.apply(rewriting);
  require(is_name(query.question.name) && query.question.lower.equals(query.question.name));
  server::Reply& reply = query.reply();
  fill(reply.answer, message.answer);
  fill(reply.authority, message.authority);
  fill(reply.additional, message.additional);
  rewrite::change_reply(query, rewriting.changes());
  rewriting.restore_question();
  require(query.question.name.identical(query.asked.name) && query.question.type == query.asked.type);
  check(reply.answer, message.answer.size());
  check(reply.authority, message.authority.size());
  check(reply.additional, message.additional.size());
}

}  // namespace

/// A rule in one line, words between single blanks, then a packet.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = input.find('\n');
  if (end == input.npos) return 0;
  const auto rule = rewrite::parse_rule(words_of(input.substr(0, end)));
  if (rule.has_error()) return 0;
  serve(*std::any_cast<rewrite::RulePtr>(*rule), {data + end + 1, size - end - 1});
  return 0;
}
