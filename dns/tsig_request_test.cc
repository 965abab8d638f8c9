// Signed requests: octets as another implementation makes them, and answers that must not be believed.
#include "dns/tsig_request.h"

#include <doctest/doctest.h>

#include "dns/reader.h"
#include "dns/testing.h"

namespace portolan::dns {
namespace {

constexpr WallTime kNow{std::chrono::seconds(1'700'000'000)};

// What dnspython 2.3 makes of key transfer.example., hmac-sha256, secret "0123456789abcdef", at kNow: an AXFR question,
// and four messages of an answer, of which the first and the last are signed.
constexpr const char* kQuestion = "12340000000100000000000005616c64657204746573740000fc0001";
constexpr const char* kSigned =
    "12340000000100000000000105616c64657204746573740000fc0001"
    "087472616e73666572076578616d706c650000fa00ff00000000003d0b686d61632d7368613235360000006553f100012c0020"
    "98fccd82a42fa4f2712e30448dae9f92df6e0727816cefdfb04c08057111e7d9123400000000";
constexpr const char* kAnswer[] = {
    "12348400000100010000000105616c64657204746573740000fc0001027430c00c001000010000003c0003027830"
    "087472616e73666572076578616d706c650000fa00ff00000000003d0b686d61632d7368613235360000006553f100012c0020"
    "08d63d9d9f869db0f4c993b7c2bf7f0b7358cb575b6e0a0b7e18768f2a7629e2123400000000",
    "12348400000100010000000005616c64657204746573740000fc0001027431c00c001000010000003c0003027831",
    "12348400000100010000000005616c64657204746573740000fc0001027432c00c001000010000003c0003027832",
    "12348400000100010000000105616c64657204746573740000fc0001027433c00c001000010000003c0003027833"
    "087472616e73666572076578616d706c650000fa00ff00000000003d0b686d61632d7368613235360000006553f100012c0020"
    "715438c54ecbe6aaabae081f64f219cf3bcbda700608be7aa547a545d5f007f9123400000000"};
// NOTAUTH with BADTIME, signed, of a server whose clock is 400 seconds ahead.
constexpr const char* kBadTime =
    "12348409000100000000000105616c64657204746573740000fc0001"
    "087472616e73666572076578616d706c650000fa00ff0000000000430b686d61632d7368613235360000006553f100012c0020"
    "e9e460ed40328b832bae1601d0f9edb10559313d0a50529d3af30306d5a3fac312340012000600006553f290";

std::shared_ptr<const TsigKey> key(std::string_view called = "transfer.example.",
                                   std::string secret = "0123456789abcdef") {
  return std::make_shared<const TsigKey>(TsigKey{name(called), TsigAlgorithm::sha256, std::move(secret)});
}

std::string error_of(const Result<void>& checked) { return checked.has_error() ? checked.error().message : ""; }

// A request that has been sent.
TsigRequest asked(std::shared_ptr<const TsigKey> with = key()) {
  TsigRequest request(std::move(with));
  request.sign(from_hex(kQuestion), kNow);
  return request;
}

std::string check(TsigRequest& request, std::string_view hex, std::chrono::seconds later = {}) {
  return error_of(request.check(from_hex(hex), kNow + later));
}

}  // namespace

TEST_CASE("tsig request: it is signed, and its answer is read, as another implementation does") {
  TsigRequest request(key("Transfer.Example."));
  const auto octets = TsigRequest(key()).sign(from_hex(kQuestion), kNow);
  CHECK(to_hex(octets) == kSigned);
  request.sign(from_hex(kQuestion), kNow);
  CHECK_FALSE(request.ends_signed());
  for (size_t i = 0; i < std::size(kAnswer); ++i) {
    CAPTURE(i);
    CHECK(check(request, kAnswer[i]) == "");
    CHECK(request.ends_signed() == (i == 0 || i == 3));
  }
}

TEST_CASE("tsig request: a message between two signatures that is changed, left out or put in spoils the next one") {
  const std::string bad = "BADSIG: the answer's signature does not fit key \"transfer.example.\"";
  for (const int way : {0, 1, 2}) {
    CAPTURE(way);
    TsigRequest request = asked();
    CHECK(check(request, kAnswer[0]) == "");
    auto second = from_hex(kAnswer[1]);
    if (way == 0) second.back() ^= 1;
    if (way != 1) CHECK(error_of(request.check(second, kNow)) == "");
    CHECK(check(request, kAnswer[2]) == "");
    if (way == 2) CHECK(check(request, kAnswer[2]) == "");
    CHECK_FALSE(request.ends_signed());
    CHECK(check(request, kAnswer[3]) == bad);
  }
}

TEST_CASE("tsig request: what must not be believed is told") {
  const auto with_error = [](const char* error) {
    // As RFC 8945 section 5.3.2 has it: NOTAUTH, and no MAC.
    return "12348409000100000000000105616c64657204746573740000fc0001087472616e73666572076578616d706c650000fa00ff"
           "00000000001d0b686d61632d7368613235360000006553f100012c00001234" +
           std::string(error) + "0000";
  };
  const auto spoilt = [](size_t at) {
    auto octets = from_hex(kAnswer[0]);
    octets[at] ^= 1;
    return to_hex(octets);
  };
  const std::string first = kAnswer[0];
  const struct {
    const char* what;
    std::string answer;
    const char* error;
  } cases[] = {
      {"no signature", kAnswer[1], "the answer is not signed"},
      {"a refusal without a signature", "12348005000100000000000005616c64657204746573740000fc0001",
       "the answer is not signed, its rcode was REFUSED"},
      {"an octet of the record", spoilt(45), "BADSIG: the answer's signature does not fit key \"transfer.example.\""},
      {"an octet of the MAC", spoilt(110), "BADSIG: the answer's signature does not fit key \"transfer.example.\""},
      {"another key", spoilt(50),
       "BADKEY: the answer is signed with key \"traosfer.example.\" and hmac-sha256., not with key "
       "\"transfer.example.\" and hmac-sha256."},
      {"BADKEY", with_error("0011"), "it answers BADKEY: it has no key \"transfer.example.\" for hmac-sha256."},
      {"BADSIG", with_error("0010"), "it answers BADSIG: its secret of key \"transfer.example.\" is another"},
      {"BADTIME without a signature", with_error("0012"),
       "BADSIG: the answer's signature does not fit key \"transfer.example.\""},
      {"BADTIME", kBadTime, "it answers BADTIME: its clock is 400 s off ours"},
      {"octets behind the signature", first + "00", "malformed message"},
      {"less records than it says", first.substr(0, 92), "malformed message"},
      {"a signature among the answers", "12348400000100020000000005616c64657204746573740000fc0001" + first.substr(56),
       "malformed message"},
      {"less than a header", "123484", "malformed message"},
      {"a record that is cut", "12348409000100000000000105616c64657204746573740000fc0001c00c00fa00ff000000000003012c00",
       "malformed TSIG record"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.what);
    TsigRequest request = asked();
    CHECK(check(request, each.answer) == each.error);
    CHECK_FALSE(request.ends_signed());
  }
  TsigRequest other = asked(key("transfer.example.", "another secret"));
  CHECK(check(other, kAnswer[0]) == "BADSIG: the answer's signature does not fit key \"transfer.example.\"");
}

TEST_CASE("tsig request: an answer's time may be off by its fudge and no more") {
  using std::chrono::seconds;
  for (const seconds off : {seconds(300), seconds(-300)}) {
    TsigRequest request = asked();
    CHECK(check(request, kAnswer[0], off) == "");
  }
  for (const seconds off : {seconds(301), seconds(-301)}) {
    TsigRequest request = asked();
    CHECK(check(request, kAnswer[0], off) ==
          "BADTIME: the answer was signed with key \"transfer.example.\" 301 s off our time, more than the 300 s that "
          "are allowed");
  }
}

TEST_CASE("tsig request: 99 messages may lack a signature, a hundred may not (RFC 8945 section 5.3.1)") {
  TsigRequest request = asked();
  CHECK(check(request, kAnswer[0]) == "");
  for (int i = 0; i < 99; ++i) CHECK(check(request, kAnswer[1]) == "");
  CHECK(check(request, kAnswer[1]) == "more than 99 messages without a signature");
}

TEST_CASE("tsig request: one that is signed again begins anew") {
  TsigRequest request = asked();
  CHECK(check(request, kAnswer[0]) == "");
  request.sign(from_hex(kQuestion), kNow);
  CHECK_FALSE(request.ends_signed());
  CHECK(check(request, kAnswer[1]) == "the answer is not signed");
  CHECK(check(request, kAnswer[0]) == "");
}

}  // namespace portolan::dns
