// For tests: a sink that writes down what it is told, and a wait for it with a deadline.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "cluster/source.h"

namespace portolan::cluster {

class RecordingSink : public Sink {
 public:
  void begin_snapshot(Kind kind) override { add("begin " + name(kind)); }
  void end_snapshot(Kind kind) override { add("end " + name(kind)); }
  void apply(Object&& object) override {
    const Metadata& meta = metadata(object);
    std::string text = "apply " + name(kind(object)) + " " + meta.space + "/" + meta.name;
    if (const auto* service = std::get_if<Service>(&object); service && !service->cluster_ips.empty()) {
      text += " " + service->cluster_ips[0];
    }
    add(text);
  }
  void remove(Kind kind, std::string_view space, std::string_view object) override {
    add("remove " + name(kind) + " " + std::string(space) + "/" + std::string(object));
  }
  void connection(Kind kind, bool working, std::string_view reason) override {
    const std::string text = (working ? "up " : "down ") + name(kind);
    const std::lock_guard lock(mutex_);
    connections_.push_back(working ? text : text + " " + std::string(reason));
    changed_.notify_all();
  }

  /// True once `line` has come, within five seconds.
  bool saw(const std::string& line, long times = 1) {
    return wait([&] { return std::count(lines_.begin(), lines_.end(), line) >= times; });
  }
  /// True once a connection line contains `text`.
  bool saw_connection(const std::string& text) {
    return wait([&] {
      return std::any_of(connections_.begin(), connections_.end(),
                         [&](const auto& each) { return each.find(text) != each.npos; });
    });
  }
  /// Whether such a line has come by now.
  bool has_connection(const std::string& text) {
    const std::lock_guard lock(mutex_);
    return std::any_of(connections_.begin(), connections_.end(),
                       [&](const auto& each) { return each.find(text) != each.npos; });
  }
  /// True once there were `count` connection lines, within five seconds.
  bool saw_connections(size_t count) {
    return wait([&] { return connections_.size() >= count; });
  }
  /// What came since the last call.
  std::vector<std::string> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(lines_, {});
  }

 private:
  static std::string name(Kind kind) {
    constexpr const char* kNames[] = {"service", "slice", "pod", "namespace", "import"};
    return kNames[static_cast<size_t>(kind)];
  }
  void add(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
    changed_.notify_all();
  }
  template <class Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(5), condition);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  std::vector<std::string> connections_;
};

}  // namespace portolan::cluster
