// What is completed, what is answered, and which Corefiles are taken.
#include "plugins/autopath/autopath.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/log_capture.h"
#include "dns/rdata.h"
#include "tests/unit/plugin_fixture.h"

namespace portolan {
extern const server::Plugin autopath_plugin;

namespace {

using dns::Rcode;
using dns::RRType;
using server::Outcome;
using server::Query;
using testing::Answer;
using testing::PluginFixture;
using Lines = std::vector<std::string>;

std::string tried;  // names that the plugin behind was asked for
std::string cause;  // of the outcome, as the plugin in front sees it

// By the first label and the domain where the name exists: "here.one.test" has an address in one.test only. Others are
// NXDOMAIN with an SOA.
Task<Outcome> behind(Query& query, server::Next) {
  tried += query.question.name.text() + " ";
  static constexpr uint8_t kAddress[] = {192, 0, 2, 1};
  const std::string name = query.question.lower.text();
  server::Reply& reply = query.reply();
  reply.header.aa = true;
  const auto is = [&](std::string_view what) { return name == what; };
  if (is("drop.one.test.")) return Outcome::dropped();
  if (is("fail.one.test.") || is("fail.two.test.")) return query.fail(Rcode::servfail, "plugin/behind: broken");
  if (is("refused.one.test.")) return query.fail(Rcode::refused);
  if (is("servfail.two.test.")) return query.answer(Rcode::servfail);
  if (is("nodata.two.test.")) return query.answer();
  if (is("here.one.test.") || is("www.two.test.") || is("refused.two.test.") || is("typed.") ||
      is("www.example.org.")) {
    reply.answer.push_back({query.question.name, RRType::a, dns::RRClass::in, 60, kAddress});
    return query.answer();
  }
  if (is("many.two.test.")) {
    for (int i = 0; i < 100; ++i) {
      const uint8_t address[] = {192, 0, 2, static_cast<uint8_t>(i)};
      reply.answer.push_back({query.question.name, RRType::a, dns::RRClass::in, 60,
                              query.arena().copy(std::span<const uint8_t>(address))});
    }
    reply.part_will_do = true;
    return query.answer();
  }
  if (is("alias.one.test.") || is("alias2.two.test.")) {
    const auto target = *dns::parse_name("target.", query.arena());
    reply.answer.push_back({query.question.name, RRType::cname, dns::RRClass::in, 30, target.wire()});
    reply.answer.push_back({target, RRType::a, dns::RRClass::in, 60, kAddress});
    return query.answer();
  }
  const auto soa = dns::soa_rdata({}, query.arena());
  reply.authority.push_back({query.question.name.parent(), RRType::soa, dns::RRClass::in, 5, soa});
  return query.answer(Rcode::nxdomain);
}

// Knows the search path of one client.
class Provider : public server::Handler, public server::SearchPath {
 public:
  Task<Outcome> serve(Query& query, server::Next next) override { return next(query); }
  std::span<const dns::NameView> search(Query& query) const override {
    if (query.client.ip != *IpAddress::parse("127.0.0.1")) return {};
    const auto path = query.arena().array<dns::NameView>(1);
    path[0] = *dns::parse_name("one.test.", query.arena());
    return path;
  }
  std::string_view search_needs() const override { return needs; }
  static inline std::string_view needs;
};

constexpr server::Plugin kProvider{.name = "knows", .setup = [](server::Setup& setup) -> Result<void> {
                                     setup.add(std::make_unique<Provider>());
                                     return {};
                                   }};

Task<Outcome> in_front(Query& query, server::Next next) {
  Task<Outcome> task = next(query);
  if (!task.ready()) return task;
  const Outcome outcome = task.take();
  cause = outcome.cause;
  return outcome;
}

std::vector<server::Plugin> table() {
  return {testing::stand_in("watch", in_front), autopath_plugin, kProvider, testing::stand_in("last", behind)};
}

class ResolvConf {
 public:
  explicit ResolvConf(std::string_view text) {
    char name[] = "/tmp/portolan-test-XXXXXX";
    folder_ = mkdtemp(name);
    std::ofstream(folder_ / "resolv.conf") << text;
  }
  ~ResolvConf() { std::filesystem::remove_all(folder_); }
  std::string path() const { return (folder_ / "resolv.conf").string(); }

