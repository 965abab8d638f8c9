// The model of an API server on cpp-httplib's server. Built into the tests only.
#include "plugins/kubernetes/model_api_server.h"

#include <httplib.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

namespace portolan::kubernetes::testing {

using cluster::Kind;

namespace {

struct Described {
  const char* plural;
  const char* api_version;
  const char* kind;
};
constexpr std::array<Described, cluster::kKinds> kDescribed{
    {{"services", "v1", "Service"},
     {"endpointslices", "discovery.k8s.io/v1", "EndpointSlice"},
     {"pods", "v1", "Pod"},
     {"namespaces", "v1", "Namespace"},
     {"serviceimports", "multicluster.x-k8s.io/v1alpha1", "ServiceImport"}}};
constexpr size_t kPage = 3;

/// The server's field selector for pods leaves out those that have ended.
bool selected(Kind kind, const std::string& object) {
  return kind != Kind::pod ||
         (object.find(R"("phase":"Succeeded")") == object.npos && object.find(R"("phase":"Failed")") == object.npos);
}

struct Change {
  uint64_t version;
  std::string line;
};

std::string status(int code, const std::string& reason) {
  return R"({"kind":"Status","apiVersion":"v1","code":)" + std::to_string(code) + R"(,"reason":")" + reason + "\"}";
}

}  // namespace

struct ModelApiServer::Impl {
  struct Table {
    std::map<std::string, std::string> objects;  // by NAMESPACE/NAME
    std::vector<Change> changes;
  };

  void add(Kind kind, const std::string& type, const std::string& object) {
    table(kind).changes.push_back({version, R"({"type":")" + type + R"(","object":)" + object + "}\n"});
  }
  Table& table(Kind kind) { return tables[static_cast<size_t>(kind)]; }

  void serve(const httplib::Request& request, httplib::Response& response) {
    const std::lock_guard lock(mutex);
    for (size_t i = 0; i < kDescribed.size(); ++i) {
      if (!request.path.ends_with(std::string("/") + kDescribed[i].plural)) continue;
      if (request.has_param("watch")) return watch(static_cast<Kind>(i), request, response);
      return list(static_cast<Kind>(i), request, response);
    }
    response.status = 404;
  }

  void list(Kind kind, const httplib::Request& request, httplib::Response& response) {
    // "VERSION-OFFSET"; the pages that belong together are cut from what was there at the first.
    const std::string token = request.get_param_value("continue");
    const uint64_t at = token.empty() ? version : std::stoull(token);
    size_t from = token.empty() ? 0 : std::stoull(token.substr(token.find('-') + 1));
    auto& items = snapshots[{kind, at}];
    if (token.empty()) {
      items.clear();
      for (const auto& [key, object] : table(kind).objects) {
        if (selected(kind, object)) items.push_back(object);
      }
    }
    std::string body;
    const size_t end = std::min(items.size(), from + kPage);
    for (; from < end; ++from) body += (body.empty() ? "" : ",") + items[from];
    const Described& described = kDescribed[static_cast<size_t>(kind)];
    response.set_content(std::string(R"({"kind":")") + described.kind + R"(List","apiVersion":")" +
                             described.api_version + R"(","metadata":{"resourceVersion":")" + std::to_string(at) +
                             R"(","continue":")" +
                             (end < items.size() ? std::to_string(at) + "-" + std::to_string(end) : "") +
                             R"("},"items":[)" + body + "]}",
                         "application/json");
  }

  void watch(Kind kind, const httplib::Request& request, httplib::Response& response) {
    const bool initial = request.has_param("sendInitialEvents");
    uint64_t after = version;
    std::string first;
    if (initial) {
      if (!streaming) {
        response.status = 422;
        return response.set_content(status(422, "Invalid"), "application/json");
      }
      for (const auto& [key, object] : table(kind).objects) {
        if (selected(kind, object)) first += R"({"type":"ADDED","object":)" + object + "}\n";
      }
      first += R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":")" + std::to_string(version) +
               R"(","annotations":{"k8s.io/initial-events-end":"true"}}}})"
               "\n";
    } else {
      after = std::stoull(request.get_param_value("resourceVersion"));
      if (after < compacted) {
        response.status = 410;
        return response.set_content(status(410, "Expired"), "application/json");
      }
    }
    response.set_chunked_content_provider(
        "application/json", [this, kind, first, after, epoch = cuts](size_t, httplib::DataSink& sink) mutable {
          std::unique_lock lock(mutex);
          const auto news = [&] { return !table(kind).changes.empty() && table(kind).changes.back().version > after; };
          // A watch whose client is gone must end without news too: it keeps one of the server's threads.
          while (!changed.wait_for(lock, std::chrono::milliseconds(20),
                                   [&] { return closing || cuts != epoch || !first.empty() || news(); })) {
            if (!sink.is_writable()) return false;
          }
          if (closing || cuts != epoch) return false;
          std::string text = std::exchange(first, {});
          for (const Change& change : table(kind).changes) {
            if (change.version > after) text += change.line;
          }
          after = std::max(after, version);
          lock.unlock();
          return sink.write(text.data(), text.size());
        });
  }

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::array<Table, cluster::kKinds> tables;
  std::map<std::pair<Kind, uint64_t>, std::vector<std::string>> snapshots;
  uint64_t version = 1, compacted = 0, cuts = 0;
  bool streaming = true, closing = false;
  httplib::Server server;
  int port = 0;
  std::thread thread;
};

