// For tests: an etcd with a JSON gateway on a free loopback port that keeps its keys in memory.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace portolan::etcd {

class FakeEtcd {
 public:
  /// One with the same `cluster` is another member to its client, one with another is another store.
  explicit FakeEtcd(std::string cluster = "1");
  ~FakeEtcd();

  std::string url() const;
  void put(const std::string& key, const std::string& value, int64_t lease = 0);
  void remove(const std::string& key);
  /// A lease with this many seconds left; 0: it has gone.
  void set_lease(int64_t id, int64_t seconds, int64_t granted);
  /// Forgets history: watches from before are told so when they come.
  void compact();
  /// Ends all connections; new ones are taken.
  void cut();
  /// While on, connections are taken and requests are not answered with anything of use.
  void refuse(bool on);
  /// From now on a token is needed, and given for this user.
  void require(const std::string& user, const std::string& password);
  /// Tokens given so far are of no use any more, as after a restart.
  void forget_tokens();
  /// Keys before this one may not be read.
  void deny_below(const std::string& key);
  /// How often keys were read, watches begun and leases asked for.
  int reads();
  int watches();
  int lease_questions();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace portolan::etcd
