// dnsblast: a small DNS load generator (UDP and TCP) that prints one JSON object.
//
// One thread, several sockets, recvmmsg/sendmmsg batches.  Closed loop keeps a
// fixed number of queries in flight; open loop (-Q) sends on a fixed schedule and
// measures each latency from the scheduled time, so a stalled server can't hide.
// Run one process per core if one thread can't saturate the server.
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <numeric>
#include <string>
#include <vector>

namespace {

using u64 = uint64_t;

u64 now_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return u64(t.tv_sec) * 1000000000ull + u64(t.tv_nsec);
}

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "dnsblast: %s%s%s\n", what.c_str(), errno ? ": " : "", errno ? strerror(errno) : "");
  std::exit(2);
}

struct Options {
  std::string server = "127.0.0.1", file;
  int port = 53, sockets = 16, window = 256, batch = 32;
  double rate = 0, seconds = 5, warmup = 0, timeout = 1.0;
  u64 count = 0;
  bool tcp = false, edns = false, check_question = true, spin = false;
};

// Log-linear histogram: 64 steps per power of two (under 1.6 % error), in ns.
class Histogram {
 public:
  void add(u64 ns) {
    ++total_;
    sum_ += double(ns);
    max_ = std::max(max_, ns);
    ++cells_[index(ns)];
  }
  double quantile_us(double q) const {
    if (!total_) return 0;
    u64 want = u64(q * double(total_)), seen = 0;
    for (size_t i = 0; i < kCells; ++i)
      if ((seen += cells_[i]) > want) return value(i) / 1e3;
    return double(max_) / 1e3;
  }
  double mean_us() const { return total_ ? sum_ / double(total_) / 1e3 : 0; }
  double max_us() const { return double(max_) / 1e3; }

 private:
  static constexpr size_t kCells = 64 * 60;
  static size_t index(u64 v) {
    if (v < 64) return v;
    int top = 63 - __builtin_clzll(v);
    size_t i = size_t(top - 5) * 64 + ((v >> (top - 6)) & 63);
    return i < kCells ? i : kCells - 1;
  }
  static double value(size_t i) {
    if (i < 64) return double(i);
    int top = int(i / 64) + 5;
    return double((64 + (i & 63)) + 0.5) * double(1ull << (top - 6));
  }
  std::vector<u64> cells_ = std::vector<u64>(kCells);
  u64 total_ = 0, max_ = 0;
  double sum_ = 0;
};

const std::map<std::string, int> kTypes = {{"A", 1},       {"NS", 2},    {"CNAME", 5},  {"SOA", 6},  {"PTR", 12},
                                           {"MX", 15},     {"TXT", 16},  {"AAAA", 28},  {"SRV", 33}, {"DS", 43},
                                           {"DNSKEY", 48}, {"SVCB", 64}, {"HTTPS", 65}, {"ANY", 255}};

// "name TYPE" -> wire query with ID 0 (empty on a malformed line).
std::string encode(const std::string& name, const std::string& type, bool edns) {
  std::string w("\0\0\1\0\0\1\0\0\0\0\0", 11);
  w += char(edns ? 1 : 0);
  size_t at = 0;
  while (at < name.size()) {
    size_t dot = name.find('.', at);
    if (dot == std::string::npos) dot = name.size();
    size_t len = dot - at;
    if (len > 63) return {};
    if (len) {
      w += char(len);
      w.append(name, at, len);
    }
    at = dot + 1;
  }
  w += '\0';
  if (w.size() > 12 + 255) return {};
  auto t = kTypes.find(type);
  int code = t != kTypes.end() ? t->second : std::atoi(type.c_str() + (type.rfind("TYPE", 0) == 0 ? 4 : 0));
  if (code <= 0) return {};
  w += char(code >> 8);
  w += char(code & 255);
  w += std::string("\0\1", 2);
  if (edns) w += std::string("\0\0\x29\x04\xd0\0\0\0\0\0\0", 11);  // OPT, 1232 bytes
  return w;
}

struct Slot {
  u64 start = 0;  // 0: free
  uint32_t query = 0;
  uint16_t id = 0;
};

