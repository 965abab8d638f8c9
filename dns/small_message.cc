// One pass, no limits to look at. As in miekg/dns names are shared only with the same case.
#include "dns/small_message.h"

#include <algorithm>
#include <array>
#include <bit>

#include "dns/fold.h"
#include "dns/reader.h"
#include "dns/wire_writer.h"

namespace portolan::dns {
namespace {

constexpr uint16_t kPointer = 0xc000;

/// How many octets two names have in common at their ends.
size_t common_tail(NameView a, NameView b) {
  static_assert(std::endian::native == std::endian::little);
  const size_t most = std::min(a.size(), b.size());
  const uint8_t* const end_a = a.data() + a.size();
  const uint8_t* const end_b = b.data() + b.size();
  size_t count = 0;
  for (; count + 8 <= most; count += 8) {
    const uint64_t difference = load8(end_a - count - 8) ^ load8(end_b - count - 8);
    if (difference != 0) return count + static_cast<size_t>(std::countl_zero(difference)) / 8;
  }
  while (count < most && end_a[-1 - static_cast<ptrdiff_t>(count)] == end_b[-1 - static_cast<ptrdiff_t>(count)]) {
    ++count;
  }
  return count;
}

class SmallMessage {
 public:
  SmallMessage(uint8_t* out, const Question& question) : begin_(out), at_(out + kHeaderSize), question_(question.name) {
    at_ = put(at_, question_.wire());
    at_ = put16(at_, static_cast<uint16_t>(question.type));
    at_ = put16(at_, static_cast<uint16_t>(question.cls));
  }

  uint16_t write_section(std::span<const Record> records) {
    for (const Record& record : records) write_record(record);
    return static_cast<uint16_t>(records.size());
  }
  void write_opt(const Edns& edns, uint8_t extended_rcode) { at_ = put_opt(at_, edns, extended_rcode); }
  size_t finish(const Header& header) {
    put_header(begin_, header);
    return static_cast<size_t>(at_ - begin_);
  }

 private:
  void write_record(const Record& record);
  void put_owner(NameView owner);
  uint16_t put_name(NameView name, bool compress);
  size_t put_name_under(NameView zone, std::span<const uint8_t> octets);
  void put_named_rdata(const Record& record);
  /// Whether `name` is the question's name or, being made from it, a part of its octets.
  bool is_question_end(NameView name) const {
    return name.data() + name.size() == question_.data() + question_.size() && name.size() <= question_.size();
  }
  bool is_question_label(size_t offset);

  uint8_t* const begin_;
  uint8_t* at_;
  const NameView question_;
  NameView last_owner_;
  uint16_t last_owner_at_ = 0;                 // 0: nowhere to point to
  bool labels_known_ = false;                  // of the question
  std::array<uint64_t, 4> question_labels_{};  // bit n: a label of the question begins at octet n
};

void SmallMessage::write_record(const Record& record) {
  put_owner(record.owner);
  at_ = put_fields(at_, record);
  uint8_t* const length_at = at_;
  at_ += 2;
  if (record.type == RRType::a || record.type == RRType::aaaa) {
    at_ = put(at_, record.rdata);
  } else {
    put_named_rdata(record);
  }
  put16(length_at, static_cast<uint16_t>(at_ - length_at - 2));
}

/// Owners are mostly an end of the question's name, or that of the record before.
void SmallMessage::put_owner(NameView owner) {
  if (owner.is_root()) {
    *at_++ = 0;
    return;
  }
  if (is_question_end(owner)) {
    at_ = put16(at_, static_cast<uint16_t>(kPointer | (kHeaderSize + question_.size() - owner.size())));
    return;
  }
  if (last_owner_at_ != 0 && owner.identical(last_owner_)) {
    at_ = put16(at_, static_cast<uint16_t>(kPointer | last_owner_at_));
    return;
  }
  last_owner_ = owner;
  last_owner_at_ = put_name(owner, true);
}

bool SmallMessage::is_question_label(size_t offset) {
  if (!labels_known_) {
    labels_known_ = true;
    for (size_t at = 0; question_.data()[at] != 0; at += question_.data()[at] + 1U) {
      question_labels_[at / 64] |= uint64_t{1} << at % 64;
    }
  }
  return question_labels_[offset / 64] >> offset % 64 & 1;
}

/// Returns where the whole name can be read.
uint16_t SmallMessage::put_name(NameView name, bool compress) {
  const auto start = static_cast<uint16_t>(at_ - begin_);
  const size_t common = compress ? common_tail(name, question_) : 0;
  const size_t first_common = name.size() - common;  // the octet from which on they are the same
  size_t at = 0;
  while (name.data()[at] != 0) {
    if (at >= first_common) {
      const size_t in_question = question_.size() - (name.size() - at);
      if (is_question_label(in_question)) {
        const auto target = static_cast<uint16_t>(kHeaderSize + in_question);
        at_ = put16(put(at_, name.wire().first(at)), static_cast<uint16_t>(kPointer | target));
        return at == 0 ? target : start;
      }
    }
    at += name.data()[at] + 1U;
  }
  at_ = put(at_, name.wire());
  return start;
}

/// The name at the start of `octets` as labels and a pointer to `zone`, if it lies below, `zone` is a part of the
/// question, and no more of the name is. Its size; 0: it is another name, and nothing was written.
size_t SmallMessage::put_name_under(NameView zone, std::span<const uint8_t> octets) {
  for (size_t at = 0; at + zone.size() <= octets.size() && octets[at] != 0; at += octets[at] + 1U) {
    if (octets[at] != zone.data()[0] || std::memcmp(&octets[at], zone.data(), zone.size()) != 0) continue;
    const size_t in_question = question_.size() - zone.size();
    if (at != 0 && in_question != 0 && octets[at - 1] == zone.data()[-1]) return 0;
    at_ = put16(put(at_, octets.first(at)), static_cast<uint16_t>(kPointer | (kHeaderSize + in_question)));
    return at + zone.size();
  }
  return 0;
}

void SmallMessage::put_named_rdata(const Record& record) {
  const RdataLayout layout = rdata_layout(record);
  std::span<const uint8_t> rest = record.rdata;
  if (layout.names != 0 && rest.size() > layout.fixed_before) {
    at_ = put(at_, rest.first(layout.fixed_before));
    rest = rest.subspan(layout.fixed_before);
    const bool below_owner = layout.compressible && !record.owner.is_root() && is_question_end(record.owner);
    for (unsigned i = 0; i < layout.names; ++i) {
      if (const size_t size = below_owner ? put_name_under(record.owner, rest) : 0) {
        rest = rest.subspan(size);
        continue;
      }
      const size_t size = uncompressed_name_size(rest);
      if (size == 0) break;  // not a name: goes out as it is
      put_name({rest.data(), static_cast<uint8_t>(size)}, layout.compressible);
      rest = rest.subspan(size);
    }
  }
  at_ = put(at_, rest);
}

}  // namespace

size_t encode_small(const MessageParts& parts, uint8_t* out) {
  SmallMessage message(out, *parts.question);
  Header header = parts.header;
  header.qdcount = 1;
  header.ancount = message.write_section(parts.answer);
  header.nscount = message.write_section(parts.authority);
  header.arcount = message.write_section(parts.additional);
  if (parts.edns != nullptr) {
    message.write_opt(*parts.edns, static_cast<uint8_t>(header.rcode >> 4 | parts.edns->extended_rcode));
    ++header.arcount;
  }
  return message.finish(header);
}

}  // namespace portolan::dns