 private:
  std::filesystem::path folder_;
};

std::string block(const std::string& directive) { return ".:53 {\n" + directive + "\nlast\n}\n"; }

struct Setting {
  explicit Setting(const std::string& text = "search One.test two.test\n", const std::string& zones = "")
      : file(text), server(block("watch\nautopath " + zones + file.path()), table()) {
    REQUIRE_MESSAGE(server.ok(), server.error_text());
    tried.clear();
  }
  ResolvConf file;
  PluginFixture server;
};

TEST_CASE("autopath: the first question of a search gets the answer of the first name that exists") {
  static const struct {
    const char* name;
    Rcode rcode;
    Lines answer;
    const char* tried;
  } kCases[] = {
      {"here.one.test.", Rcode::noerror, {"here.one.test. 60 IN A 192.0.2.1"}, "here.one.test. "},
      {"www.one.test.",
       Rcode::noerror,
       {"www.one.test. 60 IN CNAME www.two.test.", "www.two.test. 60 IN A 192.0.2.1"},
       "www.one.test. www.two.test. "},
      {"typed.one.test.",
       Rcode::noerror,
       {"typed.one.test. 60 IN CNAME typed.", "typed. 60 IN A 192.0.2.1"},
       "typed.one.test. typed.two.test. typed. "},
      {"www.example.org.one.test.",
       Rcode::noerror,
       {"www.example.org.one.test. 60 IN CNAME www.example.org.", "www.example.org. 60 IN A 192.0.2.1"},
       "www.example.org.one.test. www.example.org.two.test. www.example.org. "},
      {"alias2.one.test.",
       Rcode::noerror,
       {"alias2.one.test. 30 IN CNAME alias2.two.test.", "alias2.two.test. 30 IN CNAME target.",
        "target. 60 IN A 192.0.2.1"},
       "alias2.one.test. alias2.two.test. "},
      // An answer that begins with the name that was asked needs nothing.
      {"alias.one.test.",
       Rcode::noerror,
       {"alias.one.test. 30 IN CNAME target.", "target. 60 IN A 192.0.2.1"},
       "alias.one.test. "},
      // No data is an answer too, and so is a failure that somebody has written.
      {"nodata.one.test.", Rcode::noerror, {}, "nodata.one.test. nodata.two.test. "},
      {"servfail.one.test.", Rcode::servfail, {}, "servfail.one.test. servfail.two.test. "},
      // All in vain: the client is told so, and asks itself.
      {"no.one.test.", Rcode::nxdomain, {}, "no.one.test. no.two.test. no. "},
      // Not the first of a search.
      {"www.two.test.", Rcode::noerror, {"www.two.test. 60 IN A 192.0.2.1"}, "www.two.test. "},
      {"no.two.test.", Rcode::nxdomain, {}, "no.two.test. "},
      {"typed.", Rcode::noerror, {"typed. 60 IN A 192.0.2.1"}, "typed. "},
      // Where plugins fail.
      {"refused.one.test.",
       Rcode::noerror,
       {"refused.one.test. 60 IN CNAME refused.two.test.", "refused.two.test. 60 IN A 192.0.2.1"},
       "refused.one.test. refused.two.test. "},
      {"one.test.", Rcode::servfail, {}, ""},
  };
  Setting setting;
  for (const auto& each : kCases) {
    CAPTURE(each.name);
    tried.clear();
    const Answer got = setting.server.ask(each.name);
    CHECK(got.rcode == each.rcode);
    CHECK(got.answer == each.answer);
    CHECK(tried == each.tried);
  }
}

TEST_CASE("autopath: when all is in vain the first answer is given whole") {
  Setting setting;
  const Answer got = setting.server.ask("no.one.test.");
  CHECK(got.rcode == Rcode::nxdomain);
  CHECK(got.header.aa);
  REQUIRE(got.authority.size() == 1);
  CHECK(got.authority[0].starts_with("one.test. 5 IN SOA "));
}

TEST_CASE("autopath: the question is repeated and named as it was asked, the domains are tried in lower case") {
  Setting setting;
  const Answer got = setting.server.ask("Www.ONE.test.");
  CHECK(got.answer == Lines{"Www.ONE.test. 60 IN CNAME Www.two.test.", "Www.two.test. 60 IN A 192.0.2.1"});
  CHECK(tried == "Www.one.test. Www.two.test. ");
  const std::string_view message(reinterpret_cast<const char*>(got.message.data()), got.message.size());
  CHECK(message.substr(12, 14) == std::string_view("\3Www\3ONE\4test\0", 14));
}

TEST_CASE("autopath: of an answer whose part will do as much is given as there is room for") {
  Setting setting;
  const Answer got = setting.server.ask("many.one.test.");
  CHECK_FALSE(got.header.tc);
  CHECK(got.answer.size() > 10);
  CHECK(got.answer.size() < 101);
}

TEST_CASE("autopath: a failure with a cause ends the search, a dropped query is dropped") {
  Setting setting;
  const Answer failed = setting.server.ask("fail.one.test.");
  CHECK(failed.rcode == Rcode::servfail);
  CHECK(cause == "plugin/behind: broken");
  CHECK(tried == "fail.one.test. ");
  CHECK(setting.server.ask("drop.one.test.", {}).silent);
}

TEST_CASE("autopath: transfers are not completed") {
  Setting setting;
  testing::Ask ask{.name = "no.one.test.", .type = RRType::axfr};
  setting.server.ask(ask);
  CHECK(tried == "no.one.test. ");
}

TEST_CASE("autopath: names that would be too long are left out of the search") {
  std::string domain, label(60, 'x');
  for (int i = 0; i < 3; ++i) domain += label + ".";
  Setting setting("search a " + domain + "\n");
  const std::string typed = label + "." + label + ".typed.";
  CHECK(setting.server.ask(typed + "a.").rcode == Rcode::nxdomain);
  CHECK(tried == typed + "a. " + typed + " ");
}

TEST_CASE("autopath: only names in its zones are completed") {
  Setting inside("search one.test two.test\n", "test ");
  inside.server.ask("www.one.test.");
  CHECK(tried == "www.one.test. www.two.test. ");
  Setting outside("search one.test two.test\n", "two.test example.org ");
  outside.server.ask("www.one.test.");
  CHECK(tried == "www.one.test. ");
}

TEST_CASE("autopath: a file without domains, or with the root first, completes nothing") {
  for (const char* text : {"nameserver 192.0.2.1\n", "search\n", "search . one.test\n"}) {
    CAPTURE(text);
    Setting setting(text);
    CHECK(setting.server.ask("no.one.test.").rcode == Rcode::nxdomain);
    CHECK(tried == "no.one.test. ");
  }
}

TEST_CASE("autopath: a plugin of the block may know the client's search path") {
  PluginFixture server(block("knows\nautopath @knows"), table());
  REQUIRE_MESSAGE(server.ok(), server.error_text());
  tried.clear();
  CHECK(server.ask("typed.one.test.").answer.size() == 2);
  CHECK(tried == "typed.one.test. typed. ");
  tried.clear();
  CHECK(server.ask({.name = "typed.one.test.", .client = "127.0.0.9"}).rcode == Rcode::nxdomain);
  CHECK(tried == "typed.one.test. ");
}

TEST_CASE("autopath: what cannot be is refused, what does nothing is warned of") {
  log::LogCapture capture;
  const auto errors = [](const std::string& directive) {
    return PluginFixture(block(directive), table()).error_text();
  };
  CHECK(errors("autopath") == "plugin/autopath: Corefile:2 - Error during parsing: no resolv-conf specified\n");
  CHECK(errors("autopath /nonexistent/rc") ==
        "plugin/autopath: Corefile:2 - Error during parsing: failed to parse \"/nonexistent/rc\": open "
        "/nonexistent/rc: no such file or directory\n");
  CHECK(errors("autopath @last") == "plugin/autopath: Corefile:2 - '@last': the plugin last knows no search paths\n");
  CHECK(errors("autopath @knows {\n}").find("has no block") != std::string::npos);
  CHECK(capture.take().empty());

  CHECK(errors("autopath @nosuch").empty());
  CHECK(capture.take() ==
        "[WARNING] plugin/autopath: Corefile:2 - '@nosuch': the server block has no nosuch, so that no search is "
        "completed\n");
  Provider::needs = "more to know";
  CHECK(errors("knows\nautopath example.org @knows").empty());
  Provider::needs = {};
  CHECK(capture.take() ==
        "[WARNING] plugin/autopath: Corefile:3 - '@knows' needs more to know, so that no search is completed\n");

  PluginFixture twice(block("autopath @nosuch\nknows\nautopath @knows"), table());
  REQUIRE(twice.ok());
  CHECK(twice.configuration().warnings() ==
        Lines{"plugin/autopath: Corefile:2 - only the last autopath of a server block counts"});
  CHECK(twice.ask("typed.one.test.").answer.size() == 2);
}

TEST_CASE("autopath: searches that ended with an answer are counted for each server") {
  const metrics::CounterFamily family("coredns_autopath_success_total", "Counter of requests that did get autopathed.",
                                      {"server"});
  Setting setting;
  const metrics::Counter counter = family.with({"dns://:53"});
  const uint64_t before = counter.value();
  for (const char* name :
       {"here.one.test.", "www.one.test.", "nodata.one.test.", "no.one.test.", "www.two.test.", "fail.one.test."}) {
    setting.server.ask(name);
  }
  CHECK(counter.value() - before == 3);
}

}  // namespace
}  // namespace portolan