// One socket: its in-flight table is a ring over send order, so timeouts are a
// walk from the oldest entry.
struct Conn {
  int fd = -1;
  uint16_t next = 0;
  unsigned head = 0, tail = 0, flying = 0;  // ring positions [tail, head)
  std::vector<Slot> ring;
  std::string out;          // TCP: unsent bytes
  std::vector<uint8_t> in;  // TCP: bytes of incomplete messages
  bool dead = false;
};

class Blaster {
 public:
  explicit Blaster(const Options& o) : o_(o) {
    load();
    window_ = o_.rate > 0 ? 16384 : unsigned(o_.window + o_.sockets - 1) / unsigned(o_.sockets);
    unsigned size = 64;
    while (size < 4 * window_ || (o_.rate > 0 && size < 32768)) size *= 2;
    mask_ = size - 1;
    conns_.resize(size_t(o_.sockets));
    for (auto& c : conns_) {
      c.ring.resize(size);
      open(c);
    }
  }

  void run() {
    start_ = now_ns();
    warm_until_ = start_ + u64(o_.warmup * 1e9);
    u64 end = warm_until_ + u64(o_.seconds * 1e9), last_sweep = start_;
    bool warm = o_.warmup > 0;
    u64 now = start_;
    while (now < end && (!o_.count || sent_ < o_.count)) {
      if (warm && now >= warm_until_) reset_counts(), warm = false;
      bool moved = step(now);
      now = now_ns();
      if (!moved && !o_.spin) wait(now);
      if (now - last_sweep > 20000000) {
        sweep(now);
        last_sweep = now;
      }
    }
    measured_ = double(now - std::max(start_, warm_until_)) / 1e9;
    // Give the last queries a chance, then call the rest lost.
    u64 stop = now + u64(o_.timeout * 1e9);
    sending_ = false;
    answered_in_time_ = answered_;
    while (now < stop && in_flight()) {
      if (!step(now)) wait(now);
      now = now_ns();
    }
    sweep(now + u64(o_.timeout * 1e9) + 1);
    rusage r{};
    getrusage(RUSAGE_SELF, &r);
    cpu_ = double(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + double(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
    print();
  }

 private:
  void load() {
    FILE* f = std::fopen(o_.file.c_str(), "r");
    if (!f) die("can't open " + o_.file);
    char name[1024], type[32], line[2048];
    while (std::fgets(line, sizeof line, f)) {
      if (std::sscanf(line, "%1023s %31s", name, type) != 2 || name[0] == '#') continue;
      for (char* p = type; *p; ++p) *p = char(std::toupper(*p));
      std::string w = encode(name, type, o_.edns);
      if (w.empty()) die(std::string("bad query line: ") + line);
      queries_.push_back(std::move(w));
    }
    std::fclose(f);
    errno = 0;
    if (queries_.empty()) die("no queries in " + o_.file);
  }

  void open(Conn& c) {
    addrinfo hints{}, *a = nullptr;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    if (getaddrinfo(o_.server.c_str(), std::to_string(o_.port).c_str(), &hints, &a)) die("bad address");
    c.fd = socket(a->ai_family, o_.tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
    if (c.fd < 0) die("socket");
    int big = 4 << 20, one = 1;
    setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof big);
    setsockopt(c.fd, SOL_SOCKET, SO_SNDBUF, &big, sizeof big);
    if (o_.tcp) setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c.dead = connect(c.fd, a->ai_addr, a->ai_addrlen) < 0;
    freeaddrinfo(a);
    if (c.dead && !(o_.tcp && running_)) die("connect");
    if (c.dead)
      close(c.fd);
    else
      fcntl(c.fd, F_SETFL, O_NONBLOCK);
  }

  // Receive what is there and send what may be sent; true if anything moved.
  bool step(u64 now) {
    bool moved = false;
    u64 target = o_.rate > 0 && sending_ ? u64(double(now - start_) * o_.rate / 1e9) + 1 : 0;
    u64 due = target > scheduled_ ? target - scheduled_ : 0;
    for (size_t i = 0; i < conns_.size(); ++i) {
      Conn& c = conns_[(first_ + i) % conns_.size()];
      moved |= o_.tcp ? receive_tcp(c) : receive_udp(c);
      if (!sending_ || c.dead) continue;
      unsigned room = window_ > c.flying ? window_ - c.flying : 0;
      if (o_.rate > 0) room = unsigned(std::min<u64>(room, std::min<u64>(due, u64(o_.batch))));
      // Ring positions are only freed in send order: an unanswered old query holds its place.
      room = std::min(room, mask_ - (c.head - c.tail));
      if (o_.count) room = unsigned(std::min<u64>(room, o_.count - std::min(o_.count, sent_)));
      if (!room) continue;
      unsigned n = o_.tcp ? send_tcp(c, room) : send_udp(c, room);
      due -= std::min<u64>(due, n);
      moved |= n > 0;
    }
    if (o_.rate > 0) first_ = (first_ + 1) % conns_.size();
    return moved;
  }

  void fill(Conn& c, Slot& s, u64 now) {
    s.start = o_.rate > 0 ? start_ + u64(double(scheduled_) * 1e9 / o_.rate) : now;
    s.query = uint32_t(cursor_);
    s.id = c.next++;
    if (++cursor_ == queries_.size()) cursor_ = 0;
    ++scheduled_;
  }

  unsigned send_udp(Conn& c, unsigned room) {
    constexpr unsigned kMax = 256;
    static mmsghdr m[kMax];
    static iovec v[kMax];
    static uint8_t buf[kMax][320];
    room = std::min(room, std::min(unsigned(o_.batch), kMax));
    u64 now = now_ns();
    const u64 cursor0 = cursor_, scheduled0 = scheduled_;
    const uint16_t next0 = c.next;
    for (unsigned i = 0; i < room; ++i) {
      Slot& s = c.ring[(c.head + i) & mask_];
      fill(c, s, now);
      const std::string& q = queries_[s.query];
      std::memcpy(buf[i], q.data(), q.size());
      buf[i][0] = uint8_t(s.id >> 8);
      buf[i][1] = uint8_t(s.id);
      v[i] = {buf[i], q.size()};
      m[i] = {};
      m[i].msg_hdr.msg_iov = &v[i];
      m[i].msg_hdr.msg_iovlen = 1;
    }
    int n = sendmmsg(c.fd, m, room, 0);
    if (n < 0) {
      if (errno == ECONNREFUSED)
        ++refused_;
      else if (errno != EAGAIN && errno != ENOBUFS)
        die("sendmmsg");
      n = 0;
    }
    for (unsigned i = unsigned(n); i < room; ++i) c.ring[(c.head + i) & mask_].start = 0;
    if (unsigned(n) < room) {  // rewind what was not sent
      cursor_ = (cursor0 + u64(n)) % queries_.size();
      scheduled_ = scheduled0 + u64(n);
      c.next = uint16_t(next0 + n);
    }
    c.head += unsigned(n);
    c.flying += unsigned(n);
    sent_ += u64(n);
    return unsigned(n);
  }

  bool receive_udp(Conn& c) {
    constexpr unsigned kBatch = 64, kSize = 4096;
    static mmsghdr m[kBatch];
    static iovec v[kBatch];
    static uint8_t buf[kBatch][kSize];
    for (unsigned i = 0; !m[kBatch - 1].msg_hdr.msg_iov && i < kBatch; ++i) {
      v[i] = {buf[i], kSize};
      m[i].msg_hdr.msg_iov = &v[i];
      m[i].msg_hdr.msg_iovlen = 1;
    }
    if (!c.flying) return false;
    int n = recvmmsg(c.fd, m, kBatch, MSG_DONTWAIT, nullptr);
    if (n < 0 && errno == ECONNREFUSED) ++refused_;
    if (n <= 0) return false;
    u64 now = now_ns();
    for (int i = 0; i < n; ++i) answer(c, buf[i], m[i].msg_len, now);
    return true;
  }

  unsigned send_tcp(Conn& c, unsigned room) {
    u64 now = now_ns();
    unsigned n = 0;
    if (c.out.size() < 65536)
      for (; n < room; ++n) {
        Slot& s = c.ring[c.head & mask_];
        fill(c, s, now);
        const std::string& q = queries_[s.query];
        c.out += char(q.size() >> 8);
        c.out += char(q.size());
        c.out += char(s.id >> 8);
        c.out += char(s.id);
        c.out.append(q, 2);
        ++c.head;
        ++c.flying;
        ++sent_;
      }
    if (!c.out.empty()) {
      ssize_t w = send(c.fd, c.out.data(), c.out.size(), MSG_NOSIGNAL);
      if (w > 0)
        c.out.erase(0, size_t(w));
      else if (w < 0 && errno != EAGAIN)
        reopen(c);
    }
    return n;
  }

  bool receive_tcp(Conn& c) {
    if (c.dead) open(c);
    if (c.dead || !c.flying) return false;
    uint8_t buf[65536];
    ssize_t n = recv(c.fd, buf, sizeof buf, MSG_DONTWAIT);
    if (n <= 0) {
      if (n == 0 || errno != EAGAIN) reopen(c);
      return false;
    }
    u64 now = now_ns();
    c.in.insert(c.in.end(), buf, buf + n);
    const uint8_t* p = c.in.data();
    size_t left = c.in.size();
    while (left >= 2) {
      size_t len = size_t(p[0]) << 8 | p[1];
      if (left < 2 + len) break;
      answer(c, p + 2, len, now);
      p += 2 + len;
      left -= 2 + len;
    }
    c.in.erase(c.in.begin(), c.in.end() - long(left));
    return true;
  }

  // The server closed: what was in flight is lost, then a new connection.
  void reopen(Conn& c) {
    close(c.fd);
    ++reconnects_;
    for (; c.tail != c.head; ++c.tail) {
      Slot& s = c.ring[c.tail & mask_];
      if (s.start) ++lost_;
      s.start = 0;
    }
    c.flying = 0;
    c.out.clear();
    c.in.clear();
    running_ = true;
    open(c);
  }

  void answer(Conn& c, const uint8_t* p, size_t len, u64 now) {
    if (len < 12 || !(p[2] & 0x80)) return void(++bad_);
    uint16_t id = uint16_t(p[0] << 8 | p[1]);
    // IDs grow by one per ring position, so the distance from the newest gives the slot.
    unsigned back = uint16_t(c.next - 1 - id);
    if (back >= c.head - c.tail) return void(++late_);
    Slot& s = c.ring[(c.head - 1 - back) & mask_];
    if (!s.start || s.id != id) return void(++late_);
    if (o_.check_question) {
      const std::string& q = queries_[s.query];
      size_t end = q.size() - (o_.edns ? 11 : 0);
      if (len < end || std::memcmp(p + 12, q.data() + 12, end - 12) != 0) return void(++bad_);
    }
    hist_.add(now > s.start ? now - s.start : 0);
    s.start = 0;
    --c.flying;
    ++answered_;
    ++rcodes_[p[3] & 15];
    unsigned an = unsigned(p[6]) << 8 | p[7];
    records_ += an;
    if (an) ++with_answer_;
    if (p[2] & 2) ++truncated_;
    bytes_ += len;
    while (c.tail != c.head && !c.ring[c.tail & mask_].start) ++c.tail;
  }

  void sweep(u64 now) {
    u64 limit = u64(o_.timeout * 1e9);
    for (auto& c : conns_)
      while (c.tail != c.head) {
        Slot& s = c.ring[c.tail & mask_];
        if (s.start) {
          if (now < s.start + limit) break;
          s.start = 0;
          --c.flying;
          ++lost_;
        }
        ++c.tail;
      }
  }

  void wait(u64 now) {
    static std::vector<pollfd> p;
    p.clear();
    for (auto& c : conns_) p.push_back({c.fd, short(POLLIN | (c.out.empty() ? 0 : POLLOUT)), 0});
    timespec t{0, 1000000};
    if (o_.rate > 0 && sending_) {
      u64 at = start_ + u64(double(scheduled_) * 1e9 / o_.rate);
      t.tv_nsec = at > now ? long(std::min<u64>(at - now, 1000000)) : 0;
    }
    ppoll(p.data(), p.size(), &t, nullptr);
  }

  u64 in_flight() const {
    return std::accumulate(conns_.begin(), conns_.end(), u64(0), [](u64 n, const Conn& c) { return n + c.flying; });
  }

  void reset_counts() {
    hist_ = Histogram();
    sent_ = in_flight();
    answered_ = lost_ = late_ = bad_ = records_ = with_answer_ = truncated_ = bytes_ = refused_ = 0;
    std::fill(std::begin(rcodes_), std::end(rcodes_), 0);
  }

  void print() const {
    static const char* names[16] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
    const std::pair<const char*, u64> counts[] = {{"sent", sent_},
                                                  {"answered", answered_},
                                                  {"lost", lost_},
                                                  {"late", late_},
                                                  {"bad", bad_},
                                                  {"conn_refused", refused_},
                                                  {"reconnects", reconnects_},
                                                  {"with_answer", with_answer_},
                                                  {"records", records_},
                                                  {"truncated", truncated_},
                                                  {"bytes", bytes_}};
    std::printf("{");
    for (auto& [name, n] : counts) std::printf("\"%s\":%llu,", name, static_cast<unsigned long long>(n));
    std::printf("\"seconds\":%.4f,\"qps\":%.1f,\"client_cpu_s\":%.3f,\"rcodes\":{", measured_,
                measured_ > 0 ? double(answered_in_time_) / measured_ : 0, cpu_);
    const char* comma = "";
    for (int i = 0; i < 16; ++i)
      if (rcodes_[i]) {
        std::printf("%s\"%s\":%llu", comma, names[i] ? names[i] : std::to_string(i).c_str(),
                    static_cast<unsigned long long>(rcodes_[i]));
        comma = ",";
      }
    std::printf("},\"latency_us\":{\"mean\":%.1f,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}}\n",
                hist_.mean_us(), hist_.quantile_us(.5), hist_.quantile_us(.9), hist_.quantile_us(.99),
                hist_.quantile_us(.999), hist_.max_us());
  }

  Options o_;
  std::vector<std::string> queries_;
  std::vector<Conn> conns_;
  Histogram hist_;
  unsigned window_ = 0, mask_ = 0;
  size_t first_ = 0;
  u64 start_ = 0, warm_until_ = 0, cursor_ = 0, scheduled_ = 0;
  u64 sent_ = 0, answered_ = 0, answered_in_time_ = 0, lost_ = 0, late_ = 0, bad_ = 0, refused_ = 0, reconnects_ = 0;
  u64 records_ = 0, with_answer_ = 0, truncated_ = 0, bytes_ = 0, rcodes_[16] = {};
  double measured_ = 0, cpu_ = 0;
  bool sending_ = true, running_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  Options o;
  int opt;
  while ((opt = getopt(argc, argv, "s:p:d:c:q:b:Q:l:n:t:w:m:eSN")) != -1) switch (opt) {
      case 's':
        o.server = optarg;
        break;
      case 'p':
        o.port = std::atoi(optarg);
        break;
      case 'd':
        o.file = optarg;
        break;
      case 'c':
        o.sockets = std::max(1, std::atoi(optarg));
        break;
      case 'q':
        o.window = std::max(1, std::atoi(optarg));
        break;
      case 'b':
        o.batch = std::max(1, std::atoi(optarg));
        break;
      case 'Q':
        o.rate = std::atof(optarg);
        break;
      case 'l':
        o.seconds = std::atof(optarg);
        break;
      case 'n':
        o.count = std::strtoull(optarg, nullptr, 10);
        break;
      case 't':
        o.timeout = std::atof(optarg);
        break;
      case 'w':
        o.warmup = std::atof(optarg);
        break;
      case 'm':
        o.tcp = std::string(optarg) == "tcp";
        break;
      case 'e':
        o.edns = true;
        break;
      case 'S':
        o.spin = true;
        break;
      case 'N':
        o.check_question = false;
        break;
      default:
        std::fprintf(stderr,
                     "usage: dnsblast -d FILE [-s ADDR] [-p PORT] [-m udp|tcp] [-c SOCKETS] [-q IN_FLIGHT | -Q RATE]\n"
                     "  [-b BATCH] [-l SECONDS] [-n COUNT] [-w WARMUP_SECONDS] [-t TIMEOUT] [-e (EDNS)] [-S (spin)] "
                     "[-N (don't compare questions)]\n");
        return 2;
    }
  errno = 0;
  if (o.file.empty()) die("-d FILE is needed");
  Blaster(o).run();
}
