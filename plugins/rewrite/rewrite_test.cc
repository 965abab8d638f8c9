// rewrite: what the plugins behind are asked, and what the client reads.
#include "plugins/rewrite/rewrite.h"

#include "plugins/rewrite/rewrite_fixture.h"

namespace portolan::rewrite {
namespace {

using dns::Rcode;
using dns::RRType;
using namespace testing;

TEST_CASE("rewrite: the question is renamed by the first rule that fits, or by several with continue") {
  struct Case {
    const char *rules, *name, *asked;
  };
  const Case cases[] = {
      {"rewrite name old.test new.test", "old.test.", "new.test. A IN"},
      {"rewrite name old.test new.test", "OLD.test.", "new.test. A IN"},
      {"rewrite name old.test new.test", "x.old.test.", "x.old.test. A IN"},
      {"rewrite name old.test new.test", "X.Old.test.", "X.Old.test. A IN"},  // no rule: the case stays
      {"rewrite name exact OLD.test. NEW.test.", "old.test.", "new.test. A IN"},
      {"rewrite name prefix pre. x.", "pre.one.test.", "x.one.test. A IN"},
      {"rewrite name prefix pre- x-", "pre-one.test.", "pre-one.test. A IN"},  // "pre-." is what is compared
      {"rewrite name suffix .a.test .b.test", "x.y.a.test.", "x.y.b.test. A IN"},
      {"rewrite name suffix a.test b.test", "xa.test.", "xb.test. A IN"},
      {"rewrite name substring mid in", "x.mid.test.", "x.in.test. A IN"},
      {R"(rewrite name regex (.*)-x\.a\.test {1}.b.test)", "www-x.a.test.", "www.b.test. A IN"},
      {R"(rewrite name regex ^foo\.(.*)$ foo.fixed.test)", "foo.any.test.", "foo.fixed.test. A IN"},
      {"rewrite name a.test b.test\n rewrite name b.test c.test", "a.test.", "b.test. A IN"},
      {"rewrite continue name a.test b.test\n rewrite name b.test c.test", "a.test.", "c.test. A IN"},
      {"rewrite CONTINUE name a.test b.test\n rewrite type A AAAA", "a.test.", "b.test. AAAA IN"},
      {"rewrite stop {\n name\n a.test b.test\n }", "a.test.", "b.test. A IN"},
      {"rewrite {\n continue name a.test b.test\n }\n rewrite class IN CH", "a.test.", "b.test. A CH"},
      {"rewrite type AAAA A\n rewrite type ANY HINFO", "a.test.", "a.test. A IN"},
      {"rewrite type a aaaa", "a.test.", "a.test. AAAA IN"},
      {R"(rewrite name regex (.*)\.a\.test\. {1}.b.test)", "two\\.dots.a.test.", "two\\.dots.b.test. A IN"},
  };
  for (const bool waits : {false, true}) {
    for (const Case& c : cases) {
      CAPTURE(std::string(c.rules));
      CAPTURE(std::string(c.name));
      Rewriter fixture(c.rules);
      scene.waits = waits;
      scene.zone["*"] = {{"@ 60 IN TXT t"}};
      const Answer answer = fixture.ask(c.name);
      CHECK(scene.asked == c.asked);
      CHECK(answer.rcode == Rcode::noerror);
      // Neither the client nor the plugins in front see anything of it.
      CHECK(scene.question_in_front == std::string(c.name) + " A IN");
      CHECK(scene.question_repeated == std::string(c.name) + " A IN");
    }
  }
}

TEST_CASE("rewrite: a name that cannot be is SERVFAIL and asked of nobody") {
  const std::string label64(64, 'l'), label63(63, 'l');
  const std::pair<std::string, const char*> cases[] = {
      {R"(rewrite name regex (.*)\.a\.test {1}..b.test)", "x.a.test."},
      {"rewrite name x.a.test " + label64 + ".test", "x.a.test."},
      {"rewrite continue name suffix a.test .b.test\n rewrite type A AAAA", "x.a.test."},
      {"rewrite name suffix a.test " + label63 + "." + label63 + "." + label63 + "." + label63 + ".", "x.a.test."},
  };
  for (const auto& [rules, name] : cases) {
    CAPTURE(rules);
    Rewriter fixture(rules);
    scene.zone["*"] = {{"@ 60 IN TXT t"}};
    const Answer answer = fixture.ask(name);
    CHECK(answer.rcode == Rcode::servfail);
    CHECK(scene.questions == 0);
    CHECK(scene.cause.starts_with("invalid name after rewrite: "));
    CHECK(scene.question_in_front == std::string(name) + " A IN");
  }
}

TEST_CASE("rewrite: names of the reply are led back as the rule says") {
  const Sections reply = {{"@ 60 IN CNAME www.b.test.", "www.b.test. 60 IN A 192.0.2.1"},
                          {"b.test. 60 IN NS ns.b.test."},
                          {"ns.b.test. 60 IN A 192.0.2.2"}};
  struct Case {
    const char *rules, *name;
    Texts answer, authority, additional;
  };
  const Case cases[] = {
      // exact: the name itself and what lies below it, owners and values
      {"rewrite name a.test b.test",
       "a.test.",
       {"a.test. 60 IN CNAME www.a.test.", "www.a.test. 60 IN A 192.0.2.1"},
       {"a.test. 60 IN NS ns.a.test."},
       {"ns.a.test. 60 IN A 192.0.2.2"}},
      // nothing without `answer`
      {"rewrite name suffix .a.test .b.test",
       "x.a.test.",
       {"x.b.test. 60 IN CNAME www.b.test.", "www.b.test. 60 IN A 192.0.2.1"},
       {"b.test. 60 IN NS ns.b.test."},
       {"ns.b.test. 60 IN A 192.0.2.2"}},
      // suffix: by its own FROM and TO, so that the zone itself, without a dot in front, stays
      {"rewrite name suffix .a.test .b.test answer auto",
       "x.a.test.",
       {"x.a.test. 60 IN CNAME www.a.test.", "www.a.test. 60 IN A 192.0.2.1"},
       {"b.test. 60 IN NS ns.a.test."},
       {"ns.a.test. 60 IN A 192.0.2.2"}},
      // others: the name that was asked for
      {R"(rewrite name regex (.*)\.a\.test {1}.b.test answer auto)",
       "X.a.test.",
       {"x.a.test. 60 IN CNAME www.b.test.", "www.b.test. 60 IN A 192.0.2.1"},
       {"b.test. 60 IN NS ns.b.test."},
       {"ns.b.test. 60 IN A 192.0.2.2"}},
      {R"(rewrite name suffix .a.test .b.test answer name (.*)\.b\.test {1}.n.test)",
       "x.a.test.",
       {"x.n.test. 60 IN CNAME www.b.test.", "www.n.test. 60 IN A 192.0.2.1"},
       {"b.test. 60 IN NS ns.b.test."},
       {"ns.n.test. 60 IN A 192.0.2.2"}},
      {R"(rewrite name suffix .a.test .b.test answer value (.*)\.b\.test {1}.v.test)",
       "x.a.test.",
       {"x.b.test. 60 IN CNAME www.v.test.", "www.b.test. 60 IN A 192.0.2.1"},
       {"b.test. 60 IN NS ns.v.test."},
       {"ns.b.test. 60 IN A 192.0.2.2"}},
      // `answer` may be left out behind the first; what stands last is done first
      {R"(rewrite name suffix .a.test .b.test answer value ^www\.(.*)\.$ {1} value ^(.*)\.b\.test\.$ {1}.v.test)",
       "x.a.test.",
       {"x.b.test. 60 IN CNAME v.test.", "www.b.test. 60 IN A 192.0.2.1"},
       {"b.test. 60 IN NS ns.v.test."},
       {"ns.b.test. 60 IN A 192.0.2.2"}},
      {R"(rewrite name suffix .a.test .b.test answer auto answer value www\..* fixed.test)",
       "x.a.test.",
       {"x.a.test. 60 IN CNAME fixed.test.", "www.a.test. 60 IN A 192.0.2.1"},
       {"b.test. 60 IN NS ns.a.test."},
       {"ns.a.test. 60 IN A 192.0.2.2"}},
      // rules are undone in reverse order
      {"rewrite continue name suffix .a.test .m.test answer auto\n rewrite name suffix .m.test .b.test answer auto",
       "x.a.test.",
       {"x.a.test. 60 IN CNAME www.a.test.", "www.a.test. 60 IN A 192.0.2.1"},
       {"b.test. 60 IN NS ns.a.test."},
       {"ns.a.test. 60 IN A 192.0.2.2"}},
  };
  for (const bool waits : {false, true}) {
    for (const Case& c : cases) {
      CAPTURE(std::string(c.rules));
      Rewriter fixture(c.rules);
      scene.zone["*"] = reply;
      scene.waits = waits;
      const Answer answer = fixture.ask(c.name);
      CHECK(answer.answer == c.answer);
      CHECK(answer.authority == c.authority);
      CHECK(answer.additional == c.additional);
    }
  }
}

TEST_CASE("rewrite: values change in the types that hold a name, and nowhere else") {
  const std::pair<const char*, const char*> cases[] = {
      {"@ 60 IN CNAME t.b.test.", "x.b.test. 60 IN CNAME t.v.test."},
      {"@ 60 IN DNAME t.b.test.", "x.b.test. 60 IN DNAME t.v.test."},
      {"@ 60 IN NS t.b.test.", "x.b.test. 60 IN NS t.v.test."},
      {"@ 60 IN PTR t.b.test.", "x.b.test. 60 IN PTR t.v.test."},
      {"@ 60 IN MX 10 t.b.test.", "x.b.test. 60 IN MX 10 t.v.test."},
      {"@ 60 IN SRV 1 2 3 t.b.test.", "x.b.test. 60 IN SRV 1 2 3 t.v.test."},
      {"@ 60 IN SOA t.b.test. h.b.test. 1 2 3 4 5", "x.b.test. 60 IN SOA t.v.test. h.b.test. 1 2 3 4 5"},
      {"@ 60 IN NAPTR 1 2 \"s\" \"SIP+D2U\" \"\" t.b.test.",
       "x.b.test. 60 IN NAPTR 1 2 \"s\" \"SIP+D2U\" \"\" t.v.test."},
      {"@ 60 IN RP t.b.test. t.b.test.", "x.b.test. 60 IN RP t.b.test. t.b.test."},
      {"@ 60 IN TXT t.b.test.", "x.b.test. 60 IN TXT \"t.b.test.\""},
      {"@ 60 IN HTTPS 1 t.b.test.", "x.b.test. 60 IN HTTPS 1 t.b.test."},
  };
  Rewriter fixture(R"(rewrite name suffix .a.test .b.test answer value (.*)\.b\.test {1}.v.test)");
  for (const auto& [given, expected] : cases) {
    CAPTURE(std::string(given));
    scene.zone["*"] = {{given}};
    CHECK(fixture.ask("x.a.test.").answer == Texts{expected});
  }
}

TEST_CASE("rewrite: a reply in which a name would be too long is SERVFAIL") {
  const std::string label(63, 'l'), three = label + "." + label + "." + label + ".";
  Rewriter fixture("rewrite name suffix ." + three + " .b.test answer auto");
  scene.zone["*"] = {{"@ 60 IN CNAME " + label + ".b.test."}};
  const Answer answer = fixture.ask("x." + three);
  CHECK(answer.rcode == Rcode::servfail);
  CHECK(answer.answer.empty());
  CHECK(scene.cause.starts_with("invalid name in the reply after rewrite of x.lll"));
}

TEST_CASE("rewrite: TTLs are set, raised and capped in all sections") {
  struct Case {
    const char *rule, *name;
    Texts answer;
    const char* authority;
  };
  const Texts untouched = {"10", "100", "1000"};
  const Case cases[] = {
      {"ttl a.test 15", "a.test.", {"15", "15", "15"}, "15"},
      {"ttl exact A.test. 15", "a.TEST.", {"15", "15", "15"}, "15"},
      {"ttl a.test 15", "x.a.test.", untouched, "60"},
      {"ttl a.test -30", "a.test.", {"10", "30", "30"}, "30"},
      {"ttl a.test 30-", "a.test.", {"30", "100", "1000"}, "60"},
      {"ttl a.test 30-300", "a.test.", {"30", "100", "300"}, "60"},
      {"ttl a.test 0", "a.test.", {"0", "0", "0"}, "0"},
      {"ttl prefix x. 7", "x.a.test.", {"7", "7", "7"}, "7"},
      {"ttl suffix .a.test. 7", "x.a.test.", {"7", "7", "7"}, "7"},
      {"ttl substring a.te 7", "x.a.test.", untouched, "60"},  // "a.te." is what is looked for
      {"ttl substring a.test 7", "x.a.test.", {"7", "7", "7"}, "7"},
      {R"(ttl regex ^x\. 7)", "x.a.test.", {"7", "7", "7"}, "7"},
  };
  for (const Case& c : cases) {
    CAPTURE(std::string(c.rule));
    Rewriter fixture(std::string("rewrite ") + c.rule);
    scene.zone["*"] = {{"@ 10 IN TXT t", "@ 100 IN TXT t", "@ 1000 IN TXT t"}, {"@ 60 IN TXT t"}};
    const Answer answer = fixture.ask(c.name);
    const std::string owner = dns::name(c.name).text();
    Texts expected;
    for (const std::string& ttl : c.answer) expected.push_back(owner + " " + ttl + " IN TXT \"t\"");
    CHECK(answer.answer == expected);
    CHECK(answer.authority == Texts{owner + " " + c.authority + " IN TXT \"t\""});
  }
}

TEST_CASE("rewrite: response codes are exchanged, those of failures too") {
  struct Case {
    const char *rules, *name;
    bool known;  // else the backend fails with REFUSED
    Rcode given, expected;
  };
  const Case cases[] = {
      {"rewrite rcode a.test NXDOMAIN NOERROR", "a.test.", true, Rcode::nxdomain, Rcode::noerror},
      {"rewrite rcode a.test NXDOMAIN NOERROR", "a.test.", true, Rcode::servfail, Rcode::servfail},
      {"rewrite rcode a.test NXDOMAIN NOERROR", "b.test.", true, Rcode::nxdomain, Rcode::nxdomain},
      {"rewrite rcode suffix test 5 3", "x.test.", false, Rcode::noerror, Rcode::nxdomain},
      {"rewrite continue rcode suffix test REFUSED FORMERR", "x.test.", false, Rcode::noerror, Rcode::formerr},
      {"rewrite rcode prefix one NOERROR REFUSED", "one.test.", true, Rcode::noerror, Rcode::refused},
      {"rewrite rcode regex ^old.* 3 5", "oldest.test.", true, Rcode::nxdomain, Rcode::refused},
      {"rewrite rcode substring b.t noerror notimpl", "a.b.t.c.", true, Rcode::noerror, Rcode::notimp},
      {"rewrite type A AAAA", "x.test.", false, Rcode::noerror, Rcode::refused},
  };
  for (const bool waits : {false, true}) {
    for (const Case& c : cases) {
      CAPTURE(std::string(c.rules));
      Rewriter fixture(c.rules);
      scene.waits = waits;
      if (c.known) scene.zone["*"] = {{}, {}, {}, c.given};
      const Answer answer = fixture.ask(c.name);
      CHECK(answer.rcode == c.expected);
      // A failure becomes a reply, and keeps its cause for the log.
      CHECK(scene.outcome.verdict == server::Verdict::answered);
      CHECK(scene.outcome.rcode == c.expected);
      CHECK(scene.cause == (c.known ? "" : "nobody knows"));
    }
  }
}

TEST_CASE("rewrite: a query that no rule fits is passed on as it is") {
  Rewriter fixture("rewrite name a.test b.test\n rewrite type MX A\n rewrite ttl a.test 5");
  const Answer answer = fixture.ask("x.test.");
  CHECK(answer.rcode == Rcode::refused);
  CHECK(scene.outcome.verdict == server::Verdict::failed);
  CHECK(scene.asked == "x.test. A IN");
  CHECK_FALSE(scene.has_edns);
}

}  // namespace
}  // namespace portolan::rewrite
