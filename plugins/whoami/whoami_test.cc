// whoami: its two records, for both families and transports.
#include "plugins/whoami/whoami.h"

#include <doctest/doctest.h>

#include "dns/rdata_text.h"

namespace portolan::whoami {
namespace {

struct Case {
  const char* name;
  const char* client;
  server::Transport transport;
  std::vector<std::string> expected;
};

std::vector<std::string> ask(const Case& c) {
  static const server::Next::Link kEnd[] = {{}, {}};
  Whoami whoami;
  server::Query query;
  query.asked.name = query.question.name = *dns::parse_name(c.name, query.arena());
  query.asked.lower = query.question.lower = dns::lower(query.question.name, query.arena());
  query.question.type = query.asked.type = dns::RRType::txt;
  query.transport = c.transport;
  query.client = {*IpAddress::parse(c.client), 40212, 0};
  auto task = whoami.serve(query, server::Next(kEnd + 1));
  REQUIRE(task.ready());
  CHECK(task.take().verdict == server::Verdict::answered);
  CHECK(query.reply().header.aa);
  CHECK(query.reply().answer.empty());
  std::vector<std::string> records;
  for (const dns::Record& record : query.reply().additional) records.push_back(dns::record_text(record));
  return records;
}

TEST_CASE("whoami: the asker's address, port and transport come back in the additional section") {
  const Case cases[] = {
      {"alder.test.",
       "127.0.0.1",
       server::Transport::udp,
       {"alder.test.\t0\tIN\tA\t127.0.0.1", "_udp.alder.test.\t0\tIN\tSRV\t0 0 40212 ."}},
      {"A.alder.test.",
       "2001:db8::7",
       server::Transport::tcp,
       {"A.alder.test.\t0\tIN\tAAAA\t2001:db8::7", "_tcp.A.alder.test.\t0\tIN\tSRV\t0 0 40212 ."}},
      {".", "192.0.2.1", server::Transport::udp, {".\t0\tIN\tA\t192.0.2.1", "_udp.\t0\tIN\tSRV\t0 0 40212 ."}},
      {"b.test.",
       "::ffff:192.0.2.1",
       server::Transport::udp,
       {"b.test.\t0\tIN\tA\t192.0.2.1", "_udp.b.test.\t0\tIN\tSRV\t0 0 40212 ."}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(ask(c) == c.expected);
  }
}

TEST_CASE("whoami: a name of 255 octets goes without the second record") {
  const std::string label(63, 'a');
  const std::string name = label + "." + label + "." + label + "." + std::string(61, 'b') + ".";
  CHECK(ask({name.c_str(), "192.0.2.1", server::Transport::udp, {}}).size() == 1);
}

}  // namespace
}  // namespace portolan::whoami
