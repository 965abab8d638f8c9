// rewrite cname: where aliases lead.
#include "plugins/rewrite/rewrite_fixture.h"

namespace portolan::rewrite {
namespace {

using namespace testing;

TEST_CASE("rewrite: an alias leads elsewhere, and what is there follows it") {
  const std::map<std::string, Sections> zone = {
      {"my.test.",
       {{"@ 200 IN CNAME my.mid.", "my.mid. 200 IN CNAME My.cdn.test.", "My.cdn.test. 300 IN A 192.0.2.1"},
        {"test. 60 IN NS ns.test."}}},
      {"my.other.test.", {{"@ 100 IN A 192.0.2.9", "@ 100 IN A 192.0.2.10"}}},
      {"way.test.", {{"@ 100 IN CNAME my.other.test.", "my.other.test. 100 IN A 192.0.2.9"}}},
  };
  struct Case {
    const char* rules;
    Texts answer;
  };
  const Texts other = {"my.test. 200 IN CNAME my.mid.", "my.mid. 200 IN CNAME my.other.test.",
                       "my.other.test. 100 IN A 192.0.2.9", "my.other.test. 100 IN A 192.0.2.10"};
  const Case cases[] = {
      {"rewrite cname my.cdn.test my.other.test", other},
      {"rewrite cname exact MY.cdn.test. my.other.test.", other},
      {"rewrite cname suffix .cdn.test. .other.test.", other},
      {"rewrite cname prefix my.cdn my.other", other},
      {"rewrite cname substring cdn other", other},
      {R"(rewrite cname regex (.*)\.cdn\.test\. {1}.other.test.)", other},
      {R"(rewrite cname regex (\S*)\.CDN\.test {1}.other.test)", other},  // case is ignored, \S stays what it is
      {"rewrite cname other.cdn.test my.other.test",
       {"my.test. 200 IN CNAME my.mid.", "my.mid. 200 IN CNAME My.cdn.test.", "My.cdn.test. 300 IN A 192.0.2.1"}},
      {"rewrite cname my.mid way.test",
       {"my.test. 200 IN CNAME way.test.", "way.test. 100 IN CNAME my.other.test.",
        "my.other.test. 100 IN A 192.0.2.9"}},
      // A target that nobody knows.
      {"rewrite cname my.cdn.test nowhere.test",
       {"my.test. 200 IN CNAME my.mid.", "my.mid. 200 IN CNAME nowhere.test."}},
      // Both of two rules; each looks at the answer as it came.
      {"rewrite continue cname my.mid way.test\n rewrite ttl my.test 7",
       {"my.test. 7 IN CNAME way.test.", "way.test. 100 IN CNAME my.other.test.", "my.other.test. 100 IN A 192.0.2.9"}},
  };
  for (const bool waits : {false, true}) {
    for (const Case& c : cases) {
      CAPTURE(std::string(c.rules));
      Rewriter fixture(c.rules);
      scene.zone = zone;
      scene.waits = waits;
      const Answer answer = fixture.ask("my.test.");
      CHECK(answer.rcode == dns::Rcode::noerror);
      CHECK(answer.answer == c.answer);
      CHECK(answer.authority.size() == 1);
    }
  }
}

TEST_CASE("rewrite: the new target is asked for with the type that the plugins behind were asked") {
  Rewriter fixture("rewrite continue type A AAAA\n rewrite cname a.test b.test");
  scene.zone["x.test."] = {{"@ 60 IN CNAME a.test."}};
  scene.zone["b.test."] = {{"@ 60 IN AAAA 2001:db8::1"}};
  CHECK(fixture.ask("x.test.").answer == Texts{"x.test. 60 IN CNAME b.test.", "b.test. 60 IN AAAA 2001:db8::1"});
}

TEST_CASE("rewrite: aliases that are led in a circle end") {
  Rewriter fixture("rewrite cname regex (.*)\\.test {1}.test.test");
  scene.zone["*"] = {{"@ 60 IN CNAME a.test.", "a.test. 60 IN CNAME b.test.", "b.test. 60 IN CNAME c.test.",
                      "c.test. 60 IN CNAME d.test.", "d.test. 60 IN CNAME e.test.", "e.test. 60 IN CNAME f.test.",
                      "f.test. 60 IN CNAME g.test.", "g.test. 60 IN CNAME h.test.", "h.test. 60 IN CNAME i.test.",
                      "i.test. 60 IN CNAME j.test."}};
  const Answer answer = fixture.ask("x.test.");
  CHECK(answer.rcode == dns::Rcode::noerror);
  CHECK(scene.questions <= 1 + 8 * 8);  // eight aliases, each with one within another up to the depth of look-ups
}

TEST_CASE("rewrite: an alias whose new target is no name is SERVFAIL") {
  Rewriter fixture("rewrite cname suffix .a.test. ..b.test.");
  scene.zone["*"] = {{"@ 60 IN CNAME x.a.test."}};
  CHECK(fixture.ask("x.test.").rcode == dns::Rcode::servfail);
  CHECK(scene.questions == 1);
}

}  // namespace
}  // namespace portolan::rewrite
