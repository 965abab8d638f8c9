// A whole server in a test, without sockets: a Corefile, a worker whose loop the test runs, questions and their
// answers.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/configuration.h"
#include "server/core_worker.h"
#include "server/process.h"

namespace portolan::testing {

/// A question as a client would put it.
struct Ask {
  std::string name;
  dns::RRType type = dns::RRType::a;
  dns::RRClass cls = dns::RRClass::in;
  dns::Opcode opcode = dns::Opcode::query;
  server::Transport transport = server::Transport::udp;
  bool rd = true, cd = false, ad = false;
  int edns_size = -1;  // no OPT
  bool dnssec_ok = false;
  std::string client = "127.0.0.1";
  int64_t serial = -1;      // of an SOA in the authority section, as IXFR has it; none
  size_t takes = SIZE_MAX;  // messages of a stream, before the client closes its connection
};

/// What the client would read.
struct Answer {
  bool silent = true;
  dns::Header header;
  dns::Rcode rcode = dns::Rcode::noerror;
  bool has_edns = false;
  std::vector<std::string> answer, authority,
      additional;  // "owner ttl class type rdata", single spaces; of all messages
  std::vector<uint8_t> message;
  std::vector<std::vector<uint8_t>> streamed;  // the messages in front of `message`
};

class FakeProcess : public server::Process {
 public:
  explicit FakeProcess(Loop& loop) : loop_(loop) {}
  const std::string& corefile_path() const override { return path; }
  std::string corefile_text() const override { return text; }
  Result<std::string> read_corefile_text() const override { return {boost::system::in_place_value, text_on_disk}; }
  void request_reload() override { ++reloads; }
  void fatal(const std::string& message, int code) override {
    fatal_message = message;
    fatal_code = code;
  }
  unsigned workers() const override { return 1; }
  Loop& background() override { return loop_; }
  const Clock& clock() const override { return fake_clock; }
  void set_lameduck(std::chrono::nanoseconds duration) override { lameduck = duration; }
  uint16_t default_port() const override { return 53; }

  std::string path = "Corefile", text, text_on_disk, fatal_message;
  int reloads = 0, fatal_code = 0;
  std::chrono::nanoseconds lameduck{0};
  FakeClock fake_clock;

 private:
  Loop& loop_;
};

class PluginFixture {
 public:
  /// Sets up `corefile` with the directives of `table`. When that fails, errors() has the messages and nothing else may
  /// be called.
  PluginFixture(std::string_view corefile, std::vector<server::Plugin> table, const PluginFixture* previous = nullptr);
  ~PluginFixture();

  bool ok() const { return configuration_ != nullptr; }
  const std::vector<Error>& errors() const { return errors_; }
  /// All messages, one a line.
  std::string error_text() const;

  /// Asks through the first listener (or the one with `label`) and runs the loop until the answer is there, at most
  /// `limit`.
  Answer ask(const Ask& question, std::chrono::milliseconds limit = std::chrono::seconds(10),
             std::string_view label = {});
  Answer ask(std::string_view name, dns::RRType type = dns::RRType::a);
  /// Runs the loop until `done` is true; false when `limit` passed first.
  bool run_until(const std::function<bool()>& done, std::chrono::milliseconds limit = std::chrono::seconds(10));

  server::Configuration& configuration() { return *configuration_; }
  FakeProcess& process() { return process_; }
  server::CoreWorker& worker() { return worker_; }
  /// The first handler of a directive, as its own type.
  template <class T>
  T& handler(std::string_view name) {
    return dynamic_cast<T&>(*configuration_->blocks().front()->other(name));
  }

 private:
  server::CoreWorker worker_;
  FakeProcess process_;
  std::vector<server::Plugin> table_;
  std::shared_ptr<server::Configuration> configuration_;
  std::vector<Error> errors_;
  server::ConfigurationHold hold_;
};

/// A directive `name` whose handler is `serve`, to stand behind or in front of the plugin under test.
server::Plugin stand_in(std::string_view name,
                        std::function<Task<server::Outcome>(server::Query&, server::Next)> serve);

/// A directive `name` that notes in `seen` the code of the reason that comes back with each outcome; none without one.
server::Plugin reason_seen(std::string_view name, dns::EdeCode& seen);

}  // namespace portolan::testing
