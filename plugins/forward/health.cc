// Health checks: a question for the NS of a name, with a short time-out.
#include "plugins/forward/health.h"

#include <algorithm>
#include <limits>

#include "plugins/forward/upstream.h"

namespace portolan::forward {
namespace {

constexpr auto kPatience = std::chrono::seconds(1);
constexpr nanoseconds kShortest = std::chrono::milliseconds(1);  // between two probes, whatever health_check says
constexpr size_t kQuestionSize = 12 + 255 + 4;

}  // namespace

Probe::Probe(Upstream& upstream, Loop& loop) : upstream_(upstream), timer_(loop), link_(upstream, loop, kPatience, 1) {}

void Probe::start() { ask(); }

void Probe::ask() {
  const UpstreamSettings& settings = upstream_.settings();
  arena_.reset();
  question_ = {};
  question_.probe = this;
  question_.arena = &arena_;
  question_.proto = settings.health_tcp ? Proto::tcp : Proto::udp;
  question_.done = [](Waiter& waiter) { static_cast<Question&>(waiter).probe->finished(); };
  dns::MessageParts parts;
  parts.header.rd = settings.health_recursion;
  const dns::NameView name = settings.health_domain;
  const dns::Question asked{name, name, dns::RRType::ns, dns::RRClass::in};
  parts.question = &asked;
  std::span<uint8_t> out = arena_.bytes(kQuestionSize);
  question_.packet = out.first(dns::encode(parts, out, out.size()));
  question_.question_size = name.size() + 4;
  link_.ask(question_);
}

void Probe::finished() {
  if (question_.fate != Fate::failed) {
    upstream_.fails_.store(0, std::memory_order_relaxed);
    upstream_.probing_.store(false, std::memory_order_release);
    return;
  }
  link_.metrics().check_failed();
  const uint32_t fails = upstream_.fails_.load(std::memory_order_relaxed);
  if (fails < std::numeric_limits<uint32_t>::max()) upstream_.fails_.store(fails + 1, std::memory_order_relaxed);
  timer_.start(std::max(upstream_.settings().health_interval, kShortest), [this] { ask(); });
}

}  // namespace portolan::forward
