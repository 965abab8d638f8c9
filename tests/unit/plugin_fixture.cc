// The fixture: a worker without a thread, a responder that keeps what it is given.
#include "tests/unit/plugin_fixture.h"

#include <algorithm>
#include <map>

#include "corefile/parser.h"
#include "dns/rdata.h"
#include "dns/rdata_text.h"
#include "server/serve.h"

namespace portolan::testing {
namespace {

class Keeper : public server::Responder {
 public:
  Keeper(server::CoreWorker& worker, size_t takes) : worker_(worker), takes_(takes) {}
  void respond(server::Query& query, std::span<const uint8_t> message) override {
    message_.assign(message.begin(), message.end());
    done_ = true;
    worker_.queries().give_back(query);
  }
  // Never has room at once, so that whatever a plugin keeps across a suspension is put to the test.
  Task<bool> stream(std::span<const uint8_t> message) override {
    if (streamed_.size() == takes_) co_return false;
    streamed_.emplace_back(message.begin(), message.end());
    Task<void> pause = sleep_for(worker_.loop(), std::chrono::nanoseconds(0));
    co_await pause;
    co_return true;
  }
  bool done_ = false;
  std::vector<uint8_t> message_;
  std::vector<std::vector<uint8_t>> streamed_;

 private:
  server::CoreWorker& worker_;
  const size_t takes_;
};

std::vector<std::string> texts(std::span<const dns::Record> records) {
  std::vector<std::string> lines;
  for (const dns::Record& record : records) {
    std::string line = dns::record_text(record);
    std::replace(line.begin(), line.end(), '\t', ' ');
    lines.push_back(std::move(line));
  }
  return lines;
}

// Header and rcode are those of the last message.
void read(const std::vector<uint8_t>& message, Answer& answer) {
  if (message.empty()) return;
  Arena arena;
  dns::ParsedMessage parsed;
  answer.silent = !dns::parse_message(message, arena, parsed);
  answer.header = parsed.header;
  answer.rcode = static_cast<dns::Rcode>(parsed.rcode());
  answer.has_edns = parsed.edns.has_value();
  const auto append = [](std::vector<std::string>& to, std::vector<std::string> lines) {
    std::move(lines.begin(), lines.end(), std::back_inserter(to));
  };
  append(answer.answer, texts(parsed.answer));
  append(answer.authority, texts(parsed.authority));
  append(answer.additional, texts(parsed.additional));
}

std::vector<uint8_t> encode_question(const Ask& ask, Arena& arena) {
  dns::MessageParts parts;
  parts.header.id = 4711;
  parts.header.opcode = ask.opcode;
  parts.header.rd = ask.rd;
  parts.header.cd = ask.cd;
  parts.header.ad = ask.ad;
  dns::Question question;
  question.name = *dns::parse_name(ask.name, arena);
  question.type = ask.type;
  question.cls = ask.cls;
  parts.question = &question;
  dns::Edns opt;
  opt.udp_size = static_cast<uint16_t>(std::max(ask.edns_size, 0));
  opt.dnssec_ok = ask.dnssec_ok;
  if (ask.edns_size >= 0) parts.edns = &opt;
  dns::Soa soa;
  soa.serial = static_cast<uint32_t>(ask.serial);
  const dns::Record known[] = {{question.name, dns::RRType::soa, ask.cls, 0, dns::soa_rdata(soa, arena)}};
  if (ask.serial >= 0) parts.authority = known;
  std::vector<uint8_t> out(dns::kMaxMessage);
  out.resize(dns::encode(parts, out, out.size()));
  return out;
}

}  // namespace

PluginFixture::PluginFixture(std::string_view corefile, std::vector<server::Plugin> table,
                             const PluginFixture* previous)
    : worker_(0), process_(worker_.loop()), table_(std::move(table)) {
  process_.text = corefile;
  corefile::ParserInput input;
  auto parsed = corefile::parse(corefile, input);
  if (parsed.has_error()) {
    errors_ = parsed.error();
    return;
  }
  auto built = server::Configuration::build(*parsed, table_, process_, false);
  if (built.has_error()) {
    errors_ = built.error();
    return;
  }
  if (previous) (*built)->adopt(*previous->configuration_);
  if (auto prepared = (*built)->prepare(); prepared.has_error()) {
    (*built)->stop(process_.clock().now());
    errors_.push_back(prepared.error());
    return;
  }
  configuration_ = *built;
  hold_.configuration = configuration_;
}

PluginFixture::~PluginFixture() {
  if (configuration_) configuration_->stop(process_.clock().now());
}

std::string PluginFixture::error_text() const {
  std::string text;
  for (const Error& error : errors_) text += error.message + "\n";
  return text;
}

Answer PluginFixture::ask(std::string_view name, dns::RRType type) {
  Ask question;
  question.name = name;
  question.type = type;
  return ask(question);
}

Answer PluginFixture::ask(const Ask& question, std::chrono::milliseconds limit, std::string_view label) {
  Keeper keeper(worker_, question.takes);
  worker_.read_clock();
  server::Query& query = worker_.queries().take();
  const std::vector<uint8_t> packet = encode_question(question, query.arena());
  query.packet = query.arena().copy(packet);
  query.client = {*IpAddress::parse(question.client), 40000};
  query.local = {*IpAddress::parse("127.0.0.1"), 53};
  query.transport = question.transport;
  query.received = worker_.now();
  query.responder_ = &keeper;
  for (const auto& plan : configuration_->listeners()) {
    if (query.listener_ == nullptr || plan->label == label) query.listener_ = plan.get();
  }
  worker_.queries().enter(query, hold_);
  server::serve(worker_, query);
  run_until([&] { return keeper.done_; }, limit);
  Answer answer;
  answer.message = keeper.message_;
  answer.streamed = keeper.streamed_;
  for (const auto& message : answer.streamed) read(message, answer);
  read(answer.message, answer);
  return answer;
}

bool PluginFixture::run_until(const std::function<bool()>& done, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    worker_.loop().run_once(std::chrono::milliseconds(5));
    worker_.read_clock();
  }
  return true;
}

namespace {

using Serve = std::function<Task<server::Outcome>(server::Query&, server::Next)>;

class StandIn : public server::Handler {
 public:
  explicit StandIn(Serve serve) : serve_(std::move(serve)) {}
  Task<server::Outcome> serve(server::Query& query, server::Next next) override { return serve_(query, next); }

 private:
  Serve serve_;
};

std::map<std::string_view, Serve>& stand_ins() {
  static std::map<std::string_view, Serve> all;
  return all;
}

constexpr corefile::Arg kAnyArgs[] = {{.name = "ARGS", .many = true}};
constexpr corefile::Option kStandInOptions[] = {{.name = "", .args = kAnyArgs}};

}  // namespace

server::Plugin stand_in(std::string_view name, Serve serve) {
  stand_ins()[name] = std::move(serve);
  return {name,
          [](server::Setup& setup) -> Result<void> {
            setup.add(std::make_unique<StandIn>(stand_ins().at(setup.name())));
            return {};
          },
          kStandInOptions};
}

namespace {

Task<server::Outcome> note_reason(server::Query& query, server::Next next, dns::EdeCode& seen) {
  Task<server::Outcome> rest = next(query);
  const server::Outcome outcome = co_await rest;
  seen = outcome.ede ? outcome.ede->code : dns::EdeCode::none;
  co_return outcome;
}

}  // namespace

server::Plugin reason_seen(std::string_view name, dns::EdeCode& seen) {
  return stand_in(name, [&seen](server::Query& query, server::Next next) { return note_reason(query, next, seen); });
}

}  // namespace portolan::testing
