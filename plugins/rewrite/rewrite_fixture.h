// What the tests of this folder share: `rewrite` between a client that may send EDNS options and a backend that notes
// what it is asked and answers from a table.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "dns/rdata_text.h"
#include "dns/testing.h"
#include "plugins/common/text_buffer.h"
#include "server/metadata.h"
#include "server/worker.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin rewrite_plugin;
}

namespace portolan::rewrite::testing {

using portolan::testing::Answer;
using portolan::testing::Ask;
using portolan::testing::PluginFixture;
using Texts = std::vector<std::string>;
/// Options as "CODE=HEX".
using Options = std::vector<std::string>;

struct Sections {
  Texts answer, authority = {}, additional = {};  // "@" as owner is the name asked for
  dns::Rcode rcode = dns::Rcode::noerror;
};

/// Set by a test before it asks, and read after.
struct Scene {
  // What the client sends in its OPT.
  Options client_options;
  // What the backend does.
  std::map<std::string, Sections> zone;  // by "name." in lower case; "*": all other names
  bool waits = false;                    // the answer takes a turn of the loop
  bool has_opt = false;                  // the reply has an OPT with these options
  Options reply_options;
  // What it was asked last.
  std::string asked;  // "name. TYPE CLASS"
  bool has_edns = false;
  unsigned udp_size = 0;
  Options options;
  unsigned questions = 0;
  // What came back to the plugin in front.
  server::Outcome outcome;
  std::string cause;  // of the outcome, whose own lies in the arena of a query that is over
  std::string question_in_front, question_repeated;
};
inline Scene scene;

inline Options text_of(std::span<const dns::EdnsOption> options) {
  Options texts;
  for (const auto& option : options) texts.push_back(std::to_string(option.code) + "=" + dns::to_hex(option.data));
  return texts;
}

inline std::span<const dns::EdnsOption> parsed(const Options& texts, Arena& arena) {
  const auto options = arena.array<dns::EdnsOption>(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    const size_t equals = texts[i].find('=');
    const std::vector<uint8_t> octets = dns::from_hex(texts[i].substr(equals + 1));
    options[i] = {static_cast<uint16_t>(std::stoi(texts[i])), arena.copy(std::span<const uint8_t>(octets))};
  }
  return options;
}

inline std::string text_of(const dns::Question& question) {
  return question.name.text() + " " + dns::text(question.type) + " " + dns::text(question.cls);
}

inline void append(const Texts& texts, const server::Query& query, ArenaVector<dns::Record>& to, Arena& arena) {
  for (const std::string& text : texts) {
    const auto owned = dns::parse_record(text, dns::Name(query.question.name), 0);
    REQUIRE_MESSAGE(owned.has_value(), text);
    dns::Record record = owned->view();
    record.owner = {arena.copy(record.owner.wire()).data(), static_cast<uint8_t>(record.owner.size())};
    record.rdata = arena.copy(record.rdata);
    to.push_back(record);
  }
}

inline server::Outcome answer_from_zone(server::Query& query) {
  ++scene.questions;
  scene.asked = text_of(query.question);
  scene.has_edns = query.edns.has_value();
  scene.udp_size = query.edns ? query.edns->udp_size : 0;
  scene.options = query.edns ? text_of(query.edns->options) : Options();
  auto found = scene.zone.find(query.question.lower.text());
  if (found == scene.zone.end()) found = scene.zone.find("*");
  if (found == scene.zone.end()) return query.fail(dns::Rcode::refused, "nobody knows");
  server::Reply& reply = query.reply();
  append(found->second.answer, query, reply.answer, query.arena());
  append(found->second.authority, query, reply.authority, query.arena());
  append(found->second.additional, query, reply.additional, query.arena());
  if (scene.has_opt) reply.edns.emplace().options = parsed(scene.reply_options, query.arena());
  reply.question = query.question;  // as an upstream repeats it
  return query.answer(found->second.rcode);
}

inline Task<server::Outcome> answer_later(server::Query& query) {
  Task<void> turn = sleep_for(query.worker().loop(), std::chrono::nanoseconds(0));
  co_await turn;
  co_return answer_from_zone(query);
}

inline Task<server::Outcome> backend(server::Query& query, server::Next) {
  if (scene.waits) return answer_later(query);
  return answer_from_zone(query);
}

inline Task<server::Outcome> client(server::Query& query, server::Next next) {
  if (!scene.client_options.empty()) {
    if (!query.edns) query.edns.emplace().udp_size = 1232;
    query.edns->options = parsed(scene.client_options, query.arena());
  }
  Task<server::Outcome> task = next(query);
  scene.outcome = co_await task;
  scene.cause = scene.outcome.cause;
  scene.question_in_front = text_of(query.question);
  scene.question_repeated = text_of(query.reply().question);
  co_return scene.outcome;
}

inline std::vector<server::Plugin> table() {
  return {portolan::testing::stand_in("client", client), rewrite_plugin,
          portolan::testing::stand_in("backend", backend)};
}

/// A server with these `rewrite` directives, one a line; `scene` begins anew.
class Rewriter : public PluginFixture {
 public:
  explicit Rewriter(const std::string& rules) : PluginFixture(". {\n client\n" + rules + "\n backend\n}\n", table()) {
    REQUIRE_MESSAGE(ok(), error_text());
    scene = {};
  }
};

/// The options of an answer's OPT.
inline Options options_of(const Answer& answer) {
  Arena arena;
  dns::ParsedMessage message;
  REQUIRE(dns::parse_message(answer.message, arena, message));
  return message.edns ? text_of(message.edns->options) : Options();
}

}  // namespace portolan::rewrite::testing
