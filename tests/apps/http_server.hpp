#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

/// A small HTTP/1.1 server on the loopback address that can misbehave in every way that matters to
/// a download.
namespace spiketape::apps {

struct HttpRequest {
  std::string path;      ///< "/a.gz"
  std::string range;     ///< value of the header; empty = not there
  std::string if_range;  ///< value of the header; empty = not there
};

struct HttpReply {
  int status = 200;
  std::vector<std::string> headers{};  ///< besides Content-Length
  std::string body{};
  std::int64_t length = -1;                    ///< that Content-Length tells; -1 = of the body
  std::size_t cut_after = std::string::npos;   ///< bytes of the body, then the connection is closed
  std::size_t hang_after = std::string::npos;  ///< bytes of the body, then silence; 0 = no answer
  std::chrono::milliseconds pause{0};          ///< after every 1,000 bytes
};

/// Serves `content` as a good server does: 206 for a range that the version `etag` allows (a range
/// without a condition always), 416 for one behind the end, else 200.
HttpReply serve(const std::string& content,
                const HttpRequest& request,
                const std::string& etag = "");

class HttpServer {
 public:
  using Handler = std::function<HttpReply(const HttpRequest&)>;

  /// Listens at once, on a free port. Every request is answered by `handler`, one after the other
  /// in a thread of their own.
  explicit HttpServer(Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// "http://127.0.0.1:PORT"
  std::string url() const;
  /// What has been asked for so far.
  std::vector<HttpRequest> requests() const;

 private:
  void listen_until_stopped();
  void answer(int connection);
  bool send_all(int connection, const std::string& bytes, std::chrono::milliseconds pause) const;

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;
  std::vector<HttpRequest> requests_;
  std::thread thread_;
};

}  // namespace spiketape::apps
