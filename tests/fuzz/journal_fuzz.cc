// Fuzzes files of journals: none may crash or hang the start, and what is taken from one is sent whole, in messages
// that can be read. The first octet chooses a file, or the octets of one difference, which need no checksum.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "dns/message.h"
#include "zones/incoming_transfer.h"
#include "zones/journal_file.h"
#include "zones/transfer.h"
#include "zones/zone_file.h"

using namespace portolan;

namespace {

const dns::Name kOrigin = *dns::Name::parse("alder.test.");

void require(bool holds) {
  if (!holds) std::abort();
}

std::shared_ptr<const zones::ZoneTree> zone(uint32_t serial) {
  const std::string text = "@ 60 IN SOA ns h " + std::to_string(serial) + " 2 3 4 5\nwww 60 IN A 192.0.2.2\n";
  auto read = zones::read_zone_text(text, "db", kOrigin);
  return std::move(read->tree);
}

// As transfers send it, a record a message; a secondary may refuse what does not fit its zone, and no more.
void send(const std::shared_ptr<const zones::Differences>& differences) {
  const uint32_t from = differences->front()->from();
  const auto stream = zones::transfer_changes(differences, from, differences->back()->to());
  require(stream != nullptr);
  Arena arena;
  ArenaVector<dns::Record> sent(arena);
  while (stream->next(arena, sent)) continue;
  // The new SOA record stands in front and at the end besides; of versions that come again the last way is taken.
  const size_t soa = sent[0].owner.size() + 10 + sent[0].rdata.size();
  size_t octets = 0;
  for (const dns::Record& record : sent) octets += record.owner.size() + 10 + record.rdata.size();
  if (differences->size() == 1) require(octets == differences->front()->octets().size() + 2 * soa);

  zones::IncomingTransfer incoming(kOrigin, zone(from), {.records = 10'000, .octets = 1 << 20});
  for (const dns::Record& record : sent) {
    dns::MessageParts parts;
    parts.header.qr = true;
    parts.answer = std::span(&record, 1);
    bool cut = false;
    Arena message;
    const auto encoded = dns::encode(parts, message, dns::kMaxMessage, &cut);
    if (cut || encoded.empty()) return;
    dns::ParsedMessage parsed;
    require(dns::parse_message(encoded, message, parsed) && parsed.answer.size() == 1);
    require(parsed.answer[0].owner.equals(record.owner) && parsed.answer[0].type == record.type);
    const auto last = incoming.read(encoded);
    if (last.has_error() || *last) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  auto differences = std::make_shared<zones::Differences>();
  if (data[0] & 1) {
    if (auto one = zones::Difference::read(kOrigin, std::string(input), 0)) differences->push_back(std::move(one));
  } else {
    size_t whole = 0;
    zones::JournalFile::Content content = zones::JournalFile::parse(input, kOrigin, whole);
    require(whole <= input.size() && content.damage.empty() == (whole == input.size() && whole > 0));
    *differences = std::move(content.differences);
  }
  if (!differences->empty()) send(differences);
  return 0;
}
