// The fake API server on cpp-httplib's server. Built into the tests only.
#include "cluster/fake_api_server.h"

#include <httplib.h>

#include <csignal>
#include <thread>

namespace portolan::cluster {

struct FakeApiServer::Impl {
  httplib::Server server;
  int port = 0;
  std::thread thread;
};

void FakeApiServer::Stream::set(const std::string& text, bool finished, bool cut) {
  const std::lock_guard lock(server_.mutex_);
  waiting_ += text;
  finished_ = finished_ || finished;
  cut_ = cut_ || cut;
  server_.changed_.notify_all();
}

FakeApiServer::FakeApiServer() : impl_(std::make_unique<Impl>()) {
  std::signal(SIGPIPE, SIG_IGN);  // as the server's process does
  impl_->server.Get(".*", [this](const httplib::Request& request, httplib::Response& response) {
    Answer answer;
    {
      std::unique_lock lock(mutex_);
      requests_.push_back(
          {request.target, request.get_header_value("Authorization"), request.get_header_value("Accept")});
      changed_.notify_all();
      changed_.wait(lock, [this] { return closing_ || !answers_.empty(); });
      if (closing_) return;
      answer = std::move(answers_.front());
      answers_.pop_front();
      if (changed_.wait_for(lock, answer.delay, [this] { return closing_; })) return;
    }
    response.status = answer.status;
    if (!answer.retry_after.empty()) response.set_header("Retry-After", answer.retry_after);
    if (!answer.stream) return response.set_content(answer.body, answer.content_type);
    response.set_chunked_content_provider(answer.content_type, [this, stream = answer.stream](size_t,
                                                                                              httplib::DataSink& sink) {
      std::string text;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return closing_ || !stream->waiting_.empty() || stream->finished_ || stream->cut_; });
        if (closing_) return false;
        text.swap(stream->waiting_);
        if (text.empty() && stream->cut_) return false;
      }
      if (!text.empty()) return sink.write(text.data(), text.size());
      sink.done();
      return true;
    });
  });
  impl_->server.set_keep_alive_timeout(1);
  impl_->port = impl_->server.bind_to_any_port("127.0.0.1");
  impl_->thread = std::thread([this] { impl_->server.listen_after_bind(); });
  while (!impl_->server.is_running()) std::this_thread::yield();
}

FakeApiServer::~FakeApiServer() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    changed_.notify_all();
  }
  impl_->server.stop();
  impl_->thread.join();
}

std::string FakeApiServer::url() const { return "http://127.0.0.1:" + std::to_string(impl_->port); }

void FakeApiServer::answer(int status, const std::string& body, const std::string& retry_after,
                           const std::string& content_type) {
  const std::lock_guard lock(mutex_);
  answers_.push_back({status, body, retry_after, content_type, nullptr, {}});
  changed_.notify_all();
}

void FakeApiServer::answer_after(std::chrono::milliseconds delay, int status, const std::string& body) {
  const std::lock_guard lock(mutex_);
  answers_.push_back({status, body, "", "application/json", nullptr, delay});
  changed_.notify_all();
}

std::shared_ptr<FakeApiServer::Stream> FakeApiServer::stream(const std::string& content_type) {
  const std::lock_guard lock(mutex_);
  auto stream = std::make_shared<Stream>(*this);
  answers_.push_back({200, "", "", content_type, stream, {}});
  changed_.notify_all();
  return stream;
}

std::string FakeApiServer::request() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, std::chrono::seconds(5), [this] { return !requests_.empty(); })) return {};
  last_ = std::move(requests_.front());
  requests_.pop_front();
  return last_.target;
}

std::string FakeApiServer::authorization() {
  const std::lock_guard lock(mutex_);
  return last_.authorization;
}

std::string FakeApiServer::accept() {
  const std::lock_guard lock(mutex_);
  return last_.accept;
}

}  // namespace portolan::cluster