ModelApiServer::ModelApiServer() : impl_(std::make_unique<Impl>()) {
  std::signal(SIGPIPE, SIG_IGN);                                              // as the server's process does
  impl_->server.new_task_queue = [] { return new httplib::ThreadPool(12); };  // a watch keeps a thread
  impl_->server.Get(
      ".*", [this](const httplib::Request& request, httplib::Response& response) { impl_->serve(request, response); });
  impl_->server.set_keep_alive_timeout(1);
  impl_->server.set_tcp_nodelay(true);
  impl_->port = impl_->server.bind_to_any_port("127.0.0.1");
  impl_->thread = std::thread([this] { impl_->server.listen_after_bind(); });
  while (!impl_->server.is_running()) std::this_thread::yield();
}

ModelApiServer::~ModelApiServer() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->closing = true;
    impl_->changed.notify_all();
  }
  impl_->server.stop();
  impl_->thread.join();
}

std::string ModelApiServer::url() const { return "http://127.0.0.1:" + std::to_string(impl_->port); }

void ModelApiServer::put(Kind kind, const std::string& space, const std::string& name, const std::string& body,
                         const std::string& labels) {
  const std::lock_guard lock(impl_->mutex);
  const Described& described = kDescribed[static_cast<size_t>(kind)];
  const std::string object =
      std::string(R"({"apiVersion":")") + described.api_version + R"(","kind":")" + described.kind +
      R"(","metadata":{"name":")" + name + "\"" + (space.empty() ? "" : R"(,"namespace":")" + space + "\"") +
      R"(,"resourceVersion":")" + std::to_string(++impl_->version) + "\"" +
      (labels.empty() ? "" : R"(,"labels":{)" + labels + "}") + "}" + (body.empty() ? "" : "," + body) + "}";
  auto& known = impl_->table(kind).objects[space + "/" + name];
  const bool before = !known.empty() && selected(kind, known), after = selected(kind, object);
  if (before || after) impl_->add(kind, !after ? "DELETED" : before ? "MODIFIED" : "ADDED", object);
  known = object;
  impl_->changed.notify_all();
}

void ModelApiServer::remove(Kind kind, const std::string& space, const std::string& name) {
  const std::lock_guard lock(impl_->mutex);
  auto& objects = impl_->table(kind).objects;
  const auto found = objects.find(space + "/" + name);
  if (found == objects.end()) return;
  std::string object = found->second;
  objects.erase(found);
  if (!selected(kind, object)) return;
  // The last state, with the version of the deletion.
  const std::string key = R"("resourceVersion":")";
  const size_t at = object.find(key) + key.size();
  object.replace(at, object.find('"', at) - at, std::to_string(++impl_->version));
  impl_->add(kind, "DELETED", object);
  impl_->changed.notify_all();
}

void ModelApiServer::cut() {
  const std::lock_guard lock(impl_->mutex);
  ++impl_->cuts;
  impl_->changed.notify_all();
}

void ModelApiServer::compact() {
  const std::lock_guard lock(impl_->mutex);
  impl_->compacted = ++impl_->version;
}

void ModelApiServer::stream_lists(bool allowed) {
  const std::lock_guard lock(impl_->mutex);
  impl_->streaming = allowed;
}

std::vector<std::string> ModelApiServer::documents() const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<std::string> all;
  for (const auto& table : impl_->tables) {
    for (const auto& [key, object] : table.objects) all.push_back(object);
  }
  return all;
}

}  // namespace portolan::kubernetes::testing
