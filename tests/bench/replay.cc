// Replays questions through parse, route, chain and encode in one process, without sockets: nanoseconds and heap
// allocations a query. Under `valgrind --tool=callgrind` it gives instructions a query, which repeat exactly.
//
//     replay COREFILE QUESTIONS [ROUNDS]      QUESTIONS: a "name TYPE [DO]" a line, as k8sgen.py writes them
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include "corefile/parser.h"
#include "server/plugin_table.h"
#include "server/serve.h"
#include "tests/unit/plugin_fixture.h"

namespace {

std::size_t allocations = 0;  // by any thread while a measurement runs; the server's other threads are idle then

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace portolan;

class Sink : public server::Responder {
 public:
  explicit Sink(server::CoreWorker& worker) : worker_(worker) {}
  void respond(server::Query& query, std::span<const uint8_t> message) override {
    octets += message.size();
    ++answers;
    worker_.queries().give_back(query);
  }
  std::size_t octets = 0, answers = 0;

 private:
  server::CoreWorker& worker_;
};

std::vector<uint8_t> packet_of(const std::string& line) {
  std::istringstream words(line);
  std::string name, type, dnssec;
  words >> name >> type >> dnssec;
  Arena arena;
  dns::Question question;
  question.name = *dns::parse_name(name, arena);
  question.type = *dns::parse_type(type);
  dns::MessageParts parts;
  parts.header.rd = true;
  parts.question = &question;
  dns::Edns edns;
  edns.udp_size = 4096;
  edns.dnssec_ok = true;
  if (dnssec == "DO") parts.edns = &edns;
  std::vector<uint8_t> packet(512);
  packet.resize(dns::encode(parts, packet, packet.size()));
  return packet;
}

std::vector<std::vector<uint8_t>> read_questions(const char* path) {
  std::vector<std::vector<uint8_t>> packets;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) packets.push_back(packet_of(line));
  }
  return packets;
}

class Replay {
 public:
  Replay(server::CoreWorker& worker, std::shared_ptr<server::Configuration> configuration)
      : worker_(worker), sink_(worker), plan_(*configuration->listeners().front()) {
    hold_.configuration = std::move(configuration);
  }

  void ask(std::span<const uint8_t> packet) {
    server::Query& query = worker_.queries().take();
    query.packet = query.arena().copy(packet);
    query.client = query.local = client_;
    query.received = worker_.now();
    query.listener_ = &plan_;
    query.responder_ = &sink_;
    worker_.queries().enter(query, hold_);
    server::serve(worker_, query);
  }
  const Sink& sink() const { return sink_; }

 private:
  const SocketAddress client_{*IpAddress::parse("127.0.0.1"), 40000};
  server::CoreWorker& worker_;
  Sink sink_;
  const server::ListenerPlan& plan_;
  server::ConfigurationHold hold_;
};

bool all_ready(const server::Configuration& configuration) {
  bool ready = true;
  configuration.each<server::Readiness>([&](std::string_view, server::Readiness& each) { ready &= each.ready(); });
  return ready;
}

int run(const char* corefile_path, const char* questions_path, int rounds) {
  std::ifstream file(corefile_path);
  std::stringstream text;
  text << file.rdbuf();
  corefile::ParserInput input;
  input.path = corefile_path;
  auto parsed = corefile::parse(text.str(), input);
  if (parsed.has_error()) return std::fprintf(stderr, "%s\n", parsed.error().front().message.c_str()), 1;

  server::CoreWorker worker(0);
  testing::FakeProcess process(worker.loop());
  const std::vector<server::Plugin> table = server::plugin_table();
  auto built = server::Configuration::build(*parsed, table, process, false);
  if (built.has_error()) return std::fprintf(stderr, "%s\n", built.error().front().message.c_str()), 1;
  std::shared_ptr<server::Configuration> configuration = *built;
  if (auto done = configuration->prepare(); done.has_error()) {
    return std::fprintf(stderr, "%s\n", done.error().message.c_str()), 1;
  }
  while (!all_ready(*configuration)) std::this_thread::sleep_for(std::chrono::milliseconds(5));

  const auto packets = read_questions(questions_path);
  Replay replay(worker, configuration);
  worker.read_clock();
  for (const auto& packet : packets) replay.ask(packet);  // warm: pools, caches of the machine, metric cells

  const std::size_t before = allocations, answered = replay.sink().answers;
  const auto start = std::chrono::steady_clock::now();
  for (int round = 0; round < rounds; ++round) {
    for (const auto& packet : packets) replay.ask(packet);
  }
  const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - start;
  const auto queries = static_cast<double>(replay.sink().answers - answered);
  std::printf("%.0f queries: %.0f ns a query, %.4f heap allocations a query, %.1f octets an answer\n", queries,
              taken.count() / queries, static_cast<double>(allocations - before) / queries,
              static_cast<double>(replay.sink().octets) / static_cast<double>(replay.sink().answers));
  configuration->stop(process.clock().now());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: replay COREFILE QUESTIONS [ROUNDS]\n");
    return 2;
  }
  return run(argv[1], argv[2], argc > 3 ? std::atoi(argv[3]) : 20);
}
