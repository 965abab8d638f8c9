// bufsize: what becomes of the client's size.
#include "plugins/bufsize/bufsize.h"

#include <doctest/doctest.h>

namespace portolan::bufsize {
namespace {

class Last : public server::Handler {
 public:
  Task<server::Outcome> serve(server::Query& query, server::Next) override { return query.answer(); }
};

TEST_CASE("bufsize: larger sizes are lowered, smaller ones and questions without EDNS are left alone") {
  struct Case {
    int asked, limit, expected;  // -1: no EDNS
  };
  const Case cases[] = {{4096, 1232, 1232}, {1233, 1232, 1232}, {1232, 1232, 1232}, {700, 1232, 700},
                        {100, 512, 100},    {-1, 1232, -1},     {65535, 4096, 4096}};
  Last last;
  for (const Case& c : cases) {
    CAPTURE(c.asked);
    Bufsize bufsize(static_cast<uint16_t>(c.limit));
    const server::Next::Link links[] = {{}, {&bufsize, "bufsize"}, {&last, "last"}, {}};
    server::Query query;
    if (c.asked >= 0) query.edns = dns::Edns{.udp_size = static_cast<uint16_t>(c.asked)};
    auto task = server::Next(links + 1)(query);
    REQUIRE(task.ready());
    CHECK(task.take().verdict == server::Verdict::answered);
    CHECK((query.edns ? int{query.edns->udp_size} : -1) == c.expected);
  }
}

}  // namespace
}  // namespace portolan::bufsize
