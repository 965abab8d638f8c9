// The directive `dnstap [listen] SOCKET [full] [WRITEBUFFER] [QUEUE] { ... }`: every occurrence is a tap of its own.
#include "server/setup.h"

#include <charconv>

#include "plugins/common/host_name.h"
#include "plugins/dnstap/dnstap.h"

namespace portolan {
namespace dnstap {
namespace {

using corefile::Arg;
using corefile::ArgKind;
using corefile::Option;

constexpr size_t kMiB = 1024 * 1024;
constexpr size_t kMessages = 10'000;  // a unit of QUEUE
constexpr int kMostWriteBuffer = 1024, kMostQueue = 4096;

struct Arguments {
  bool listens = false;
  bool full = false;
  std::string unknown;  // where `full` may stand
  Endpoint endpoint;
  int write_buffer = 1, queue = 1;
};

Result<int> multiple(const std::string& text, const char* what, int most, const char* unit) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string name = std::string("dnstap: ");
  if (error != std::errc() || end != text.data() + text.size()) {
    return fail(name + "invalid " + what + " \"" + text + "\": strconv.Atoi: parsing \"" + text + "\": invalid syntax");
  }
  if (value < 1 || value > most) {
    return fail(name + what + " must be between 1 and " + std::to_string(most) + " (" + unit + "): " + text);
  }
  return value;
}

Result<Arguments> read_arguments(std::span<const corefile::Token> tokens) {
  Arguments arguments;
  if (tokens.front().text == "listen") {
    arguments.listens = true;
    tokens = tokens.subspan(1);
    if (tokens.empty()) return fail("dnstap listen requires an endpoint argument");
  }
  if (tokens.size() > 4) return fail("unexpected '" + tokens[4].text + "' behind the size of the queue");
  auto endpoint = parse_endpoint(tokens[0].text);
  if (!endpoint) return endpoint.error();
  arguments.endpoint = std::move(*endpoint);
  if (tokens.size() > 1) {
    arguments.full = tokens[1].text == "full";
    if (!arguments.full) arguments.unknown = tokens[1].text;
  }
  if (tokens.size() > 2) {
    auto size = multiple(tokens[2].text, "MultipleTcpWriteBuf", kMostWriteBuffer, "MiB units");
    if (!size) return size.error();
    arguments.write_buffer = *size;
  }
  if (tokens.size() > 3) {
    auto size = multiple(tokens[3].text, "MultipleQueue", kMostQueue, "x10k messages");
    if (!size) return size.error();
    arguments.queue = *size;
  }
  return arguments;
}

Result<std::any> arguments_grammar(std::span<const corefile::Token> tokens) {
  auto arguments = read_arguments(tokens);
  if (!arguments) return corefile::not_parsed(arguments.error().message);
  return corefile::parsed(std::move(*arguments));
}

constexpr Arg kArguments[] = {{.name = "SOCKET", .kind = ArgKind::grammar, .grammar = arguments_grammar}};
constexpr Arg kIdentity[] = {{.name = "IDENTITY"}};
constexpr Arg kVersion[] = {{.name = "VERSION"}};
constexpr Arg kExtra[] = {{.name = "EXTRA"}};
constexpr Arg kTls[] = {{.name = "CERT"}, {.name = "KEY"}, {.name = "CA"}};
constexpr Option kOptions[] = {
    {.name = "", .args = kArguments, .required = 1, .help = "where the messages go, whether they are full, buffers"},
    {.name = "identity", .args = kIdentity, .required = 1, .fallback = "host name", .help = "who the messages are of"},
    {.name = "version", .args = kVersion, .required = 1, .help = "the version that they name"},
    {.name = "extra", .args = kExtra, .required = 1, .help = "a format for the extra field"},
    {.name = "tls", .args = kTls, .required = 2, .help = "certificate and key of a listener, and who may connect"},
    {.name = "skipverify", .help = "whatever certificate the other side has will do"},
};

Result<Options> read_options(server::Setup& setup, const corefile::ParsedDirective& directive) {
  Options options;
  options.sender = {host_name(), "Portolan-" PORTOLAN_VERSION};
  SinkSettings& sink = options.sink;
  for (const corefile::OptionUse& use : directive.uses) {
    if (use.is("")) {
      const auto& arguments = use.as<Arguments>();
      options.full = arguments.full;
      sink.endpoint = arguments.endpoint;
      sink.listens = arguments.listens;
      sink.write_buffer = static_cast<size_t>(arguments.write_buffer) * kMiB;
      sink.queue = static_cast<size_t>(arguments.queue) * kMessages;
      if (!arguments.unknown.empty()) {
        setup.warn(use.at, "'" + arguments.unknown + "' is not 'full': messages are sent without their DNS messages");
      }
    } else if (use.is("identity")) {
      options.sender.identity = use.text();
    } else if (use.is("version")) {
      options.sender.version = use.text();
    } else if (use.is("extra")) {
      options.extra = use.text();
    } else if (use.is("skipverify")) {
      sink.skip_verify = true;
    } else {
      if (!sink.listens) return setup.error(use.at, "tls directive only valid for listeners");
      sink.certificate = use.text(0);
      sink.key = use.text(1);
      sink.authorities = use.has(2) ? use.text(2) : "";
    }
  }
  if (sink.listens && sink.endpoint.kind == Endpoint::Kind::tls && sink.certificate.empty()) {
    return setup.error(directive.at, "a listener on " + sink.endpoint.text() + " needs 'tls CERT KEY'");
  }
  return options;
}

Result<void> setup_dnstap(server::Setup& setup) {
  for (const corefile::ParsedDirective& directive : setup.directives()) {
    auto options = read_options(setup, directive);
    if (!options) return options.error();
    setup.add(std::make_unique<Dnstap>(std::move(*options), setup.process()));
  }
  return {};
}

}  // namespace
}  // namespace dnstap

extern const server::Plugin dnstap_plugin;
const server::Plugin dnstap_plugin{.name = "dnstap", .setup = dnstap::setup_dnstap, .options = dnstap::kOptions};

}  // namespace portolan
