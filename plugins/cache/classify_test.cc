// Which replies may be kept, as what, and for how long.
#include "plugins/cache/classify.h"

#include <doctest/doctest.h>

#include "dns/rdata_text.h"

namespace portolan::cache {
namespace {

using Texts = std::vector<std::string>;

// A reply made of presentation-form records.
struct Sample {
  Arena arena;
  server::Reply reply{arena};
  dns::Question question;
  std::vector<dns::OwnedRecord> owned;

  Sample(const char* name, dns::RRType type, dns::Rcode rcode, const Texts& answer, const Texts& authority) {
    question.name = *dns::parse_name(name, arena);
    question.lower = dns::lower(question.name, arena);
    question.type = type;
    reply.rcode = rcode;
    owned.reserve(answer.size() + authority.size());
    for (const std::string& text : answer) add(text, reply.answer);
    for (const std::string& text : authority) add(text, reply.authority);
  }
  void add(const std::string& text, ArenaVector<dns::Record>& section) {
    auto record = dns::parse_record(text, dns::Name(), 0);
    REQUIRE(record.has_value());
    owned.push_back(std::move(*record));
    section.push_back(owned.back().view());
  }
};

const char* const kSoa = "alder.test. 400 IN SOA ns.alder.test. h.alder.test. 1 2 3 4 5";
constexpr auto kA = dns::RRType::a;
constexpr auto kNoError = dns::Rcode::noerror;

TEST_CASE("cache: replies are told apart as RFC 2308 does, and kept or not") {
  struct Case {
    const char* about;
    dns::Rcode rcode;
    Texts answer, authority;
    Kind kind;
    bool kept;
    uint32_t ttl;  // smallest_ttl with a maximum of 3600
  };
  const Case cases[] = {
      {"an answer",
       kNoError,
       {"a.alder.test. 50 IN A 192.0.2.1", "a.alder.test. 40 IN A 192.0.2.2"},
       {},
       Kind::positive,
       true,
       40},
      {"no records at all", kNoError, {}, {}, Kind::positive, true, 5},
      {"no data", kNoError, {}, {kSoa}, Kind::no_data, true, 400},
      {"name error", dns::Rcode::nxdomain, {}, {kSoa}, Kind::denied, true, 400},
      {"name error without SOA", dns::Rcode::nxdomain, {}, {}, Kind::denied, false, 5},
      {"name error with an answer",
       dns::Rcode::nxdomain,
       {"a.alder.test. 50 IN CNAME b.test."},
       {kSoa},
       Kind::other,
       false,
       5},
      {"delegation", kNoError, {}, {"alder.test. 300 IN NS ns.alder.test."}, Kind::delegation, true, 5},
      {"servfail", dns::Rcode::servfail, {}, {}, Kind::server_error, true, 5},
      {"notimp", dns::Rcode::notimp, {}, {}, Kind::server_error, true, 5},
      {"refused", dns::Rcode::refused, {}, {}, Kind::other, false, 5},
      {"formerr", dns::Rcode::formerr, {}, {}, Kind::other, false, 5},
      {"a chain that ends in the type",
       kNoError,
       {"a.alder.test. 30 IN CNAME t.alder.test.", "T.alder.test. 20 IN A 192.0.2.1"},
       {},
       Kind::positive,
       true,
       20},
      {"a chain that ends nowhere",
       kNoError,
       {"a.alder.test. 30 IN CNAME t.alder.test."},
       {},
       Kind::positive,
       false,
       30},
      {"a chain that ends nowhere, with SOA",
       kNoError,
       {"a.alder.test. 30 IN CNAME t.alder.test."},
       {kSoa},
       Kind::no_data,
       true,
       30},
      {"a chain that loops",
       kNoError,
       {"a.alder.test. 30 IN CNAME b.alder.test.", "b.alder.test. 30 IN CNAME a.alder.test."},
       {},
       Kind::positive,
       false,
       30},
      {"two targets",
       kNoError,
       {"a.alder.test. 30 IN CNAME b.test.", "a.alder.test. 30 IN CNAME c.test.", "b.test. 30 IN A 192.0.2.1"},
       {},
       Kind::positive,
       false,
       30},
      {"the type at another name", kNoError, {"b.alder.test. 30 IN A 192.0.2.1"}, {}, Kind::positive, false, 30},
      {"longer than the maximum", kNoError, {"a.alder.test. 90000 IN A 192.0.2.1"}, {}, Kind::positive, true, 3600},
  };
  for (const Case& c : cases) {
    CAPTURE(c.about);
    Sample sample("a.alder.test.", kA, c.rcode, c.answer, c.authority);
    const bool answering = answers_question(sample.reply, sample.question);
    const Kind kind = cached_kind_of(sample.reply, sample.question, answering, {});
    CHECK(kind == c.kind);
    CHECK(may_keep(kind, sample.reply, answering) == c.kept);
    CHECK(smallest_ttl(kind, sample.reply, 3600) == c.ttl);
  }
}

TEST_CASE("cache: truncated replies and transfers are not kept") {
  Sample sample("a.alder.test.", kA, kNoError, {"a.alder.test. 50 IN A 192.0.2.1"}, {});
  sample.reply.header.tc = true;
  CHECK_FALSE(may_keep(Kind::positive, sample.reply, true));
  Sample transfer("alder.test.", dns::RRType::axfr, kNoError, {kSoa}, {});
  CHECK(cached_kind_of(transfer.reply, transfer.question, true, {}) == Kind::meta);
}

TEST_CASE("cache: questions for CNAME and ANY need no chain") {
  const Texts answer = {"a.alder.test. 30 IN CNAME t.alder.test."};
  Sample cname("a.alder.test.", dns::RRType::cname, kNoError, answer, {});
  CHECK(answers_question(cname.reply, cname.question));
  Sample any("A.ALDER.test.", dns::RRType::any, kNoError, answer, {});
  CHECK(answers_question(any.reply, any.question));
  Sample other_class("a.alder.test.", kA, kNoError, {"a.alder.test. 30 IN A 192.0.2.1"}, {});
  other_class.question.cls = dns::RRClass::ch;
  CHECK_FALSE(answers_question(other_class.reply, other_class.question));
}

TEST_CASE("cache: with DO, an answer whose signature is out of time is not kept") {
  const Texts answer = {"a.alder.test. 50 IN A 192.0.2.1",
                        "a.alder.test. 50 IN RRSIG A 8 3 50 20240201000000 20240101000000 1 alder.test. AAAA"};
  Sample sample("a.alder.test.", kA, kNoError, answer, {});
  const auto at = [](int64_t seconds) { return WallTime(std::chrono::seconds(seconds)); };
  constexpr int64_t kInside = 1'705'000'000, kBefore = 1'700'000'000, kAfter = 1'710'000'000;
  CHECK(kind_of(sample.reply, sample.question, at(kInside)) == Kind::positive);
  CHECK(kind_of(sample.reply, sample.question, at(kBefore)) == Kind::other);
  CHECK(kind_of(sample.reply, sample.question, at(kAfter)) == Kind::other);
  CHECK(kind_of(sample.reply, sample.question, {}) == Kind::positive);
}

}  // namespace
}  // namespace portolan::cache
