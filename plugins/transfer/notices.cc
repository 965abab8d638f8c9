// One NOTIFY: a connected UDP socket a try, until the secondary has accepted it.
#include "plugins/transfer/notices.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "base/descriptor.h"
#include "base/error_text.h"
#include "base/log.h"
#include "base/random.h"
#include "dns/message.h"

namespace portolan::transfer {
namespace {

constexpr unsigned kTries = 3;
constexpr size_t kMostAtOnce = 64;

}  // namespace

class Notices::Notice {
 public:
  Notice(Notices& owner, dns::NameView zone, const SocketAddress& server, const std::optional<IpAddress>& source,
         std::shared_ptr<const dns::TsigKey> key)
      : owner_(owner), zone_(zone), server_(server), source_(source), key_(std::move(key)), timer_(owner.loop_) {}

  bool is_for(dns::NameView zone, const SocketAddress& server) const {
    return zone_.view().equals(zone) && server_ == server;
  }
  void start() { try_once(); }

 private:
  void try_once();
  bool send();
  void wait();
  void read();
  void take_answer(std::span<const uint8_t> octets);
  void failed(std::string reason);
  void try_again();
  void close();

  Notices& owner_;
  const dns::Name zone_;
  const SocketAddress server_;
  const std::optional<IpAddress> source_;
  const std::shared_ptr<const dns::TsigKey> key_;
  Timer timer_;
  Descriptor socket_;
  std::optional<FdWatch> watch_;
  std::vector<uint8_t> packet_;
  std::optional<dns::TsigRequest> signed_;  // packet_, with a key
  unsigned tries_ = 0;
  std::string reason_;  // why the last try failed
};

void Notices::Notice::try_once() {
  close();
  ++tries_;
  dns::Question question{zone_, zone_, dns::RRType::soa, dns::RRClass::in};
  dns::MessageParts parts;
  parts.header.id = secure_random16();
  parts.header.opcode = dns::Opcode::notify;
  parts.header.aa = true;  // RFC 1996 section 3.7
  parts.question = &question;
  packet_.resize(dns::kMinUdpSize);
  packet_.resize(dns::encode(parts, packet_, packet_.size()));
  if (key_) packet_ = signed_.emplace(key_).sign(packet_, owner_.clock_.wall());
  reason_ = "no answer";
  timer_.start(owner_.patience_, [this] { try_again(); });
  if (!send()) return failed(error_text(errno));
  watch_.emplace(owner_.loop_, socket_.get());
  wait();
}

bool Notices::Notice::send() {
  sockaddr_storage storage{};
  socklen_t length = server_.to(storage);
  socket_ = Descriptor(::socket(storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_) return false;
  if (source_) {
    sockaddr_storage own{};
    const socklen_t own_length = SocketAddress{*source_, 0}.to(own);
    if (bind(socket_.get(), reinterpret_cast<sockaddr*>(&own), own_length) != 0) return false;
  }
  return connect(socket_.get(), reinterpret_cast<sockaddr*>(&storage), length) == 0 &&
         ::send(socket_.get(), packet_.data(), packet_.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(packet_.size());
}

void Notices::Notice::wait() {
  watch_->wait_readable([this] { read(); });
}

void Notices::Notice::read() {
  std::array<uint8_t, 2 * dns::kMinUdpSize> octets;  // an answer with the longest names and MAC has 629
  const ssize_t size = recv(socket_.get(), octets.data(), octets.size(), 0);
  if (size < 0) return errno == EAGAIN || errno == EINTR ? wait() : failed(error_text(errno));
  take_answer(std::span(octets).first(static_cast<size_t>(size)));
}

// RFC 1996 section 3.12: the same id and question, and QR. What is no answer to this message is waited past.
void Notices::Notice::take_answer(std::span<const uint8_t> octets) {
  Arena arena;
  dns::ParsedMessage answer;
  const bool ours = octets.size() >= dns::kHeaderSize && octets[0] == packet_[0] && octets[1] == packet_[1] &&
                    dns::parse_message(octets, arena, answer) && answer.header.qr &&
                    answer.header.opcode == dns::Opcode::notify &&
                    (answer.questions.empty() || answer.questions.front().name.equals(zone_));
  if (!ours) return wait();
  if (signed_) {
    // RFC 8945 section 5.4: an answer that cannot be trusted may be another's, and the right one still on its way.
    if (auto good = signed_->check(octets, owner_.clock_.wall()); good.has_error()) {
      reason_ = std::move(good.error().message);
      return wait();
    }
  }
  if (answer.rcode() != 0) return failed("rcode was " + dns::text(static_cast<dns::Rcode>(answer.rcode())));
  log::debug("plugin/transfer: Sent notifies for zone \"" + zone_.text() + "\" to " + server_.text());
  owner_.done(*this);
}

// The time that is left is waited for all the same: a secondary that is just starting should find the next try.
void Notices::Notice::failed(std::string reason) {
  reason_ = std::move(reason);
  watch_.reset();
  if (tries_ == kTries) try_again();
}

void Notices::Notice::try_again() {
  if (tries_ < kTries) return try_once();
  log::warning("plugin/transfer: Failed sending notifies: notify for zone \"" + zone_.text() +
               "\" was not accepted by \"" + server_.text() + "\": " + reason_);
  owner_.done(*this);
}

void Notices::Notice::close() {
  watch_.reset();
  socket_ = Descriptor();
}

Notices::Notices(Loop& loop, std::chrono::nanoseconds patience, const Clock& clock)
    : loop_(loop), patience_(patience), clock_(clock) {}
Notices::~Notices() = default;

void Notices::send(dns::NameView zone, const SocketAddress& server, const std::optional<IpAddress>& source,
                   std::shared_ptr<const dns::TsigKey> key) {
  const auto same = [&](const std::unique_ptr<Notice>& notice) { return notice->is_for(zone, server); };
  if (std::any_of(waiting_.begin(), waiting_.end(), same)) return;
  under_way_.remove_if(same);
  waiting_.push_back(std::make_unique<Notice>(*this, zone, server, source, std::move(key)));
  start_waiting();
}

void Notices::start_waiting() {
  while (!waiting_.empty() && under_way_.size() < kMostAtOnce) {
    under_way_.splice(under_way_.end(), waiting_, waiting_.begin());
    under_way_.back()->start();
  }
}

// Ends `notice`, which calls this as the last thing it does.
void Notices::done(const Notice& notice) {
  under_way_.remove_if([&](const auto& each) { return each.get() == &notice; });
  start_waiting();
}

void Notices::clear() noexcept {
  waiting_.clear();
  under_way_.clear();
}

}  // namespace portolan::transfer
