// A whole message with all its records, as upstream servers and primaries send them.
#include "dns/fold.h"
#include "dns/reader.h"

namespace portolan::dns {
namespace {

class MessageReader {
 public:
  MessageReader(Packet packet, Arena& arena) : packet_(packet), arena_(arena) {}

  bool read(ParsedMessage& message);

 private:
  bool read_questions(unsigned count, std::span<const Question>& questions);
  bool read_section(unsigned count, std::span<const Record>& records);
  bool read_additional(unsigned count, ParsedMessage& message);
  bool read_record(Record& record, RecordFields& fields);
  size_t read_owner(NameView& owner);

  Packet packet_;
  Arena& arena_;
  size_t at_ = kHeaderSize;
  // Most owners are pointers to a name that was just read.
  uint16_t last_pointer_ = 0;
  NameView last_pointed_;
};

bool MessageReader::read(ParsedMessage& message) {
  message.header = read_header(packet_);
  if (packet_.size() == kHeaderSize) return true;  // a bare header: some servers refuse in this way
  return read_questions(message.header.qdcount, message.questions) &&
         read_section(message.header.ancount, message.answer) &&
         read_section(message.header.nscount, message.authority) && read_additional(message.header.arcount, message);
}

bool MessageReader::read_questions(unsigned count, std::span<const Question>& questions) {
  ArenaVector<Question> list(arena_);
  bool good = true;
  for (; good && count != 0; --count) {
    Question question;
    const size_t end = read_name(packet_, at_, arena_, question.name);
    good = end != 0 && end + 4 <= packet_.size();
    if (!good) break;
    question.lower = lower(question.name, arena_);
    question.type = static_cast<RRType>(read16(&packet_[end]));
    question.cls = static_cast<RRClass>(read16(&packet_[end + 2]));
    list.push_back(question);
    at_ = end + 4;
  }
  questions = list;
  return good;
}

size_t MessageReader::read_owner(NameView& owner) {
  if (at_ + 2 > packet_.size() || packet_[at_] < 0xc0) return read_name(packet_, at_, arena_, owner);
  const uint16_t pointer = read16(&packet_[at_]);
  if (pointer != last_pointer_) {
    if (read_name(packet_, at_, arena_, last_pointed_) == 0) return 0;
    last_pointer_ = pointer;
  }
  owner = last_pointed_;
  return at_ + 2;
}

bool MessageReader::read_record(Record& record, RecordFields& fields) {
  const size_t end = read_owner(record.owner);
  if (end == 0 || !read_record_fields(packet_, end, fields)) return false;
  if (!read_rdata(packet_, fields, arena_, record.rdata)) return false;
  record.type = fields.type;
  record.cls = fields.cls;
  record.ttl = fields.ttl;
  at_ = fields.end;
  return true;
}

/// Counts larger than the data are tolerated.
bool MessageReader::read_section(unsigned count, std::span<const Record>& records) {
  ArenaVector<Record> list(arena_);
  bool good = true;
  for (; count != 0 && at_ < packet_.size(); --count) {
    Record record;
    RecordFields fields;
    good = read_record(record, fields);
    if (!good) break;
    list.push_back(record);
  }
  records = list;
  return good;
}

bool MessageReader::read_additional(unsigned count, ParsedMessage& message) {
  ArenaVector<Record> list(arena_);
  std::optional<RecordFields> opt;
  bool good = true;
  for (; count != 0 && at_ < packet_.size(); --count) {
    Record record;
    RecordFields fields;
    const size_t start = at_;
    good = read_record(record, fields);
    if (!good) break;
    message.tsig_offset = fields.type == RRType::tsig ? start : 0;
    if (fields.type == RRType::opt) {
      opt = fields;
    } else {
      list.push_back(record);
    }
  }
  message.additional = list;
  if (opt) message.edns = read_edns(packet_, *opt, arena_);
  return good;
}

}  // namespace

bool parse_message(std::span<const uint8_t> packet, Arena& arena, ParsedMessage& message) {
  message = {};
  if (packet.size() < kHeaderSize) return false;
  // One copy of the packet, so that uncompressed names and rdata can be views of it.
  return MessageReader(arena.copy(packet), arena).read(message);
}

}  // namespace portolan::dns
