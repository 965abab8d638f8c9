// The pages below /debug/pprof.
#include "plugins/pprof/pprof.h"

#include <charconv>
#include <fstream>
#include <optional>

#include "plugins/pprof/profile.h"

namespace portolan::pprof {
namespace {

using server::http::Request;
using server::http::Response;

constexpr std::string_view kBase = "/debug/pprof";
constexpr const char* kBinary = "application/octet-stream";
constexpr int kDefaultSeconds = 30, kMostSeconds = 300;

// What Go's runtime counts and this process has not.
constexpr std::pair<std::string_view, std::string_view> kMissing[] = {
    {"allocs", "allocations are not sampled; heap has malloc's totals"},
    {"block", "there is no Go runtime here that counts blocking"},
    {"goroutine", "there are no goroutines here"},
    {"mutex", "there is no Go runtime here that counts contention"},
    {"threadcreate", "what creates threads is not recorded"},
    {"trace", "there is no Go runtime here to trace"},
};

std::optional<std::string_view> parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    const size_t equals = one.find('=');
    if (one.substr(0, equals) == name) return equals == one.npos ? "" : one.substr(equals + 1);
  }
  return std::nullopt;
}

template <class T>
std::optional<T> number(std::string_view text, int base = 10) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Response index(const Request&) {
  std::string page =
      "<html><head><title>/debug/pprof/</title></head><body>\n<h1>/debug/pprof/</h1>\n<ul>\n"
      "<li><a href=\"/debug/pprof/profile?seconds=10\">profile</a>: CPU time, for so many seconds</li>\n"
      "<li><a href=\"/debug/pprof/heap\">heap</a>: memory of malloc "
      "(<a href=\"/debug/pprof/heap?debug=1\">as text</a>)</li>\n"
      "<li><a href=\"/debug/pprof/cmdline\">cmdline</a>: the command line</li>\n"
      "<li>symbol: names of addresses</li>\n</ul>\n<p>Not here: ";
  for (const auto& [name, why] : kMissing) page.append(name).append(name == "trace" ? "." : ", ");
  return {200, page + "</p>\n</body></html>\n", "text/html; charset=utf-8"};
}

// NUL between the words, as Go gives it.
Response command_line(const Request&) {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string words((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  while (!words.empty() && words.back() == '\0') words.pop_back();
  return {200, words};
}

Response cpu(const Request& request) {
  int seconds = kDefaultSeconds;
  if (const auto text = parameter(request.query, "seconds")) {
    const auto wanted = number<int>(*text);
    if (!wanted || *wanted < 1 || *wanted > kMostSeconds) {
      return {400, "seconds=" + std::string(*text) + ": expected 1 to " + std::to_string(kMostSeconds) + "\n"};
    }
    seconds = *wanted;
  }
  const auto samples = CpuSampler::collect(std::chrono::seconds(seconds));
  if (!samples) return {500, "Could not enable CPU profiling: " + samples.error().message + "\n"};
  Symbols symbols;
  return {200, cpu_profile(*samples, symbols), kBinary};
}

Response heap(const Request& request) {
  const HeapNumbers numbers = heap_numbers();
  if (parameter(request.query, "debug").value_or("0") == "0") return {200, heap_profile(numbers), kBinary};
  return {200, "in use in arenas: " + std::to_string(numbers.chunks) + "\nin use in mappings of their own: " +
                   std::to_string(numbers.mapped) + "\nfree and kept: " + std::to_string(numbers.kept) + "\n"};
}

// Addresses in hexadecimal with a `+` between them, in the body or behind the `?`; each is answered with its function.
Response symbol(const Request& request) {
  std::string_view wanted = request.method == "POST" ? request.body : request.query;
  std::string text = "num_symbols: 1\n";
  if (wanted.empty()) return {200, text};
  Symbols symbols;
  while (!wanted.empty()) {
    const std::string_view word = wanted.substr(0, wanted.find('+'));
    wanted.remove_prefix(std::min(wanted.size(), word.size() + 1));
    const auto address = number<uintptr_t>(word.substr(word.starts_with("0x") ? 2 : 0), 16);
    const std::string name = address ? symbols.name(*address) : std::string();
    if (!name.empty()) text.append(word).append(" ").append(name).append("\n");
  }
  return {200, text};
}

}  // namespace

Result<void> Pprof::prepare() {
  auto endpoint = server::http::Endpoint::open(address_);
  if (endpoint.has_error()) return fail("plugin/pprof: " + endpoint.error().message);
  endpoint_ = std::move(*endpoint);
  const auto page = [&](std::string_view name, server::http::Handler handler) {
    routes_.push_back(endpoint_->route(std::string(kBase) + std::string(name), std::move(handler)));
  };
  page("", [](const Request&) { return Response{302, "", "text/plain; charset=utf-8", std::string(kBase) + "/"}; });
  page("/", index);
  page("/cmdline", command_line);
  page("/profile", cpu);
  page("/heap", heap);
  page("/symbol", symbol);
  for (const auto& [name, why] : kMissing) {
    page("/" + std::string(name), [why = why](const Request&) { return Response{501, std::string(why) + "\n"}; });
  }
  return {};
}

void Pprof::stop(server::Deadline) noexcept {
  CpuSampler::cancel();  // a route goes away when nobody is being answered
  routes_.clear();
  endpoint_.reset();
}

}  // namespace portolan::pprof
