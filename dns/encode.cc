// Messages into packets: header, question and records with compression, cut at whole records as miekg/dns cuts.
#include <algorithm>

#include "dns/compression.h"
#include "dns/message.h"
#include "dns/reader.h"
#include "dns/small_message.h"
#include "dns/wire_writer.h"

namespace portolan::dns {
namespace {

constexpr size_t kRecordFixed = 10;  // TYPE, CLASS, TTL, RDLENGTH

size_t record_size(const Record& record) { return record.owner.size() + kRecordFixed + record.rdata.size(); }

class MessageWriter {
 public:
  MessageWriter(std::span<uint8_t> out, const Question* question) : out_(out), question_(question) {}

  size_t size() const { return at_; }
  /// Header (its place only) and question. False when they do not fit.
  bool begin();
  /// False when the record does not fit into `limit`; nothing was written then.
  bool write_record(const Record& record, size_t limit);
  /// Writes records until one does not fit, which `full` remembers for the sections behind.
  uint16_t write_section(std::span<const Record> records, size_t limit, bool& full);
  void write_opt(const Edns& edns, uint8_t extended_rcode) { moved(put_opt(&out_[at_], edns, extended_rcode)); }
  /// Without compression; the caller has made sure that it fits.
  void write_plain(const Record& record);
  void write_header(const Header& header) { put_header(out_.data(), header); }

 private:
  void moved(const uint8_t* end) { at_ = static_cast<size_t>(end - out_.data()); }
  void put8(uint8_t value) { out_[at_++] = value; }
  void put16(uint16_t value) { moved(dns::put16(&out_[at_], value)); }
  void put(std::span<const uint8_t> octets) {
    if (!octets.empty()) std::memcpy(&out_[at_], octets.data(), octets.size());
    at_ += octets.size();
  }
  bool fits(size_t size) const { return at_ + size <= limit_; }

  bool put_owner(NameView owner);
  void put_fields(const Record& record) { moved(dns::put_fields(&out_[at_], record)); }
  bool put_name(NameView name, bool compress);
  bool put_rdata(const Record& record);
  void remember(const SuffixHashes& suffixes, unsigned count, size_t offset);
  void remember_question();

