// What comes in as octets, whatever it holds, is answered.
#include "server/serve.h"

#include <doctest/doctest.h>

#include <vector>

#include "dns/message.h"
#include "server/configuration.h"
#include "server/core_metrics.h"
#include "server/core_worker.h"

namespace portolan::server {
namespace {

// Keeps the answers; a query lives until its worker is gone.
class Answers : public Responder {
 public:
  explicit Answers(CoreWorker& worker) : worker_(worker) {}
  void respond(Query& query, std::span<const uint8_t> message) override {
    rcodes.push_back(message[3] & 15);
    worker_.queries().give_back(query);
  }
  std::vector<int> rcodes;

 private:
  CoreWorker& worker_;
};

constexpr uint8_t kQuestion[] = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1};

}  // namespace

TEST_CASE("serve: beyond the queries that may be under way, new ones are answered SERVFAIL") {
  for (const Transport transport : {Transport::udp, Transport::tcp}) {
    CoreWorker worker(0, 2);
    Answers answers(worker);
    const ListenerPlan plan;  // no block: whoever gets that far is refused
    ConfigurationHold hold;
    const auto come = [&]() -> Query& {
      Query& query = worker.queries().take();
      query.packet = query.arena().copy(kQuestion);
      query.transport = transport;
      query.listener_ = &plan;
      query.responder_ = &answers;
      worker.queries().enter(query, hold);
      return query;
    };
    const double before = core_metrics().overloaded.value();
    Query& waits = come();
    serve(worker, come());
    CHECK(answers.rcodes == std::vector{5});
    Query& waits_too = come();
    serve(worker, come());
    CHECK(answers.rcodes == std::vector{5, 2});
    CHECK(core_metrics().overloaded.value() == before + 1);
    worker.queries().give_back(waits);
    serve(worker, come());
    CHECK(answers.rcodes == std::vector{5, 2, 5});
    worker.queries().give_back(waits_too);
  }
}

TEST_CASE("serve: what is no question is answered, or not, without a configuration") {
  CoreWorker worker(0);
  Answers answers(worker);
  const ListenerPlan plan;
  ConfigurationHold hold;
  Query& query = worker.queries().take();
  query.packet = query.arena().copy(std::span(kQuestion).first(14));
  query.listener_ = &plan;
  query.responder_ = &answers;
  worker.queries().enter(query, hold);
  serve(worker, query);
  CHECK(answers.rcodes == std::vector{1});
  CHECK(worker.queries().in_flight() == 0);
}

}  // namespace portolan::server
