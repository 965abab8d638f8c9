// Tests of the replacer and its text: placeholders, what is none, names.
#include "plugins/common/replacer.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "server/configuration.h"

namespace portolan {
namespace {

// A query as `dig +bufsize=4096 +dnssec a.example. AAAA` sends it, and a reply of one's own making.
struct Asked {
  server::ListenerPlan plan;
  server::Query query;

  Asked() {
    query.listener_ = &plan;
    query.header.id = 29008;
    query.header.rd = true;
    query.question.name = *dns::parse_name("A.Example.", query.arena());
    query.question.lower = *dns::parse_name("a.example.", query.arena());
    query.question.type = dns::RRType::aaaa;
    query.asked = query.question;
    query.client = {*IpAddress::parse("::1"), 50759, 0};
    query.local = {*IpAddress::parse("192.0.2.53"), 53, 0};
    dns::Edns opt;
    opt.udp_size = 4096;
    opt.dnssec_ok = true;
    query.edns = opt;
    query.prepare_reply();
  }

  std::string render(std::string_view format, const server::Outcome& outcome,
                     std::chrono::nanoseconds duration = std::chrono::nanoseconds(37990251)) {
    Answered line = answered(query, outcome);
    line.duration = duration;
    TextBuffer out(query.arena(), 1);
    Replacer(format).render(line, out);
    return std::string(out.text());
  }
};

TEST_CASE("replacer: every placeholder has its value") {
  static constexpr struct {
    const char* format;
    const char* text;
  } kCases[] = {
      {"{type}", "AAAA"},        {"{name}", "a.example."},
      {"{class}", "IN"},         {"{proto}", "udp"},
      {"{remote}", "[::1]"},     {"{port}", "50759"},
      {"{local}", "[::]"},       {"{size}", "38"},  // 12 header, 11 name, 4 type and class, 11 OPT
      {"{>id}", "29008"},        {"{>opcode}", "0"},
      {"{>do}", "true"},         {"{>bufsize}", "4096"},
      {"{rcode}", "NXDOMAIN"},   {"{rsize}", "27"},  // the OPT of the reply is not counted, as recorded from CoreDNS
      {"{>rflags}", "qr,aa,rd"}, {"{duration}", "0.037990251s"},
      {"{/log/class}", "-"},     {"{/}", "-"},
  };
  Asked asked;
  asked.query.reply().header.aa = true;
  for (const auto& each : kCases) {
    CAPTURE(each.format);
    CHECK(asked.render(each.format, asked.query.answer(dns::Rcode::nxdomain)) == each.text);
  }
}

TEST_CASE("replacer: what is no placeholder stays as it is") {
  Asked asked;
  const auto outcome = asked.query.answer();
  CHECK(asked.render("{nope} {>nosuch} {type", outcome) == "{nope} {>nosuch} {type");
  CHECK(asked.render("} A {", outcome) == "} A {");
  CHECK(asked.render("{ {type} }", outcome) == "{ AAAA }");
  CHECK(asked.render("x} {type}y", outcome) == "x} AAAAy");
  CHECK(asked.render("", outcome).empty());
  CHECK(asked.render("{{type}}", outcome) == "{AAAA}");
}

TEST_CASE("replacer: a failed query is logged as the bare reply that the server makes of it") {
  Asked asked;
  asked.query.reply().header.aa = true;
  CHECK(asked.render("{rcode} {>rflags} {rsize}", server::Outcome::failed(dns::Rcode::servfail)) ==
        "SERVFAIL qr,rd 27");
  asked.query.header.cd = true;
  asked.query.prepare_reply();
  CHECK(asked.render("{>rflags}", server::Outcome::failed(dns::Rcode::refused)) == "qr,rd,cd");
}

TEST_CASE("replacer: a dropped query has no rcode and no flags") {
  Asked asked;
  CHECK(asked.render("{rcode} {>rflags} {rsize}", server::Outcome::dropped()) == "- - 0");
}

TEST_CASE("replacer: a query without EDNS and over TCP takes 65535 octets, over UDP 512") {
  Asked asked;
  asked.query.edns.reset();
  const auto outcome = asked.query.answer();
  CHECK(asked.render("{size} {>bufsize} {>do}", outcome) == "27 512 false");
  asked.query.transport = server::Transport::tcp;
  CHECK(asked.render("{proto} {>bufsize} {local}", outcome) == "tcp 65535 192.0.2.53");
}

TEST_CASE("replacer: with a bound address {local} is that address") {
  Asked asked;
  asked.plan.host = "192.0.2.53";
  CHECK(asked.render("{local}", asked.query.answer()) == "192.0.2.53");
}

TEST_CASE("replacer: durations are seconds without zeros at the end") {
  Asked asked;
  const auto outcome = asked.query.answer();
  const std::pair<int64_t, const char*> cases[] = {
      {0, "0s"}, {1, "0.000000001s"}, {1500000000, "1.5s"}, {2000000000, "2s"}, {125000, "0.000125s"}, {-5, "0s"},
  };
  for (const auto& [ns, text] : cases) {
    CHECK(asked.render("{duration}", outcome, std::chrono::nanoseconds(ns)) == text);
  }
}

TEST_CASE("text buffer: names are escaped as in presentation form") {
  Arena arena;
  TextBuffer out(arena, 1);
  const uint8_t wire[] = {5, 'a', '.', ' ', '"', '\\', 3, 0, 0xff, '~', 2, '(', '@', 0};
  out.name(dns::NameView(wire, sizeof wire)).append(' ').name(dns::NameView());
  CHECK(out.text() == R"(a\.\ \"\\.\000\255~.\(\@. .)");
}

// They are looked at in blocks: wherever an octet stands, it is written as dns::NameView::text() writes it.
TEST_CASE("text buffer: every octet at every place of a name") {
  for (const size_t size : {1, 15, 16, 17, 40}) {
    for (size_t at = 0; at < size; ++at) {
      for (unsigned octet = 0; octet < 256; ++octet) {
        std::vector<uint8_t> wire(1, static_cast<uint8_t>(size));
        wire.resize(1 + size, 'a');
        wire[1 + at] = static_cast<uint8_t>(octet);
        for (const uint8_t more : {3, int{'w'}, int{'-'}, int{'_'}, 0}) wire.push_back(more);
        const dns::NameView name(wire.data(), static_cast<uint8_t>(wire.size()));
        Arena arena;
        TextBuffer out(arena, 1);
        if (out.name(name).text() != name.text()) FAIL_CHECK(size << " " << at << " " << octet << " " << out.text());
      }
    }
  }
}

}  // namespace
}  // namespace portolan
