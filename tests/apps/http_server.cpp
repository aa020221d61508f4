#include "tests/apps/http_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>

#include <fmt/format.h>

namespace spiketape::apps {
namespace {

constexpr int kLookMilliseconds = 20;

std::string header(const std::string& head, const std::string& name) {
  const std::string mark = "\r\n" + name + ": ";
  const std::size_t found = head.find(mark);
  if (found == std::string::npos) return {};
  const std::size_t begin = found + mark.size();
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

bool readable(int socket) {
  pollfd waiting{.fd = socket, .events = POLLIN, .revents = 0};
  return poll(&waiting, 1, kLookMilliseconds) > 0;
}

}  // namespace

HttpReply serve(const std::string& content, const HttpRequest& request, const std::string& etag) {
  HttpReply reply{.headers = {"Accept-Ranges: bytes"}, .body = content};
  if (!etag.empty()) reply.headers.push_back("ETag: " + etag);
  const bool allowed = request.if_range.empty() || request.if_range == etag;
  if (!request.range.starts_with("bytes=") || !allowed) return reply;
  const std::size_t first = std::stoul(request.range.substr(6));
  if (first >= content.size()) {
    reply.headers.push_back(fmt::format("Content-Range: bytes */{}", content.size()));
    reply.status = 416;
    reply.body = "no such range";
    return reply;
  }
  reply.headers.push_back(
      fmt::format("Content-Range: bytes {}-{}/{}", first, content.size() - 1, content.size()));
  reply.status = 206;
  reply.body = content.substr(first);
  return reply;
}

HttpServer::HttpServer(Handler handler) : handler_(std::move(handler)) {
  setenv("no_proxy", "127.0.0.1", 1);  // a proxy of the machine has no business here
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (listener_ < 0 || bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, 8) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("the test server cannot listen on 127.0.0.1");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { listen_until_stopped(); });
}

HttpServer::~HttpServer() {
  stop_ = true;
  thread_.join();
  close(listener_);
}

std::string HttpServer::url() const { return fmt::format("http://127.0.0.1:{}", port_); }

std::vector<HttpRequest> HttpServer::requests() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return requests_;
}

void HttpServer::listen_until_stopped() {
  while (!stop_) {
    if (!readable(listener_)) continue;
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    answer(connection);
    close(connection);
  }
}

void HttpServer::answer(int connection) {
  std::string head;
  std::array<char, 4096> buffer{};
  while (!stop_ && head.find("\r\n\r\n") == std::string::npos) {
    if (!readable(connection)) continue;
    const ssize_t count = recv(connection, buffer.data(), buffer.size(), 0);
    if (count <= 0) return;
    head.append(buffer.data(), static_cast<std::size_t>(count));
  }
  if (stop_) return;
  const std::size_t path = head.find(' ') + 1;
  const HttpRequest request{.path = head.substr(path, head.find(' ', path) - path),
                            .range = header(head, "Range"),
                            .if_range = header(head, "If-Range")};
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    requests_.push_back(request);
  }
  const HttpReply reply = handler_(request);
  const auto length =
      reply.length >= 0 ? reply.length : static_cast<std::int64_t>(reply.body.size());
  std::string text = fmt::format(
      "HTTP/1.1 {} Text\r\nContent-Length: {}\r\nConnection: close\r\n", reply.status, length);
  for (const std::string& line : reply.headers) text += line + "\r\n";
  text += "\r\n" + reply.body.substr(0, std::min(reply.cut_after, reply.hang_after));
  if (reply.hang_after != 0 && !send_all(connection, text, reply.pause)) return;
  if (reply.hang_after == std::string::npos) return;
  // Until the client gives up: then there is an end to read.
  while (!stop_ &&
         !(readable(connection) && recv(connection, buffer.data(), buffer.size(), 0) <= 0)) {
  }
}

bool HttpServer::send_all(int connection,
                          const std::string& bytes,
                          std::chrono::milliseconds pause) const {
  const std::size_t at_once = pause.count() > 0 ? 1000 : bytes.size();
  std::size_t sent = 0;
  while (sent < bytes.size() && !stop_) {
    const std::size_t size = std::min(at_once, bytes.size() - sent);
    const ssize_t count = send(connection, bytes.data() + sent, size, MSG_NOSIGNAL);
    if (count <= 0) return false;
    sent += static_cast<std::size_t>(count);
    if (pause.count() > 0) std::this_thread::sleep_for(pause);
  }
  return true;
}

}  // namespace spiketape::apps
