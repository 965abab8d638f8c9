// The fake etcd on cpp-httplib's server. Built into the tests only.
#include "plugins/etcd/fake_etcd.h"

#include <httplib.h>

#include <atomic>
#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "base/base64.h"

namespace portolan::etcd {

using nlohmann::json;

namespace {

std::string decoded(const json& object, const char* name) { return *base64_decoded(object.value(name, std::string())); }
int64_t number(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return 0;
  return found->is_string() ? std::stoll(found->get<std::string>()) : found->get<int64_t>();
}
bool lies_in(const std::string& key, const std::string& begin, const std::string& end) {
  return end.empty() ? key == begin : key >= begin && key < end;
}

}  // namespace

struct FakeEtcd::Impl {
  struct Value {
    std::string value;
    int64_t revision = 0, lease = 0;
  };
  struct Change {
    int64_t revision = 0;
    std::string key;
    bool put = true;
    Value value;
  };
  struct Watch {
    std::string begin, end;
    int64_t id = 0, from = 0;
    bool told = false, ended = false;
  };

  json header() const { return {{"cluster_id", cluster}, {"revision", std::to_string(revision)}}; }
  json key_value(const std::string& key, const Value& value) const {
    json result{{"key", base64_encoded(key)}, {"mod_revision", std::to_string(value.revision)}};
    if (!value.value.empty()) result["value"] = base64_encoded(value.value);
    if (value.lease != 0) result["lease"] = std::to_string(value.lease);
    return result;
  }
  static void fail(httplib::Response& response, int status, int code, const std::string& message) {
    response.status = status;
    response.set_content(json{{"code", code}, {"message", message}}.dump(), "application/json");
  }
  /// False, and answered: this request may not.
  bool may(const httplib::Request& request, httplib::Response& response, const std::string& begin) {
    if (refusing) return fail(response, 503, 14, "etcdserver: no leader"), false;
    if (!user.empty() && request.get_header_value("Authorization") != "token" + std::to_string(token)) {
      return fail(response, 401, 16, "etcdserver: invalid auth token"), false;
    }
    if (!begin.empty() && begin < denied_below) return fail(response, 403, 7, "etcdserver: permission denied"), false;
    return true;
  }

  void read(const httplib::Request& request, httplib::Response& response) {
    const json body = json::parse(request.body);
    const std::string begin = decoded(body, "key"), end = decoded(body, "range_end");
    const std::lock_guard lock(mutex);
    if (!may(request, response, begin)) return;
    ++reads;
    const int64_t limit = number(body, "limit");
    json answer{{"header", header()}};
    for (const auto& [key, value] : values) {
      if (!lies_in(key, begin, end)) continue;
      if (limit > 0 && static_cast<int64_t>(answer["kvs"].size()) == limit) {
        answer["more"] = true;
        break;
      }
      answer["kvs"].push_back(key_value(key, value));
    }
    response.set_content(answer.dump(), "application/json");
  }

  void authenticate(const httplib::Request& request, httplib::Response& response) {
    const json body = json::parse(request.body);
    const std::lock_guard lock(mutex);
    if (user.empty()) return fail(response, 400, 9, "etcdserver: authentication is not enabled");
    if (body.value("name", "") != user || body.value("password", "") != password) {
      return fail(response, 400, 3, "etcdserver: authentication failed, invalid user ID or password");
    }
    response.set_content(json{{"header", header()}, {"token", "token" + std::to_string(token)}}.dump(),
                         "application/json");
  }

  void time_to_live(const httplib::Request& request, httplib::Response& response) {
    const int64_t id = number(json::parse(request.body), "ID");
    const std::lock_guard lock(mutex);
    if (!may(request, response, {})) return;
    ++lease_questions;
    json answer{{"header", header()}, {"ID", std::to_string(id)}, {"TTL", "-1"}};
    if (const auto found = leases.find(id); found != leases.end() && found->second.first > 0) {
      answer["TTL"] = std::to_string(found->second.first);
      answer["grantedTTL"] = std::to_string(found->second.second);
    }
    response.set_content(answer.dump(), "application/json");
  }

