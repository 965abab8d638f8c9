// Reading formats and filling them in.
#include "plugins/common/replacer.h"

#include <algorithm>
#include <array>

#include "server/configuration.h"
#include "server/metadata.h"

namespace portolan {
namespace {

constexpr std::string_view kEmpty = "-";

template <class Number>
void append_mnemonic(TextBuffer& out, Number number) {
  if (const std::string_view name = dns::mnemonic(number); !name.empty()) {
    out.append(name);
  } else {
    out.append(dns::text(number));
  }
}

void append_address(TextBuffer& out, const IpAddress& address) {
  const std::string text = address.text();  // IPv4 fits into the string object; IPv6 logging may cost an allocation
  if (address.is_v4()) {
    out.append(text);
  } else {
    out.append('[').append(text).append(']');
  }
}

// What stands between "{/" and "}".
std::string_view label_of(std::string_view placeholder) { return placeholder.substr(2, placeholder.size() - 3); }

// UDP sockets on every address say so, as in CoreDNS; a TCP connection knows the address that was asked.
void append_local(TextBuffer& out, const server::Query& query) {
  if (query.transport == server::Transport::udp && query.listener().host.empty()) {
    out.append("[::]");
  } else {
    append_address(out, query.local.ip.unmapped());
  }
}

void append_flags(TextBuffer& out, const dns::Header& header) {
  const std::pair<bool, std::string_view> flags[] = {
      {header.qr, "qr,"}, {header.aa, "aa,"}, {header.tc, "tc,"}, {header.rd, "rd,"},
      {header.ra, "ra,"}, {header.z, "z,"},   {header.ad, "ad,"}, {header.cd, "cd,"},
  };
  bool any = false;
  for (const auto& [set, text] : flags) {
    if (set) out.append(text);
    any |= set;
  }
  if (any) out.drop_last();
}

// Seconds with all their decimals, as a float without an exponent is written.
void append_seconds(TextBuffer& out, std::chrono::nanoseconds duration) {
  const auto ns = static_cast<uint64_t>(std::max<int64_t>(duration.count(), 0));
  out.number(ns / 1'000'000'000);
  uint64_t rest = ns % 1'000'000'000;
  if (rest != 0) {
    std::array<char, 10> digits;
    digits[0] = '.';
    for (size_t i = 9; i >= 1; --i, rest /= 10) digits[i] = static_cast<char>('0' + rest % 10);
    std::string_view text(digits.data(), digits.size());
    text.remove_suffix(text.size() - 1 - text.find_last_not_of('0'));
    out.append(text);
  }
  out.append('s');
}

}  // namespace

std::optional<Replacer::Field> Replacer::field_of(std::string_view placeholder) {
  static constexpr std::pair<std::string_view, Field> kFields[] = {
      {"{type}", Field::type},      {"{name}", Field::name},     {"{class}", Field::klass},
      {"{proto}", Field::proto},    {"{size}", Field::size},     {"{remote}", Field::remote},
      {"{port}", Field::port},      {"{local}", Field::local},   {"{>id}", Field::id},
      {"{>opcode}", Field::opcode}, {"{>do}", Field::dnssec_ok}, {"{>bufsize}", Field::bufsize},
      {"{rcode}", Field::rcode},    {"{rsize}", Field::rsize},   {"{duration}", Field::duration},
      {"{>rflags}", Field::rflags},
  };
  for (const auto& [text, field] : kFields) {
    if (text == placeholder) return field;
  }
  if (placeholder.starts_with("{/")) return Field::metadata;
  return std::nullopt;
}

void Replacer::add_literal(std::string_view text) {
  if (text.empty()) return;
  if (nodes_.empty() || nodes_.back().field != Field::literal) nodes_.push_back({Field::literal, {}});
  nodes_.back().text += text;
}

// A placeholder ends at a `}` and begins at the last `{` before it; what is no placeholder stays as it is.
Replacer::Replacer(std::string_view format) {
  for (size_t close; (close = format.find('}')) != format.npos; format.remove_prefix(close + 1)) {
    const size_t open = format.substr(0, close).rfind('{');
    const auto field = open == format.npos ? std::nullopt : field_of(format.substr(open, close + 1 - open));
    if (!field) {
      add_literal(format.substr(0, close + 1));
      continue;
    }
    add_literal(format.substr(0, open));
    const std::string_view placeholder = format.substr(open, close + 1 - open);
    nodes_.push_back({*field, std::string(*field == Field::metadata ? label_of(placeholder) : std::string_view())});
  }
  add_literal(format);
}

void Replacer::render(const Answered& answered, TextBuffer& out) const {
  const server::Query& query = *answered.query;
  for (const Node& node : nodes_) {
    switch (node.field) {
      case Field::literal:
        out.append(node.text);
        break;
      case Field::type:
        append_mnemonic(out, query.question.type);
        break;
      case Field::name:
        out.name(answered.name);
        break;
      case Field::klass:
        append_mnemonic(out, query.question.cls);
        break;
      case Field::proto:
        out.append(server::text(query.transport));
        break;
      case Field::size:
        out.number(request_size(query));
        break;
      case Field::remote:
        append_address(out, query.client.ip.unmapped());
        break;
      case Field::port:
        out.number(query.client.port);
        break;
      case Field::local:
        append_local(out, query);
        break;
      case Field::id:
        out.number(query.header.id);
        break;
      case Field::opcode:
        out.number(static_cast<uint8_t>(query.header.opcode));
        break;
      case Field::dnssec_ok:
        out.append(query.dnssec_ok() ? "true" : "false");
        break;
      case Field::bufsize:
        out.number(query.max_size());
        break;
      case Field::rcode:
        if (answered.replied) {
          append_mnemonic(out, answered.rcode);
        } else {
          out.append(kEmpty);
        }
        break;
      case Field::rsize:
        out.number(answered.size);
        break;
      case Field::duration:
        append_seconds(out, answered.duration);
        break;
      case Field::rflags:
        if (answered.replied) {
          append_flags(out, answered.header);
        } else {
          out.append(kEmpty);
        }
        break;
      case Field::metadata:
        out.append(query.metadata ? query.metadata->value(node.text).value_or(kEmpty) : kEmpty);
        break;
    }
  }
}

Answered answered(const server::Query& query, const server::Outcome& outcome) {
  Answered result;
  result.query = &query;
  result.name = query.question.lower;
  result.rcode = outcome.rcode;
  if (outcome.verdict == server::Verdict::dropped) {
    result.replied = false;
    return result;
  }
  const server::Reply& reply = query.reply();
  result.header = reply.header;
  result.header.qr = true;
  if (outcome.verdict == server::Verdict::failed) {
    result.header.aa = result.header.tc = result.header.ra = result.header.ad = false;
    result.size = dns::kHeaderSize + query.asked.name.size() + 4;
    return result;
  }
  result.rcode = reply.rcode;
  if (outcome.verdict == server::Verdict::sent) {
    result.size = query.streamed();
    return result;
  }
  dns::MessageParts parts;
  parts.header = reply.header;
  parts.question = &reply.question;
  parts.answer = reply.answer;
  parts.authority = reply.authority;
  parts.additional = reply.additional;
  parts.edns = reply.edns ? &*reply.edns : nullptr;
  result.size = dns::uncompressed_size(parts);
  return result;
}

size_t request_size(const server::Query& query) {
  const unsigned opts = query.edns ? 1 : 0;
  if (query.header.ancount + query.header.nscount > 0 || query.header.arcount > opts) return query.packet.size();
  size_t size = dns::kHeaderSize + query.question.name.size() + 4;
  if (query.edns) {
    size += 11;
    for (const dns::EdnsOption& option : query.edns->options) size += 4 + option.data.size();
  }
  return size;
}

}  // namespace portolan
