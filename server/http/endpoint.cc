// cpp-httplib behind the endpoints. Connections carry one request each: an idle kept-alive connection would make the
// library poll it a hundred times a second.
#include "server/http/endpoint.h"

#include <httplib.h>

#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "server/http/listen.h"

namespace portolan::server::http {
namespace {

constexpr size_t kMostThreads = 8;
constexpr size_t kMostWaiting = 32;  // accepted connections without a thread; beyond that they wait in the kernel
constexpr size_t kLongestBody = 64 * 1024;
constexpr auto kReadTimeout = std::chrono::seconds(2);
constexpr auto kWriteTimeout = std::chrono::seconds(5);

// Threads as they are needed, up to a bound; the accepting thread waits when too much is waiting.
class Threads : public httplib::TaskQueue {
 public:
  void enqueue(std::function<void()> job) override {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return jobs_.size() < kMostWaiting; });
    if (jobs_.size() >= idle_ && threads_.size() < kMostThreads && !add_thread() && threads_.empty()) {
      lock.unlock();
      return job();
    }
    jobs_.push_back(std::move(job));
    work_.notify_one();
  }
  void shutdown() override {
    {
      std::lock_guard lock(mutex_);
      ending_ = true;
    }
    work_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

 private:
  // False: the process has as many threads as it may have.
  bool add_thread() {
    try {
      threads_.emplace_back([this] { run(); });
      return true;
    } catch (const std::system_error&) {
      return false;
    }
  }
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      ++idle_;
      work_.wait(lock, [&] { return ending_ || !jobs_.empty(); });
      --idle_;
      if (jobs_.empty()) return;
      auto job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      room_.notify_one();
      job();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable work_, room_;
  std::deque<std::function<void()>> jobs_;
  std::vector<std::thread> threads_;
  size_t idle_ = 0;
  bool ending_ = false;
};

// The library's server on a socket that we opened, so that the error of bind(2) is known.
class Server : public httplib::Server {
 public:
  explicit Server(int descriptor) { svr_sock_ = descriptor; }
};

struct Entry {
  std::string path;
  Handler handler;
  size_t running = 0;  // calls of the handler under way
};

// What opened endpoints there are, by address as written.
struct Endpoints {
  std::mutex mutex;
  std::map<std::string, std::weak_ptr<Endpoint>, std::less<>> by_address;
};
Endpoints& endpoints() {
  static auto* const all = new Endpoints;
  return *all;
}

}  // namespace

struct Endpoint::Impl {
  explicit Impl(int socket) : descriptor(socket), address(bound_address(socket)), server(socket) {
    server.new_task_queue = [] { return new Threads; };
    server.set_keep_alive_max_count(1);
    server.set_read_timeout(kReadTimeout);
    server.set_write_timeout(kWriteTimeout);
    server.set_payload_max_length(kLongestBody);
    const auto answer = [this](const httplib::Request& request, httplib::Response& response) {
      respond(request, response);
    };
    server.Get(".*", answer).Post(".*", answer).Put(".*", answer).Patch(".*", answer).Delete(".*", answer);
    server.Options(".*", answer);
    thread = std::thread([this] { server.listen_after_bind(); });
  }
  ~Impl() {
    // accept(2) fails and the library's loop ends, also if it has not begun yet, which its stop() would not see.
    ::shutdown(descriptor, SHUT_RDWR);
    thread.join();
  }

  // Handlers run without the lock, some for seconds; Route::reset() waits for those of its entry.
  void respond(const httplib::Request& request, httplib::Response& response) {
    if (const Use use(*this, request.path); use.entry) {
      const std::string_view target = request.target;
      const std::string_view query = target.substr(std::min(target.find('?'), target.size() - 1) + 1);
      Response made = use.entry->handler({request.method, request.path, query, request.body});
      response.status = made.status;
      if (!made.location.empty()) response.set_header("Location", made.location);
      response.set_content(std::move(made.body), made.content_type);
      return;
    }
    response.status = 404;
    response.set_content("404 page not found\n", "text/plain; charset=utf-8");
  }

  /// The entry that answers a path, which does not go away while this lives; null when nobody has the path.
  struct Use {
    Use(Impl& impl, const std::string& path) : owner(impl) {
      const std::lock_guard lock(owner.mutex);
      for (const auto& each : owner.entries) {
        if (each->path != path) continue;
        entry = each.get();
        ++entry->running;
        return;
      }
    }
    Use(const Use&) = delete;
    ~Use() {
      if (!entry) return;
      const std::lock_guard lock(owner.mutex);
      if (--entry->running == 0) owner.idle.notify_all();
    }
    Impl& owner;
    Entry* entry = nullptr;
  };

  const int descriptor;
  const SocketAddress address;
  std::mutex mutex;
  std::condition_variable idle;               // an entry is not running any more
  std::list<std::shared_ptr<Entry>> entries;  // oldest first
  Server server;
  std::thread thread;
};

Endpoint::Endpoint(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Endpoint::~Endpoint() = default;

Result<std::shared_ptr<Endpoint>> Endpoint::open(std::string_view address) {
  const bool shared = !address.ends_with(":0");
  std::lock_guard lock(endpoints().mutex);
  auto& known = endpoints().by_address;
  if (auto found = known.find(address); shared && found != known.end()) {
    if (auto endpoint = found->second.lock()) return endpoint;
  }
  auto descriptor = listen_tcp(address);
  if (descriptor.has_error()) return descriptor.error();
  // Closed under the lock, so that nobody opens the address between the last owner and the close.
  std::shared_ptr<Endpoint> endpoint(new Endpoint(std::make_unique<Impl>(*descriptor)), [](Endpoint* last) {
    std::lock_guard closing(endpoints().mutex);
    delete last;
  });
  if (shared) known[std::string(address)] = endpoint;
  return endpoint;
}

const SocketAddress& Endpoint::address() const { return impl_->address; }

Endpoint::Route Endpoint::route(std::string path, Handler handler) {
  Route route;
  route.endpoint_ = shared_from_this();
  auto entry = std::make_shared<Entry>(Entry{std::move(path), std::move(handler)});
  route.entry_ = entry;
  std::lock_guard lock(impl_->mutex);
  impl_->entries.push_back(std::move(entry));
  return route;
}

Endpoint::Route& Endpoint::Route::operator=(Route&& other) noexcept {
  reset();
  endpoint_ = std::move(other.endpoint_);
  entry_ = std::move(other.entry_);
  return *this;
}

void Endpoint::Route::reset() {
  if (!endpoint_) return;
  {
    std::unique_lock lock(endpoint_->impl_->mutex);
    const auto* own = static_cast<const Entry*>(entry_.get());
    endpoint_->impl_->entries.remove_if([&](const auto& entry) { return entry == entry_; });
    endpoint_->impl_->idle.wait(lock, [&] { return own->running == 0; });
  }
  entry_.reset();
  endpoint_.reset();
}

Result<int> get_status(const SocketAddress& address, const std::string& path, std::chrono::milliseconds timeout) {
  const std::string loopback = address.ip.is_v4() ? "127.0.0.1" : "::1";
  httplib::Client client(address.ip.is_unspecified() ? loopback : address.ip.text(), address.port);
  client.set_connection_timeout(timeout);
  client.set_read_timeout(timeout);
  client.set_write_timeout(timeout);
  const auto result = client.Get(path);
  if (!result) return fail(httplib::to_string(result.error()));
  return result->status;
}

}  // namespace portolan::server::http