  void watch(const httplib::Request& request, httplib::Response& response) {
    auto all = std::make_shared<std::vector<Watch>>();
    std::istringstream lines(request.body);
    for (std::string line; std::getline(lines, line);) {
      const json create = json::parse(line)["create_request"];
      all->push_back({decoded(create, "key"), decoded(create, "range_end"), number(create, "watch_id"),
                      number(create, "start_revision")});
    }
    {
      const std::lock_guard lock(mutex);
      if (!may(request, response, {})) return;
      ++watches;
    }
    response.set_chunked_content_provider(
        "application/json", [this, all, cuts_before = cuts.load()](size_t, httplib::DataSink& sink) {
          std::string text;
          {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return closing || cuts != cuts_before || news(*all, text); });
            if (closing || cuts != cuts_before) return false;
          }
          return sink.write(text.data(), text.size());
        });
  }

  /// Adds what the watches have not been told yet.
  bool news(std::vector<Watch>& all, std::string& text) {
    const auto say = [&](const Watch& watch, json more) {
      more["header"] = header();
      more["watch_id"] = std::to_string(watch.id);
      text += json{{"result", std::move(more)}}.dump() + "\n";
    };
    for (Watch& watch : all) {
      if (watch.ended) continue;
      if (!std::exchange(watch.told, true)) say(watch, {{"created", true}});
      if (watch.from <= compacted) {
        say(watch, {{"canceled", true}, {"compact_revision", std::to_string(compacted)}});
        watch.ended = true;
        continue;
      }
      json events = json::array();
      for (const Change& change : history) {
        if (change.revision < watch.from || !lies_in(change.key, watch.begin, watch.end)) continue;
        json event{{"kv", key_value(change.key, change.value)}};
        if (!change.put) event["type"] = "DELETE";
        events.push_back(std::move(event));
      }
      watch.from = std::max(watch.from, revision + 1);
      if (!events.empty()) say(watch, {{"events", std::move(events)}});
    }
    return !text.empty();
  }

  httplib::Server server;
  int port = 0;
  std::thread thread;
  std::string cluster;
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, Value> values;
  std::vector<Change> history;
  std::map<int64_t, std::pair<int64_t, int64_t>> leases;
  int64_t revision = 1, compacted = 0;
  std::string user, password, denied_below;
  int token = 1, reads = 0, watches = 0, lease_questions = 0;
  bool refusing = false, closing = false;
  std::atomic<int> cuts{0};
};

FakeEtcd::FakeEtcd(std::string cluster) : impl_(std::make_unique<Impl>()) {
  std::signal(SIGPIPE, SIG_IGN);  // as the server's process does
  impl_->cluster = std::move(cluster);
  Impl& impl = *impl_;
  using Call = void (Impl::*)(const httplib::Request&, httplib::Response&);
  const auto serve = [&impl](const char* path, Call call) {
    impl.server.Post(path, [&impl, call](const httplib::Request& request, httplib::Response& response) {
      (impl.*call)(request, response);
    });
  };
  serve("/v3/kv/range", &Impl::read);
  serve("/v3/auth/authenticate", &Impl::authenticate);
  serve("/v3/lease/timetolive", &Impl::time_to_live);
  serve("/v3/watch", &Impl::watch);
  impl.server.set_keep_alive_timeout(1);
  impl.port = impl.server.bind_to_any_port("127.0.0.1");
  impl.thread = std::thread([&impl] { impl.server.listen_after_bind(); });
  while (!impl.server.is_running()) std::this_thread::yield();
}

FakeEtcd::~FakeEtcd() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->closing = true;
    impl_->changed.notify_all();
  }
  impl_->server.stop();
  impl_->thread.join();
}

std::string FakeEtcd::url() const { return "http://127.0.0.1:" + std::to_string(impl_->port); }

void FakeEtcd::put(const std::string& key, const std::string& value, int64_t lease) {
  const std::lock_guard lock(impl_->mutex);
  const Impl::Value written{value, ++impl_->revision, lease};
  impl_->values[key] = written;
  impl_->history.push_back({impl_->revision, key, true, written});
  impl_->changed.notify_all();
}

void FakeEtcd::remove(const std::string& key) {
  const std::lock_guard lock(impl_->mutex);
  impl_->values.erase(key);
  ++impl_->revision;
  impl_->history.push_back({impl_->revision, key, false, {"", impl_->revision, 0}});
  impl_->changed.notify_all();
}

void FakeEtcd::set_lease(int64_t id, int64_t seconds, int64_t granted) {
  const std::lock_guard lock(impl_->mutex);
  impl_->leases[id] = {seconds, granted};
}

void FakeEtcd::compact() {
  const std::lock_guard lock(impl_->mutex);
  impl_->compacted = impl_->revision;
  impl_->history.clear();
}

void FakeEtcd::cut() {
  const std::lock_guard lock(impl_->mutex);
  ++impl_->cuts;
  impl_->changed.notify_all();
}

void FakeEtcd::refuse(bool on) {
  const std::lock_guard lock(impl_->mutex);
  impl_->refusing = on;
}

void FakeEtcd::require(const std::string& user, const std::string& password) {
  const std::lock_guard lock(impl_->mutex);
  impl_->user = user;
  impl_->password = password;
}

void FakeEtcd::forget_tokens() {
  const std::lock_guard lock(impl_->mutex);
  ++impl_->token;
}

void FakeEtcd::deny_below(const std::string& key) {
  const std::lock_guard lock(impl_->mutex);
  impl_->denied_below = key;
}

int FakeEtcd::reads() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->reads;
}
int FakeEtcd::watches() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->watches;
}
int FakeEtcd::lease_questions() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->lease_questions;
}

}  // namespace portolan::etcd
