// The order of records in a transfer: SOA first and last, and for IXFR pairs of SOA around what goes and what comes.
#include "zones/incoming_transfer.h"

#include <algorithm>

#include "dns/rdata_schema.h"
#include "dns/reader.h"
#include "zones/serial.h"

namespace portolan::zones {
namespace {

using dns::Record;
using dns::RRType;

// Types that live in questions and messages, not in zones (RFC 6895 section 3.1).
bool is_meta(RRType type) {
  const auto number = static_cast<uint16_t>(type);
  return number == 0 || type == RRType::opt || (number >= 128 && number <= 255);
}

// Rdata that a message brings may end between two fields; in a zone it must be whole.
bool is_whole(const Record& record) {
  std::span<const uint8_t> rest = record.rdata;
  const auto take = [&rest](size_t octets) {
    if (octets > rest.size()) return false;
    rest = rest.subspan(octets);
    return true;
  };
  for (const char* field = dns::rdata_schema(record.type); *field != 0; ++field) {
    bool good = true;
    switch (*field) {
      case 'N': {
        const size_t size = dns::uncompressed_name_size(rest);
        good = size != 0 && take(size);
        break;
      }
      case 'S':
      case 'h':
        good = !rest.empty() && take(rest[0] + 1U);
        break;
      case 'H':
        good = rest.size() >= 2 && take(dns::read16(rest.data()) + 2U);
        break;
      case 'x':
        good = take(16);
        break;
      case 'T':
        return !rest.empty();
      default:
        if (*field < '0' || *field > '9') return true;  // whatever is there, up to the end
        good = take(static_cast<size_t>(*field - '0'));
    }
    if (!good) return false;
  }
  return rest.empty();
}

dns::OwnedRecord owned(const Record& record) {
  dns::OwnedRecord copy{dns::Name(record.owner), record.type, record.cls, record.ttl, {}};
  copy.rdata.assign(reinterpret_cast<const char*>(record.rdata.data()), record.rdata.size());
  return copy;
}

std::string of(const Record& record) { return dns::text(record.type) + " record of " + record.owner.text(); }

}  // namespace

IncomingTransfer::IncomingTransfer(const dns::Name& origin, std::shared_ptr<const ZoneTree> current,
                                   TransferLimits limits)
    : origin_(origin.lower()), current_(std::move(current)), limits_(limits), builder_(origin) {
  if (current_) change_.emplace(*current_);
}

Result<bool> IncomingTransfer::read(std::span<const uint8_t> octets) {
  Arena arena;
  dns::ParsedMessage message;
  if (!dns::parse_message(octets, arena, message)) return fail("malformed message");
  if (auto good = check(message); good.has_error()) return good.error();
  for (const Record& record : message.answer) {
    if (nothing_newer_) break;  // the primary may send its zone all the same: nobody needs it
    if (auto taken = take(record); taken.has_error()) return taken.error();
  }
  return step_ == Step::end;
}

// RFC 5936 section 2.2: header and question of each message.
Result<void> IncomingTransfer::check(const dns::ParsedMessage& message) const {
  const dns::Header& header = message.header;
  if (!header.qr || header.opcode != dns::Opcode::query) return fail("not an answer");
  if (message.rcode() != 0) return fail("rcode was " + dns::text(static_cast<dns::Rcode>(message.rcode())));
  if (header.tc) return fail("truncated message");
  const RRType type = current_ ? RRType::ixfr : RRType::axfr;
  for (const dns::Question& question : message.questions) {
    if (!question.name.equals(origin_) || question.type != type) return fail("answer to another question");
  }
  if (message.answer.size() != header.ancount) return fail("malformed message: less records than it says");
  if (message.answer.empty()) return fail("message without records");
  return {};
}

Result<void> IncomingTransfer::take(const Record& record) {
  if (step_ == Step::end) return fail("records behind the last SOA record");
  octets_ += record.owner.size() + record.rdata.size();
  if (++records_ > limits_.records) return fail("more than " + std::to_string(limits_.records) + " records");
  if (octets_ > limits_.octets) return fail("more than " + std::to_string(limits_.octets) + " octets of records");
  if (record.cls != dns::RRClass::in) return fail("class of a " + of(record) + " is " + dns::text(record.cls));
  if (is_meta(record.type)) return fail("a " + of(record) + ", which has no place in a zone");
  if (!is_whole(record)) return fail("malformed " + of(record));
  return record.type == RRType::soa ? take_soa(record) : take_data(record);
}

Result<void> IncomingTransfer::take_soa(const Record& record) {
  dns::Soa soa;
  if (!record.owner.equals(origin_)) return fail("a " + of(record) + ", not of " + origin_.text());
  if (!dns::parse_soa(record.rdata, soa)) return fail("malformed " + of(record));
  switch (step_) {
    case Step::first_soa:
      final_serial_ = soa.serial;
      if (current_ && !serial_before(current_->serial(), soa.serial)) {
        nothing_newer_ = true;  // RFC 1995 section 2
        step_ = Step::end;
        return {};
      }
      soa_ = owned(record);
      step_ = Step::second;
      return {};
    case Step::second:
      at_serial_ = soa.serial;
      if (current_ && soa.serial == current_->serial()) {
        step_ = Step::removing;
        return {};
      }
      if (soa.serial != final_serial_) return fail("changes from serial " + std::to_string(soa.serial) + ", not ours");
      step_ = Step::end;  // a zone of nothing but its SOA record
      change_.reset();
      return builder_.add(soa_);
    case Step::whole:
      if (soa.serial != final_serial_) return fail("the zone has changed while it was sent");
      at_serial_ = soa.serial;
      step_ = Step::end;
      return builder_.add(soa_);
    case Step::removing:
      if (!serial_before(at_serial_, soa.serial)) {
        return fail("changes from serial " + std::to_string(at_serial_) + " to " + std::to_string(soa.serial));
      }
      at_serial_ = soa.serial;
      step_ = Step::adding;
      return {};
    case Step::adding:
      if (soa.serial != at_serial_) return fail("changes that do not follow each other");
      step_ = at_serial_ == final_serial_ ? Step::end : Step::removing;
      return {};
    case Step::end:
      break;
  }
  return {};
}

Result<void> IncomingTransfer::take_data(const Record& record) {
  if (step_ == Step::first_soa) return fail("a " + of(record) + " in front of the first SOA record");
  if (step_ == Step::second) {
    step_ = Step::whole;
    change_.reset();
  }
  if (!record.owner.is_under(origin_)) {
    ++outside_;
    return {};
  }
  if (step_ == Step::removing) return change_->remove(record);
  if (step_ == Step::adding) {
    change_->add(record);
    return {};
  }
  return builder_.add(owned(record));
}

Result<Transferred> IncomingTransfer::finish() {
  Transferred done;
  done.serial = final_serial_;
  done.records = records_;
  done.outside = outside_;
  if (nothing_newer_) return {boost::system::in_place_value, std::move(done)};
  done.incremental = change_.has_value();
  auto tree = change_ ? change_->apply(soa_) : builder_.build();
  if (tree.has_error()) return tree.error();
  done.tree = std::move(*tree);
  return {boost::system::in_place_value, std::move(done)};
}

}  // namespace portolan::zones
