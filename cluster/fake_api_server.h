// For tests: an API server that says what the test tells it to, request by request, over plain HTTP on a free port.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

namespace portolan::cluster {

/// Requests are answered in the order of the answers that the test gives; a request without one waits for it.
class FakeApiServer {
 public:
  /// A reply whose body the test sends piece by piece. Lives as long as the server.
  class Stream {
   public:
    explicit Stream(FakeApiServer& server) : server_(server) {}
    void send(const std::string& text) { set(text, false, false); }
    void finish() { set("", true, false); }  // as a server ends a watch after timeoutSeconds
    void cut() { set("", false, true); }     // as when the server dies

   private:
    friend class FakeApiServer;
    void set(const std::string& text, bool finished, bool cut);
    FakeApiServer& server_;
    std::string waiting_;
    bool finished_ = false, cut_ = false;
  };

  FakeApiServer();
  ~FakeApiServer();

  std::string url() const;
  void answer(int status, const std::string& body, const std::string& retry_after = "",
              const std::string& content_type = "application/json");
  /// An answer that the server takes its time for.
  void answer_after(std::chrono::milliseconds delay, int status, const std::string& body);
  std::shared_ptr<Stream> stream(const std::string& content_type = "application/json");
  /// The next request, "PATH?QUERY" as it came; empty when there was none for five seconds.
  std::string request();
  /// The Authorization header of the request given last by request().
  std::string authorization();
  /// Its Accept header.
  std::string accept();

 private:
  struct Answer {
    int status = 200;
    std::string body, retry_after, content_type;
    std::shared_ptr<Stream> stream;
    std::chrono::milliseconds delay{0};
  };
  struct Impl;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Answer> answers_;
  struct Request {
    std::string target, authorization, accept;
  };
  std::deque<Request> requests_;
  Request last_;  // given by request()
  bool closing_ = false;
  std::unique_ptr<Impl> impl_;
};

}  // namespace portolan::cluster
