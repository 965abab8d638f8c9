// udpecho: what the kernel's UDP path allows a DNS server at most.
//
// Receives DNS queries, sets QR and sends them back; one thread and one
// SO_REUSEPORT socket per listed core.
//   udpecho PORT MODE [CORES] [ZONE]
// MODE  mmsg[:N]    recvmmsg/sendmmsg, up to N packets a call (32)
//       single      one recvfrom + one sendto a packet
//       spin[:N]    as mmsg, but never sleeping
//       uring       io_uring: multishot recvmsg into a provided-buffer ring + batched sendmsg
//       gso[:N]     as mmsg, answers to one client joined by UDP_SEGMENT
//       work[:N]    as mmsg, and each query is parsed, its name lower-cased and looked up in a
//                   hash table of ZONE ("name A address" per line); a hit is answered with one
//                   A record, a miss with NXDOMAIN: a bound for real servers
// CORES comma-separated cpu numbers, or a count without pinning as nN (n1)
#include <arpa/inet.h>
#include <liburing.h>
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

constexpr int kSize = 2048;
int port;
std::unordered_map<std::string, uint32_t> zone;

int udp_socket() {
  int fd = socket(AF_INET, SOCK_DGRAM, 0), one = 1, big = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof big);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &big, sizeof big);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(uint16_t(port));
  if (bind(fd, reinterpret_cast<sockaddr*>(&a), sizeof a) < 0) {
    perror("bind");
    exit(1);
  }
  return fd;
}

// The shortest honest server: find the question, look it up, append the answer.
int work(uint8_t* p, int n) {
  if (n < 17) return 0;
  char key[256];
  int at = 12, k = 0;
  while (at < n && p[at]) {
    int len = p[at];
    if (len > 63 || at + 1 + len >= n || k + len + 1 > 255) return 0;
    key[k++] = char(len);
    for (int i = 1; i <= len; ++i) {
      uint8_t c = p[at + i];
      key[k++] = char(c >= 'A' && c <= 'Z' ? c | 32 : c);
    }
    at += len + 1;
  }
  at += 5;
  if (at > n) return 0;
  p[2] = uint8_t(0x84 | (p[2] & 1));
  p[3] = 0;
  std::memset(p + 6, 0, 6);
  auto it = zone.find(std::string(key, size_t(k)));
  if (it == zone.end()) {
    p[3] = 3;
    return at;
  }
  static const uint8_t fixed[12] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4};
  p[7] = 1;
  std::memcpy(p + at, fixed, 12);
  std::memcpy(p + at + 12, &it->second, 4);
  return at + 16;
}

void run_mmsg(unsigned batch, bool spin, bool do_work) {
  int fd = udp_socket();
  std::vector<mmsghdr> m(batch);
  std::vector<iovec> v(batch);
  std::vector<sockaddr_in> from(batch);
  std::vector<uint8_t> buf(size_t(batch) * kSize);
  for (;;) {
    for (unsigned i = 0; i < batch; ++i) {
      v[i] = {&buf[size_t(i) * kSize], kSize};
      m[i].msg_hdr = {&from[i], sizeof from[i], &v[i], 1, nullptr, 0, 0};
    }
    int n = recvmmsg(fd, m.data(), batch, spin ? MSG_DONTWAIT : MSG_WAITFORONE, nullptr);
    if (n <= 0) continue;
    for (int i = 0; i < n; ++i) {
      uint8_t* p = &buf[size_t(i) * kSize];
      if (do_work) {
        v[size_t(i)].iov_len = size_t(work(p, int(m[size_t(i)].msg_len)));
      } else {
        p[2] |= 0x80;
        v[size_t(i)].iov_len = m[size_t(i)].msg_len;
      }
    }
    for (int done = 0; done < n;) {
      int s = sendmmsg(fd, m.data() + done, unsigned(n - done), 0);
      done += s > 0 ? s : 1;
    }
  }
}

