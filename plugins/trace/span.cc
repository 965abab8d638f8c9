// Octets of spans.
#include "plugins/trace/span.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace portolan::trace {
namespace {

static_assert(std::is_trivially_copyable_v<SpanHead>);
constexpr size_t kLongestText = 1024;

std::string hex(uint64_t number) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(16, '0');
  for (size_t i = text.size(); i-- > 0; number >>= 4) text[i] = kDigits[number & 15];
  return text;
}

}  // namespace

void encode(const SpanView& span, std::string& out) {
  SpanHead head = span.head;
  const auto cut = [](std::string_view text) { return text.substr(0, kLongestText); };
  head.title_size = static_cast<uint16_t>(cut(span.title).size());
  head.subject_size = static_cast<uint16_t>(cut(span.subject).size());
  head.error_size = static_cast<uint16_t>(cut(span.error).size());
  out.assign(reinterpret_cast<const char*>(&head), sizeof head);
  out.append(cut(span.title)).append(cut(span.subject)).append(cut(span.error));
}

Span decode(std::string_view octets) {
  Span span;
  std::memcpy(&span.head, octets.data(), sizeof span.head);
  octets.remove_prefix(sizeof span.head);
  span.title = octets.substr(0, span.head.title_size);
  span.subject = octets.substr(span.head.title_size, span.head.subject_size);
  span.error = octets.substr(size_t{span.head.title_size} + span.head.subject_size, span.head.error_size);
  if (span.head.kind == Kind::query) {
    const auto* wire = reinterpret_cast<const uint8_t*>(span.subject.data());
    span.subject = dns::NameView(wire, static_cast<uint8_t>(span.subject.size())).text();
  }
  return span;
}

std::string trace_id(const Context& context) {
  return context.trace_high == 0 ? hex(context.trace) : hex(context.trace_high) + hex(context.trace);
}

std::string span_id(uint64_t id) { return hex(id); }

}  // namespace portolan::trace
