// What an answer lacks is told in one line, with the TSIG error that names it.
#include "dns/tsig_request.h"

#include "dns/reader.h"

namespace portolan::dns {
namespace {

constexpr unsigned kMostUnsigned = 99;  // RFC 8945 section 5.3.1

uint64_t seconds(WallTime time) {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

std::string apart(uint64_t one, uint64_t other) {
  return std::to_string(one > other ? one - other : other - one) + " s";
}

// Where the TSIG record begins, which is the last of the additional section and of the packet (RFC 8945 section 5.1);
// 0: there is none. False when the packet is malformed.
bool find_tsig(Packet packet, size_t& offset) {
  offset = 0;
  if (packet.size() < kHeaderSize) return false;
  const Header header = read_header(packet);
  size_t at = kHeaderSize;
  for (unsigned count = header.qdcount; count != 0; --count) {
    const NameExtent name = measure_name(packet, at);
    if (name.end == 0 || name.end + 4 > packet.size()) return false;
    at = name.end + 4;
  }
  const unsigned before = unsigned{header.ancount} + header.nscount;
  for (unsigned i = 0; i < before + header.arcount; ++i) {
    const NameExtent owner = measure_name(packet, at);
    RecordFields fields;
    if (owner.end == 0 || !read_record_fields(packet, owner.end, fields) || offset != 0) return false;
    if (fields.type == RRType::tsig) offset = at;
    if (offset != 0 && i < before) return false;
    at = fields.end;
  }
  return at == packet.size();
}

}  // namespace

std::string TsigRequest::named() const { return "key \"" + key_->name.text() + "\""; }

// The next signature covers this one and no message before it.
void TsigRequest::follow(std::span<const uint8_t> mac) {
  mac_.assign(mac.begin(), mac.end());
  between_.clear();
  unsigned_ = 0;
}

std::vector<uint8_t> TsigRequest::sign(std::span<const uint8_t> message, WallTime now) {
  Arena arena;
  Tsig tsig;
  tsig.key = key_->name;
  tsig.algorithm = tsig_algorithm_name(key_->algorithm);
  tsig.time = seconds(now);
  tsig.original_id = read16(message.data());
  const auto octets = sign_tsig(message, tsig, key_->secret, {}, arena);
  follow(tsig.mac);
  answered_ = false;
  return {octets.begin(), octets.end()};
}

Result<void> TsigRequest::check(std::span<const uint8_t> answer, WallTime now) {
  size_t offset = 0;
  if (!find_tsig(answer, offset)) return fail("malformed message");
  if (offset == 0) return take_unsigned(answer);
  Arena arena;
  Tsig tsig;
  if (!read_tsig(answer, offset, arena, tsig)) return fail("malformed TSIG record");
  if (auto good = check_record(answer, offset, tsig, seconds(now)); good.has_error()) return good;
  follow(tsig.mac);
  answered_ = true;
  return {};
}

Result<void> TsigRequest::take_unsigned(std::span<const uint8_t> answer) {
  if (!answered_) {
    const auto rcode = static_cast<Rcode>(read_header(answer).rcode);
    return fail("the answer is not signed" + (rcode == Rcode::noerror ? "" : ", its rcode was " + text(rcode)));
  }
  if (++unsigned_ > kMostUnsigned) return fail("more than 99 messages without a signature");
  between_.insert(between_.end(), answer.begin(), answer.end());
  return {};
}

Result<void> TsigRequest::check_record(std::span<const uint8_t> answer, size_t offset, const Tsig& tsig,
                                       uint64_t now) const {
  const auto algorithm = tsig_algorithm_name(key_->algorithm);
  // These two come without a MAC (section 5.3.2). They may be forged, but then there is no other answer.
  if (tsig.error == TsigError::bad_key) {
    return fail("it answers BADKEY: it has no " + named() + " for " + algorithm.text());
  }
  if (tsig.error == TsigError::bad_signature) {
    return fail("it answers BADSIG: its secret of " + named() + " is another");
  }
  if (!tsig.key.equals(key_->name) || !tsig.algorithm.equals(algorithm)) {
    return fail("BADKEY: the answer is signed with key \"" + tsig.key.text() + "\" and " + tsig.algorithm.text() +
                ", not with " + named() + " and " + algorithm.text());
  }
  switch (verify_tsig(answer, offset, tsig, key_->secret, {mac_, answered_, between_}, now)) {
    case TsigError::none:
      break;
    case TsigError::bad_time:
      return fail("BADTIME: the answer was signed with " + named() + " " + apart(tsig.time, now) +
                  " off our time, more than the " + std::to_string(tsig.fudge) + " s that are allowed");
    default:
      return fail("BADSIG: the answer's signature does not fit " + named());
  }
  if (tsig.error == TsigError::bad_time) {
    uint64_t theirs = 0;
    for (const uint8_t octet : tsig.other) theirs = theirs << 8 | octet;
    return fail("it answers BADTIME: its clock is " + apart(theirs, tsig.time) + " off ours");
  }
  if (tsig.error != TsigError::none) {
    return fail("it answers with TSIG error " + std::to_string(static_cast<unsigned>(tsig.error)));
  }
  return {};
}

}  // namespace portolan::dns