// As run_mmsg, but answers of one batch that go to one client travel as one UDP GSO send:
// equal sizes, the last may be shorter (a stub resolver asks A and AAAA from one socket at once).
void run_gso(unsigned batch) {
  int fd = udp_socket();
  struct Out {
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(uint16_t))];
  };
  std::vector<mmsghdr> m(batch), o(batch);
  std::vector<iovec> v(batch), ov(batch);
  std::vector<Out> c(batch);
  std::vector<sockaddr_in> from(batch);
  std::vector<unsigned> order(batch);
  std::vector<uint8_t> buf(size_t(batch) * kSize);
  for (;;) {
    for (unsigned i = 0; i < batch; ++i) {
      v[i] = {&buf[size_t(i) * kSize], kSize};
      m[i].msg_hdr = {&from[i], sizeof from[i], &v[i], 1, nullptr, 0, 0};
    }
    int n = recvmmsg(fd, m.data(), batch, MSG_WAITFORONE, nullptr);
    if (n <= 0) continue;
    auto key = [&](unsigned i) {
      return uint64_t(from[i].sin_addr.s_addr) << 32 | uint64_t(from[i].sin_port) << 16 | (0xffff - m[i].msg_len);
    };
    for (unsigned i = 0; i < unsigned(n); ++i) {
      order[i] = i;
      buf[size_t(i) * kSize + 2] |= 0x80;
      v[i].iov_len = m[i].msg_len;
    }
    std::sort(order.begin(), order.begin() + n, [&](unsigned a, unsigned b) { return key(a) < key(b); });
    unsigned out = 0;
    for (unsigned i = 0, j; i < unsigned(n); i = j, ++out) {
      unsigned first = order[i];
      ov[i] = v[first];
      for (j = i + 1; j < unsigned(n) && key(order[j]) >> 16 == key(first) >> 16; ++j) {
        if (v[order[j - 1]].iov_len != v[first].iov_len) break;  // a shorter one ends the group
        ov[j] = v[order[j]];
      }
      msghdr& h = o[out].msg_hdr;
      h = {&from[first], sizeof from[first], &ov[i], j - i, nullptr, 0, 0};
      if (j - i > 1) {
        h.msg_control = c[out].control;
        h.msg_controllen = sizeof c[out].control;
        cmsghdr* cm = CMSG_FIRSTHDR(&h);
        cm->cmsg_level = SOL_UDP;
        cm->cmsg_type = UDP_SEGMENT;
        cm->cmsg_len = CMSG_LEN(sizeof(uint16_t));
        uint16_t size = uint16_t(v[first].iov_len);
        std::memcpy(CMSG_DATA(cm), &size, sizeof size);
      }
    }
    for (int done = 0; done < int(out);) {
      int s = sendmmsg(fd, o.data() + done, unsigned(int(out) - done), 0);
      done += s > 0 ? s : 1;
    }
  }
}

void run_single() {
  int fd = udp_socket();
  uint8_t buf[kSize];
  for (;;) {
    sockaddr_in a;
    socklen_t len = sizeof a;
    ssize_t n = recvfrom(fd, buf, sizeof buf, 0, reinterpret_cast<sockaddr*>(&a), &len);
    if (n < 3) continue;
    buf[2] |= 0x80;
    sendto(fd, buf, size_t(n), 0, reinterpret_cast<sockaddr*>(&a), len);
  }
}

