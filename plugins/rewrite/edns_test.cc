// rewrite edns0: options of the query, and what the reply shows of them.
#include "plugins/rewrite/rewrite_fixture.h"

namespace portolan::rewrite {
namespace {

using namespace testing;

TEST_CASE("rewrite: options are set, replaced, appended and unset") {
  struct Case {
    const char* rules;
    Options client, asked;
  };
  const Case cases[] = {
      {"rewrite edns0 local set 0xfe01 abcd", {}, {"65025=61626364"}},
      {"rewrite edns0 local set 65025 0x61626364", {}, {"65025=61626364"}},
      {"rewrite edns0 local set 0xfe01 new", {"65025=6f", "3="}, {"65025=6e6577", "3="}},
      {"rewrite edns0 local replace 0xfe01 new", {}, {}},
      {"rewrite edns0 local replace 0xfe01 new", {"65025=6f"}, {"65025=6e6577"}},
      {"rewrite edns0 local append 0xfe01 new", {"3=61"}, {"3=61", "65025=6e6577"}},
      {"rewrite edns0 local append 0xfe01 new", {"65025=6f"}, {"65025=6f", "65025=6e6577"}},
      {"rewrite edns0 local append 0xfe01 {protocol}", {"65025=6f"}, {"65025=6f"}},
      {"rewrite edns0 local unset 0xfe01", {"65025=6f", "3=", "65025=70"}, {"3="}},
      {"rewrite EDNS0 LOCAL SET 0xfe01 \"\"", {}, {"65025="}},
      {"rewrite edns0 nsid set", {}, {"3="}},
      {"rewrite edns0 nsid set", {"3=6162"}, {"3="}},
      {"rewrite edns0 nsid replace", {}, {}},
      {"rewrite edns0 nsid replace", {"3=6162"}, {"3="}},
      {"rewrite edns0 nsid append", {"3=6162"}, {"3=6162", "3="}},
      {"rewrite edns0 nsid unset", {"3=6162", "10=0102030405060708"}, {"10=0102030405060708"}},
      {"rewrite edns0 subnet set 24 56", {}, {"8=00011800c00002"}},
      {"rewrite edns0 subnet set 24 56", {"8=00012000c0000201"}, {"8=00011800c00002"}},
      {"rewrite edns0 subnet set 20 56", {}, {"8=00011400c00000"}},
      {"rewrite edns0 subnet set 0 0", {}, {"8=00010000"}},
      {"rewrite edns0 subnet set 32 128", {}, {"8=00012000c0000263"}},
      {"rewrite edns0 subnet append 24 56", {"8=00012000c0000201"}, {"8=00012000c0000201"}},
      {"rewrite edns0 subnet replace 24 56", {}, {}},
      {"rewrite edns0 subnet unset", {"8=00012000c0000201", "3="}, {"3="}},
      {"rewrite continue edns0 local set 0xfe01 a\n rewrite continue edns0 local set 0xfe02 b\n"
       "rewrite edns0 local unset 0xfe01",
       {},
       {"65026=62"}},
      // A rule that does nothing fits nothing, and the next one has its turn.
      {"rewrite edns0 local replace 0xfe01 a\n rewrite edns0 nsid set", {}, {"3="}},
  };
  for (const Case& c : cases) {
    CAPTURE(std::string(c.rules));
    Rewriter fixture(c.rules);
    scene.client_options = c.client;
    scene.zone["*"] = {{"@ 60 IN TXT t"}};
    Ask ask;
    ask.name = "a.test.";
    ask.client = "192.0.2.99";
    const Answer answer = fixture.ask(ask);
    CHECK(scene.options == c.asked);
    // An OPT is made where there was none, whether anything is put into it or not, and so the reply has one.
    CHECK(scene.udp_size == (c.client.empty() ? 4096 : 1232));
    CHECK(answer.has_edns);
  }
}

TEST_CASE("rewrite: an IPv6 client's subnet") {
  Rewriter fixture("rewrite edns0 subnet set 24 52");
  scene.zone["*"] = {{}};
  Ask ask;
  ask.name = "a.test.";
  ask.client = "2001:db8:1:2fff::5";
  fixture.ask(ask);
  CHECK(scene.options == Options{"8=0002340020010db8000120"});
}

TEST_CASE("rewrite: variables of the query") {
  struct Case {
    const char *variable, *client;
    server::Transport transport;
    Options asked;
  };
  using server::Transport;
  const Case cases[] = {
      {"{qname}", "192.0.2.99", Transport::udp, {"65025=412e746573742e"}},  // "A.test.", as it was asked
      {"{qtype}", "192.0.2.99", Transport::udp, {"65025=0001"}},
      {"{client_ip}", "192.0.2.99", Transport::udp, {"65025=c0000263"}},
      {"{client_ip}", "2001:db8::5", Transport::udp, {"65025=20010db8000000000000000000000005"}},
      {"{client_port}", "192.0.2.99", Transport::udp, {"65025=9c40"}},
      {"{protocol}", "192.0.2.99", Transport::udp, {"65025=756470"}},
      {"{protocol}", "192.0.2.99", Transport::tcp, {"65025=746370"}},
      {"{server_ip}", "192.0.2.99", Transport::tcp, {"65025=7f000001"}},
      // Bound to every address: CoreDNS's socket does not know which was asked.
      {"{server_ip}", "192.0.2.99", Transport::udp, {}},
      {"{server_ip}", "2001:db8::5", Transport::udp, {"65025=00000000000000000000000000000000"}},
      {"{server_port}", "192.0.2.99", Transport::udp, {"65025=0035"}},
      {"{some/label}", "192.0.2.99", Transport::udp, {}},  // without the metadata plugin
  };
  for (const Case& c : cases) {
    CAPTURE(std::string(c.variable));
    CAPTURE(std::string(c.client));
    Rewriter fixture(std::string("rewrite edns0 local set 0xfe01 ") + c.variable);
    scene.zone["*"] = {{}};
    Ask ask;
    ask.name = "A.test.";
    ask.client = c.client;
    ask.transport = c.transport;
    fixture.ask(ask);
    CHECK(scene.options == c.asked);
    CHECK(scene.has_edns == !c.asked.empty());
  }
}

class Labels : public server::Handler, public server::Annotator {
 public:
  Task<server::Outcome> serve(server::Query& query, server::Next next) override { return next(query); }
  void annotate(server::Query&, server::Metadata& metadata) const override {
    metadata.set("some/label", "NZ");
    metadata.set("some/empty", "");
  }
};

Result<void> set_up_labels(server::Setup& setup) {
  setup.block().metadata_zones_.emplace(1, dns::name("."));
  setup.add(std::make_unique<Labels>());
  return {};
}

TEST_CASE("rewrite: labels of metadata; one that is not set or empty changes nothing") {
  const std::pair<const char*, Options> cases[] = {
      {"{some/label}", {"65025=4e5a"}}, {"{some/empty}", {}}, {"{some/other}", {}}};
  for (const auto& [variable, asked] : cases) {
    CAPTURE(std::string(variable));
    std::vector<server::Plugin> plugins = table();
    plugins.insert(plugins.begin(), server::Plugin{.name = "labels", .setup = set_up_labels});
    PluginFixture fixture(
        std::string(". {\n labels\n client\n rewrite edns0 local set 0xfe01 ") + variable + "\n backend\n}\n", plugins);
    REQUIRE_MESSAGE(fixture.ok(), fixture.error_text());
    scene = {};
    scene.zone["*"] = {{}};
    fixture.ask("a.test.");
    CHECK(scene.options == asked);
  }
}

TEST_CASE("rewrite: the reply shows an option of a rule, unless it reverts") {
  struct Case {
    const char* rules;
    Options client, shown;
  };
  const Case cases[] = {
      {"rewrite edns0 local set 0xfe01 abcd", {}, {"65025=61626364"}},
      {"rewrite edns0 local set 0xfe01 abcd revert", {}, {}},
      {"rewrite edns0 local set 0xfe01 abcd revert", {"65025=6f"}, {"65025=6f"}},
      {"rewrite edns0 local set 0xfe01 abcd revert", {"3=6162"}, {"3=6162"}},
      {"rewrite edns0 local append 0xfe01 {protocol} revert", {}, {}},
      {"rewrite edns0 local append 0xfe01 new revert", {"3=6162"}, {"3=6162"}},
      // Of two with the code the first goes, which is the client's: CoreDNS has it so.
      {"rewrite edns0 local append 0xfe01 new revert", {"65025=6f"}, {"65025=6e6577"}},
      {"rewrite edns0 nsid append revert", {"3=6162"}, {"3="}},
      {"rewrite edns0 nsid set revert", {"3=6162"}, {"3=6162"}},
      {"rewrite edns0 nsid set revert", {}, {}},
      {"rewrite edns0 nsid set", {"3=6162"}, {"3="}},
      {"rewrite continue {\n edns0 local set 0xfe01 abcd\n }\n rewrite edns0 local replace 0xfe01 bcde revert",
       {},
       {"65025=61626364"}},
  };
  for (const bool has_opt : {false, true}) {
    for (const Case& c : cases) {
      CAPTURE(std::string(c.rules));
      CAPTURE(has_opt);
      Rewriter fixture(c.rules);
      scene.client_options = c.client;
      scene.zone["*"] = {{"@ 60 IN TXT t"}};
      // An upstream that sends back what it got.
      scene.has_opt = has_opt;
      if (has_opt) {
        fixture.ask("a.test.");
        scene.reply_options = scene.options;
      }
      CHECK(options_of(fixture.ask("a.test.")) == c.shown);
    }
  }
}

}  // namespace
}  // namespace portolan::rewrite
