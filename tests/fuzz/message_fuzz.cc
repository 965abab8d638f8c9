// Fuzzes the packet reader and writer: no packet may crash or hang them, and what was read and written again reads the
// same.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "dns/rdata.h"
#include "dns/rdata_text.h"
#include "dns/tsig_request.h"

using namespace portolan;
using namespace portolan::dns;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool same(std::span<const uint8_t> a, std::span<const uint8_t> b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

/// `written` may hold fewer records where a message grew beyond its limit.
void require_same(std::span<const Record> read, std::span<const Record> written, bool truncated) {
  require(truncated ? written.size() <= read.size() : written.size() == read.size());
  for (size_t i = 0; i < written.size(); ++i) {
    if (read[i].type == RRType::tsig || written[i].type == RRType::tsig) break;  // it stays when others are left out
    require(written[i].owner.identical(read[i].owner));
    require(written[i].type == read[i].type && written[i].cls == read[i].cls && written[i].ttl == read[i].ttl);
    require(same(written[i].rdata, read[i].rdata));
  }
}

void require_same(const std::optional<Edns>& read, const std::optional<Edns>& written) {
  require(read.has_value() == written.has_value());
  if (!read) return;
  require(read->udp_size == written->udp_size && read->version == written->version);
  require(read->dnssec_ok == written->dnssec_ok && read->z_flags == written->z_flags);
  require(read->options.size() == written->options.size());
  for (size_t i = 0; i < read->options.size(); ++i) {
    require(read->options[i].code == written->options[i].code);
    require(same(read->options[i].data, written->options[i].data));
  }
}

void write_and_read_again(const ParsedMessage& message, size_t limit) {
  MessageParts parts;
  parts.header = message.header;
  if (!message.questions.empty()) parts.question = &message.questions[0];
  parts.answer = message.answer;
  parts.authority = message.authority;
  parts.additional = message.additional;
  if (message.edns) parts.edns = &*message.edns;

  std::vector<uint8_t> out(kMaxMessage);
  bool truncated = false;
  const size_t size = encode(parts, out, limit, &truncated);
  if (size == 0) return;
  require(size <= uncompressed_size(parts) && size <= out.size());
  out.resize(size);
  Arena arena;
  ParsedMessage again;
  require(parse_message(out, arena, again));
  require(again.header.id == message.header.id && again.rcode() == message.rcode());
  require(again.header.tc == (message.header.tc || truncated));
  if (parts.question != nullptr) require(again.questions[0].name.identical(message.questions[0].name));
  require_same(message.answer, again.answer, truncated);
  require_same(message.authority, again.authority, truncated);
  require_same(message.additional, again.additional, truncated);
  require_same(message.edns, again.edns);
}

void look_into(std::span<const Record> records) {
  size_t shown = 0;
  for (const Record& record : records) {
    if (++shown > 8) return;
    IpAddress address;
    Soa soa;
    address_of(record, address);
    address_of_reverse(record.owner, address);
    parse_soa(record.rdata, soa);
    require(target_name(record).size() >= 1);
    require(!record_text(record).empty());
  }
}

// Whatever the record says, no signature is good that was made without the secret, and the message can be signed.
void check_signature(std::span<const uint8_t> packet, size_t offset, Arena& arena) {
  Tsig tsig;
  if (!read_tsig(packet, offset, arena, tsig)) return;
  require(verify_tsig(packet, offset, tsig, "nobody knows it", {}, tsig.time) == TsigError::bad_signature);
  const TsigChain chain{tsig.mac};
  const size_t most = packet.size() + tsig_size(tsig);
  require(sign_tsig(packet, tsig, "secret", chain, arena).size() <= most);
}

// No packet is an answer to a request that is signed with a secret that its maker does not know.
void check_answer(std::span<const uint8_t> packet) {
  static constexpr uint8_t kQuestion[] = {0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1};
  static const auto key =
      std::make_shared<const TsigKey>(TsigKey{*Name::parse("key."), TsigAlgorithm::sha256, "nobody knows it"});
  TsigRequest request(key);
  request.sign(kQuestion, {});
  require(request.check(packet, {}).has_error());
  require(!request.ends_signed());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span packet(data, size);
  Arena arena;
  ParsedQuery query;
  const QueryStatus status = parse_query(packet, arena, query);
  if (status == QueryStatus::ok) {
    require(query.question_end <= size && query.tsig_offset <= size);
    require(query.question.name.equals(query.question.lower));
  }
  check_answer(packet);
  ParsedMessage message;
  if (status == QueryStatus::ok && query.has_tsig) check_signature(packet, query.tsig_offset, arena);
  if (!parse_message(packet, arena, message)) return 0;
  write_and_read_again(message, kMaxMessage);
  write_and_read_again(message, kMinUdpSize);
  look_into(message.answer);
  look_into(message.authority);
  look_into(message.additional);
  return 0;
}