void run_uring() {
  constexpr unsigned kBuffers = 1024, kSends = 1024;
  int fd = udp_socket();
  io_uring ring;
  io_uring_params params{};
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
  params.cq_entries = 4096;
  if (int e = io_uring_queue_init_params(2048, &ring, &params); e < 0) {
    std::fprintf(stderr, "io_uring: %s\n", strerror(-e));
    exit(1);
  }
  io_uring_buf_reg reg{};
  void* mem = nullptr;
  if (posix_memalign(&mem, 4096, kBuffers * sizeof(io_uring_buf))) exit(1);
  auto* br = static_cast<io_uring_buf_ring*>(mem);
  reg.ring_addr = reinterpret_cast<uint64_t>(br);
  reg.ring_entries = kBuffers;
  if (io_uring_register_buf_ring(&ring, &reg, 0) < 0) {
    perror("buf_ring");
    exit(1);
  }
  io_uring_buf_ring_init(br);
  std::vector<uint8_t> data(size_t(kBuffers) * kSize);
  for (unsigned i = 0; i < kBuffers; ++i)
    io_uring_buf_ring_add(br, &data[size_t(i) * kSize], kSize, uint16_t(i), io_uring_buf_ring_mask(kBuffers), int(i));
  io_uring_buf_ring_advance(br, kBuffers);
  msghdr rx{};
  rx.msg_namelen = sizeof(sockaddr_in);
  struct Out {
    msghdr h;
    iovec v;
  };
  std::vector<Out> out(kSends);
  auto arm = [&] {
    io_uring_sqe* s = io_uring_get_sqe(&ring);
    io_uring_prep_recvmsg_multishot(s, fd, &rx, 0);
    s->flags |= IOSQE_BUFFER_SELECT;
    s->buf_group = 0;
    s->user_data = ~0ull;
  };
  arm();
  for (;;) {
    io_uring_submit_and_wait(&ring, 1);
    io_uring_cqe* c;
    unsigned head, seen = 0;
    bool rearm = false;
    io_uring_for_each_cqe(&ring, head, c) {
      ++seen;
      if (c->user_data != ~0ull) {  // a send is done: its buffer goes back
        unsigned id = unsigned(c->user_data);
        io_uring_buf_ring_add(br, &data[size_t(id) * kSize], kSize, uint16_t(id), io_uring_buf_ring_mask(kBuffers), 0);
        io_uring_buf_ring_advance(br, 1);
        continue;
      }
      if (!(c->flags & IORING_CQE_F_MORE)) rearm = true;
      if (c->res < 0 || !(c->flags & IORING_CQE_F_BUFFER)) continue;
      unsigned id = c->flags >> IORING_CQE_BUFFER_SHIFT;
      io_uring_recvmsg_out* o = io_uring_recvmsg_validate(&data[size_t(id) * kSize], c->res, &rx);
      auto* p = static_cast<uint8_t*>(io_uring_recvmsg_payload(o, &rx));
      p[2] |= 0x80;
      out[id].v = {p, io_uring_recvmsg_payload_length(o, c->res, &rx)};
      out[id].h = {io_uring_recvmsg_name(o), sizeof(sockaddr_in), &out[id].v, 1, nullptr, 0, 0};
      io_uring_sqe* s = io_uring_get_sqe(&ring);
      if (!s) {
        io_uring_submit(&ring);
        s = io_uring_get_sqe(&ring);
      }
      io_uring_prep_sendmsg(s, fd, &out[id].h, 0);
      s->user_data = id;
    }
    io_uring_cq_advance(&ring, seen);
    if (rearm) arm();
  }
}

void load_zone(const char* file) {
  FILE* f = std::fopen(file, "r");
  if (!f) {
    perror(file);
    exit(1);
  }
  char name[512], type[16], addr[64];
  while (std::fscanf(f, "%511s %15s %63s", name, type, addr) == 3) {
    std::string key, s(name);
    for (size_t at = 0; at < s.size();) {
      size_t dot = s.find('.', at);
      if (dot == std::string::npos) dot = s.size();
      key += char(dot - at);
      key.append(s, at, dot - at);
      at = dot + 1;
    }
    in_addr a{};
    inet_pton(AF_INET, addr, &a);
    zone[key] = a.s_addr;
  }
  std::fclose(f);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: udpecho PORT mmsg[:N]|single|spin[:N]|uring|gso[:N]|work[:N] [CORES|nN] [ZONE]\n");
    return 2;
  }
  port = std::atoi(argv[1]);
  std::string mode = argv[2], cores = argc > 3 ? argv[3] : "n1";
  unsigned batch = 32;
  if (size_t c = mode.find(':'); c != std::string::npos) {
    batch = unsigned(std::atoi(mode.c_str() + c + 1));
    mode.resize(c);
  }
  if (argc > 4) load_zone(argv[4]);
  std::vector<int> pins;
  if (cores[0] == 'n') {
    pins.assign(size_t(std::atoi(cores.c_str() + 1)), -1);
  } else {
    for (size_t at = 0; at < cores.size();
         at = cores.find(',', at) == std::string::npos ? cores.size() : cores.find(',', at) + 1)
      pins.push_back(std::atoi(cores.c_str() + at));
  }
  std::vector<std::thread> threads;
  for (int pin : pins)
    threads.emplace_back([=] {
      if (pin >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(pin, &set);
        pthread_setaffinity_np(pthread_self(), sizeof set, &set);
      }
      if (mode == "single")
        run_single();
      else if (mode == "uring")
        run_uring();
      else if (mode == "gso")
        run_gso(batch);
      else
        run_mmsg(batch, mode == "spin", mode == "work");
    });
  for (auto& t : threads) t.join();
}