  std::span<uint8_t> out_;
  const Question* question_;
  size_t at_ = 0;
  size_t limit_ = 0;
  bool question_remembered_ = false;  // in the table
  NameView last_owner_;
  uint16_t last_owner_at_ = 0;  // 0: nowhere to point to
  uint16_t last_name_at_ = 0;   // the same for what put_name wrote last
  CompressionTable table_;
};

bool MessageWriter::begin() {
  at_ = kHeaderSize;
  if (question_ == nullptr) return at_ <= out_.size();
  if (at_ + question_->name.size() + 4 > out_.size()) return false;
  put(question_->name.wire());
  put16(static_cast<uint16_t>(question_->type));
  put16(static_cast<uint16_t>(question_->cls));
  return true;
}

/// The table is filled when a name first needs it: an answer whose owners all are the question's never does.
void MessageWriter::remember_question() {
  question_remembered_ = true;
  table_.clear();
  if (question_ == nullptr || question_->name.is_root()) return;
  const SuffixHashes suffixes(question_->name);
  remember(suffixes, suffixes.count, kHeaderSize);
}

/// Notes the first `count` suffixes of a name written at `offset`.
void MessageWriter::remember(const SuffixHashes& suffixes, unsigned count, size_t offset) {
  for (unsigned i = 0; i < count; ++i) {
    const size_t at = offset + suffixes.offsets[i];
    if (at >= kPointerReach) return;
    table_.insert(suffixes.hashes[i], static_cast<uint16_t>(at));
  }
}

/// Owners are mostly the question's name, or that of the record before.
bool MessageWriter::put_owner(NameView owner) {
  const bool is_question = question_ != nullptr && owner.identical(question_->name);
  const bool is_last = last_owner_at_ != 0 && owner.identical(last_owner_);
  if ((is_question || is_last) && !owner.is_root()) {
    if (!fits(2)) return false;
    put16(static_cast<uint16_t>(0xc000 | (is_question ? kHeaderSize : last_owner_at_)));
    return true;
  }
  if (!put_name(owner, true)) return false;
  last_owner_ = owner;
  last_owner_at_ = last_name_at_;
  return true;
}

/// Names that must not be compressed are noted all the same: later ones may point to them.
bool MessageWriter::put_name(NameView name, bool compress) {
  last_name_at_ = 0;
  if (name.is_root()) {
    if (!fits(1)) return false;
    put8(0);
    return true;
  }
  if (!question_remembered_) remember_question();
  const SuffixHashes suffixes(name);
  uint16_t target = 0;
  unsigned fresh = 0;  // labels in front of the suffix that is there already
  for (; fresh < suffixes.count; ++fresh) {
    const unsigned offset = suffixes.offsets[fresh];
    const NameView suffix(name.data() + offset, static_cast<uint8_t>(name.size() - offset));
    target = table_.find(suffixes.hashes[fresh], suffix, out_.data());
    if (target != 0) break;
  }
  const size_t start = at_;
  if (compress && target != 0) {
    const size_t labels = suffixes.offsets[fresh];
    if (!fits(labels + 2)) return false;
    put(name.wire().first(labels));
    put16(static_cast<uint16_t>(0xc000 | target));
  } else {
    if (!fits(name.size())) return false;
    put(name.wire());
  }
  remember(suffixes, fresh, start);
  if (fresh == 0) {
    last_name_at_ = target;
  } else if (start < kPointerReach) {
    last_name_at_ = static_cast<uint16_t>(start);
  }
  return true;
}

bool MessageWriter::put_rdata(const Record& record) {
  const RdataLayout layout = rdata_layout(record);
  std::span<const uint8_t> rest = record.rdata;
  if (layout.names != 0 && rest.size() > layout.fixed_before) {
    if (!fits(layout.fixed_before)) return false;
    put(rest.first(layout.fixed_before));
    rest = rest.subspan(layout.fixed_before);
    for (unsigned i = 0; i < layout.names; ++i) {
      const size_t size = uncompressed_name_size(rest);
      if (size == 0) break;  // not a name: goes out as it is
      if (!put_name({rest.data(), static_cast<uint8_t>(size)}, layout.compressible)) return false;
      rest = rest.subspan(size);
    }
  }
  if (!fits(rest.size())) return false;
  put(rest);
  return true;
}

bool MessageWriter::write_record(const Record& record, size_t limit) {
  const size_t start = at_;
  limit_ = limit;
  const auto write = [&] {
    if (!put_owner(record.owner) || !fits(kRecordFixed)) return false;
    put_fields(record);
    const size_t length_at = at_;
    at_ += 2;
    if (!put_rdata(record)) return false;
    const size_t length = at_ - length_at - 2;
    out_[length_at] = static_cast<uint8_t>(length >> 8);
    out_[length_at + 1] = static_cast<uint8_t>(length);
    return true;
  };
  if (write()) return true;
  at_ = start;
  return false;
}

uint16_t MessageWriter::write_section(std::span<const Record> records, size_t limit, bool& full) {
  uint16_t count = 0;
  for (const Record& record : records) {
    if (full || count == UINT16_MAX || !write_record(record, limit)) {
      full = true;
      break;
    }
    ++count;
  }
  return count;
}

void MessageWriter::write_plain(const Record& record) {
  put(record.owner.wire());
  put_fields(record);
  put16(static_cast<uint16_t>(record.rdata.size()));
  put(record.rdata);
}

bool ends_in_tsig(std::span<const Record> additional) {
  return !additional.empty() && additional.back().type == RRType::tsig;
}

/// `full_size` is uncompressed_size(parts).
size_t encode_sized(const MessageParts& parts, size_t full_size, std::span<uint8_t> out, size_t limit,
                    bool* truncated) {
  out = out.first(std::min(out.size(), kMaxMessage));
  const unsigned rcode = parts.header.rcode | (parts.edns != nullptr ? parts.edns->extended_rcode << 4 : 0);
  if (rcode > 0xf && parts.edns == nullptr) return 0;  // the upper bits live in the OPT (RFC 6891 section 6.1.3)

  // TSIG is the last record, behind the OPT (RFC 8945 section 5.1), and a message with it is not cut.
  const Record* tsig = ends_in_tsig(parts.additional) ? &parts.additional.back() : nullptr;
  const auto additional = parts.additional.first(parts.additional.size() - (tsig != nullptr ? 1 : 0));
  if (tsig != nullptr) limit = out.size();
  limit = std::min(std::max(limit, kMinUdpSize), out.size());

  // A small message is not worth a table of names; a larger one may be what a path's MTU cuts.
  if (tsig == nullptr && parts.question != nullptr && full_size <= std::min(limit, kMinUdpSize)) {
    if (truncated != nullptr) *truncated = false;
    return encode_small(parts, out.data());
  }
  MessageWriter writer(out, parts.question);
  const size_t reserved =
      (parts.edns != nullptr ? opt_size(*parts.edns) : 0) + (tsig != nullptr ? record_size(*tsig) : 0);
  if (!writer.begin() || writer.size() + reserved > out.size()) return 0;

  const size_t body = limit > reserved ? limit - reserved : 0;
  bool full = false;
  Header header = parts.header;
  header.qdcount = parts.question != nullptr ? 1 : 0;
  header.ancount = writer.write_section(parts.answer, body, full);
  header.nscount = writer.write_section(parts.authority, body, full);
  header.arcount = writer.write_section(additional, body, full);
  if (parts.edns != nullptr) {
    writer.write_opt(*parts.edns, static_cast<uint8_t>(rcode >> 4));
    ++header.arcount;
  }
  if (tsig != nullptr) {
    writer.write_plain(*tsig);
    ++header.arcount;
  }
  header.tc = header.tc || full;
  writer.write_header(header);
  if (truncated != nullptr) *truncated = full;
  return writer.size();
}

}  // namespace

size_t encode(const MessageParts& parts, std::span<uint8_t> out, size_t limit, bool* truncated) {
  return encode_sized(parts, uncompressed_size(parts), out, limit, truncated);
}

std::span<const uint8_t> encode(const MessageParts& parts, Arena& arena, size_t limit, bool* truncated) {
  const size_t full_size = uncompressed_size(parts);
  const std::span<uint8_t> out = arena.bytes(std::min(full_size, limit));
  return out.first(encode_sized(parts, full_size, out, limit, truncated));
}

size_t uncompressed_size(const MessageParts& parts) {
  size_t size = kHeaderSize;
  if (parts.question != nullptr) size += parts.question->name.size() + 4;
  for (const auto section : {parts.answer, parts.authority, parts.additional}) {
    for (const Record& record : section) size += record_size(record);
  }
  if (parts.edns != nullptr) size += opt_size(*parts.edns);
  return size;
}

}  // namespace portolan::dns
