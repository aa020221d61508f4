// One file, in as many requests as it takes.
#include "apps/download/fetch.hpp"

#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "tests/apps/download_support.hpp"
#include "tests/apps/http_server.hpp"

using namespace spiketape;
using namespace spiketape::apps;
namespace fs = std::filesystem;

namespace {

const std::string kContent = some_bytes(200'000);

/// A folder in which `a` is fetched.
struct Site {
  TemporaryFolder folder{};
  Told told{};

  std::string part() const { return folder / "a.part"; }
  /// Leaves a broken download of `content` behind.
  void leave_part(const std::string& content, const Origin& origin) {
    PartFile file(folder / "a");
    file.restart(origin);
    file.append(content.data(), content.size());
  }
  bool fetch_from(const std::string& url, bool will_be_checked = true) {
    PartFile file(folder / "a");
    return fetch(url, file, will_be_checked, quick_fetch(), told.hooks());
  }
};

}  // namespace

TEST_CASE("a file arrives whole, through a redirect, under its temporary name") {
  Site site;
  const HttpServer server([](const HttpRequest& request) {
    if (request.path == "/a") return HttpReply{.status = 302, .headers = {"Location: /b"}};
    return serve(kContent, request);
  });
  CHECK_FALSE(site.fetch_from(server.url() + "/a"));
  CHECK(read_text(site.part()) == kContent);
  CHECK_FALSE(fs::exists(site.folder / "a"));
  CHECK(server.requests().size() == 2);
}

TEST_CASE("an empty file is a file") {
  Site site;
  const HttpServer server([](const HttpRequest& request) { return serve("", request); });
  PartFile part(site.folder / "a");
  CHECK_FALSE(fetch(server.url(), part, true, quick_fetch(), site.told.hooks()));
  part.finish();
  CHECK(fs::file_size(site.folder / "a") == 0);
}

TEST_CASE("a connection that breaks is taken up where it broke, for the same version only") {
  Site site;
  int count = 0;
  const HttpServer server([&count](const HttpRequest& request) {
    HttpReply reply = serve(kContent, request, "\"v1\"");
    if (++count < 4) reply.cut_after = 50'000;
    return reply;
  });
  CHECK(site.fetch_from(server.url(), false));
  CHECK(read_text(site.part()) == kContent);
  REQUIRE(server.requests().size() == 4);
  CHECK(server.requests()[0].range.empty());
  CHECK(server.requests()[1].range == "bytes=50000-");
  CHECK(server.requests()[1].if_range == "\"v1\"");
  CHECK(server.requests()[3].range == "bytes=150000-");
  CHECK(site.told.count("going on after 50.0 kB") == 1);
}

TEST_CASE("a later run takes up what an earlier one has left") {
  Site site;
  const HttpServer server(
      [](const HttpRequest& request) { return serve(kContent, request, "\"v1\""); });
  site.leave_part(kContent.substr(0, 1234), {server.url(), "\"v1\""});
  CHECK(site.fetch_from(server.url()));
  CHECK(read_text(site.part()) == kContent);
  CHECK(server.requests().at(0).range == "bytes=1234-");
}

TEST_CASE("a file that has changed at the host is fetched anew, not appended") {
  Site site;
  const HttpServer server(
      [](const HttpRequest& request) { return serve(kContent, request, "\"v2\""); });
  site.leave_part("old old old", {server.url(), "\"v1\""});
  CHECK_FALSE(site.fetch_from(server.url()));
  CHECK(read_text(site.part()) == kContent);
  CHECK(site.told.count("the host has sent the whole file anew") == 1);
}

TEST_CASE("a host that knows no ranges sends the file anew") {
  Site site;
  const HttpServer server([](const HttpRequest&) { return HttpReply{.body = kContent}; });
  site.leave_part(kContent.substr(0, 1234), {server.url(), ""});
  CHECK_FALSE(site.fetch_from(server.url()));
  CHECK(read_text(site.part()) == kContent);
  CHECK(server.requests().size() == 1);
}

TEST_CASE("without a checksum to come, bytes of another host are not mixed with this one's") {
  Site site;
  const HttpServer server(
      [](const HttpRequest& request) { return serve(kContent, request, "\"v1\""); });
  site.leave_part("other", {"http://elsewhere/a", "\"v1\""});
  CHECK_FALSE(site.fetch_from(server.url(), false));
  CHECK(read_text(site.part()) == kContent);
  CHECK(server.requests().at(0).range.empty());
}

TEST_CASE("with a checksum to come, a mirror continues what another host has begun") {
  Site site;
  const HttpServer server([](const HttpRequest& request) { return serve(kContent, request); });
  site.leave_part(kContent.substr(0, 1234), {"http://elsewhere/a", "\"v1\""});
  CHECK(site.fetch_from(server.url()));
  CHECK(read_text(site.part()) == kContent);
  CHECK(server.requests().at(0).if_range.empty());
  CHECK_FALSE(fs::exists(site.part() + ".origin"));  // of two hosts now
}

TEST_CASE("a part that is the whole file already needs no byte more") {
  Site site;
  const HttpServer server([](const HttpRequest& request) { return serve(kContent, request); });
  site.leave_part(kContent, {server.url(), ""});
  CHECK(site.fetch_from(server.url()));
  CHECK(read_text(site.part()) == kContent);
  CHECK(server.requests().size() == 1);
}

TEST_CASE("a part that is longer than the file is fetched anew") {
  Site site;
  const HttpServer server([](const HttpRequest& request) { return serve(kContent, request); });
  site.leave_part(kContent + "and more", {server.url(), ""});
  CHECK_FALSE(site.fetch_from(server.url()));
  CHECK(read_text(site.part()) == kContent);
  CHECK(site.told.count("starting anew") == 1);
}

TEST_CASE("a rest that begins at another place is not appended") {
  Site site;
  const HttpServer server([](const HttpRequest& request) {
    if (request.range.empty()) return serve(kContent, request);
    return HttpReply{.status = 206, .headers = {"Content-Range: bytes 7-10/11"}, .body = "rest"};
  });
  site.leave_part(kContent.substr(0, 1234), {server.url(), ""});
  CHECK_FALSE(site.fetch_from(server.url()));
  CHECK(read_text(site.part()) == kContent);
}

TEST_CASE("a host that is busy is asked again, and in the end given up") {
  Site site;
  int count = 0;
  int busy = 2;
  const HttpServer server([&](const HttpRequest& request) {
    return ++count <= busy ? HttpReply{.status = 503, .body = "later"} : serve(kContent, request);
  });
  CHECK_FALSE(site.fetch_from(server.url()));
  CHECK(read_text(site.part()) == kContent);
  CHECK(site.told.count("HTTP 503; 0 bytes are there, asking again") == 2);
  count = 0;
  busy = 100;
  Site other;
  const std::string message = message_of<HostError>([&] { other.fetch_from(server.url()); });
  CHECK(contains(message, server.url() + ": the host answers HTTP 503 (3 attempts)"));
  CHECK(server.requests().size() == 6);
  CHECK_FALSE(fs::exists(other.part()));  // the error page is no part of the file
}

TEST_CASE("a file that is not there is not asked for again") {
  Site site;
  const HttpServer server(
      [](const HttpRequest&) { return HttpReply{.status = 404, .body = "<html>not here</html>"}; });
  site.leave_part("begun", {server.url(), ""});
  const std::string message = message_of<HostError>([&] { site.fetch_from(server.url()); });
  CHECK(contains(message, "HTTP 404, no such file"));
  CHECK(server.requests().size() == 1);
  CHECK(read_text(site.part()) == "begun");
}

TEST_CASE("a host that always breaks off at the same place is given up") {
  Site site;
  const HttpServer server(
      [](const HttpRequest&) { return HttpReply{.body = kContent, .cut_after = 1000}; });
  CHECK_FALSE(message_of<HostError>([&] { site.fetch_from(server.url()); }).empty());
  CHECK(server.requests().size() == 3);
}

TEST_CASE("a host that falls silent is asked again after a while") {
  Site site;
  int count = 0;
  const HttpServer server([&count](const HttpRequest& request) {
    HttpReply reply = serve(kContent, request);
    if (++count == 1) reply.hang_after = 0;  // no answer at all
    if (count == 2) reply.hang_after = 50;
    return reply;
  });
  CHECK(site.fetch_from(server.url()));
  CHECK(read_text(site.part()) == kContent);
  CHECK(server.requests().at(2).range == "bytes=50-");
}

TEST_CASE("a download that is stopped keeps what has come and says so") {
  Site site;
  const HttpServer server([](const HttpRequest& request) {
    HttpReply reply = serve(kContent, request);
    reply.pause = std::chrono::milliseconds(1);
    return reply;
  });
  std::int64_t seen = 0;
  DownloadHooks hooks = site.told.hooks();
  hooks.progress = [&seen](const std::string& title, std::int64_t done, std::int64_t total) {
    CHECK(title == "a");
    CHECK((total == 0 || total == 200'000));
    seen = done;
  };
  hooks.stop = [&seen] { return seen > 0; };
  const std::string message = message_of<DownloadStopped>([&] {
    PartFile part(site.folder / "a");
    fetch(server.url(), part, true, quick_fetch(), hooks);
  });
  CHECK(contains(message, "the same command goes on from there"));
  const std::string kept = read_text(site.part());
  CHECK(kept.size() > 0);
  CHECK(kept.size() < kContent.size());
  CHECK(kContent.starts_with(kept));
}

TEST_CASE("waiting for a busy host can be stopped, too") {
  Site site;
  const HttpServer server(
      [](const HttpRequest&) { return HttpReply{.status = 429, .headers = {"Retry-After: 30"}}; });
  DownloadHooks hooks = site.told.hooks();
  hooks.stop = [&site] { return site.told.count("asking again in 30.0 s") > 0; };
  PartFile part(site.folder / "a");
  CHECK_THROWS_AS(fetch(server.url(), part, true, quick_fetch(), hooks), DownloadStopped);
}

TEST_CASE("a full disk is an error that names the file, before or while bytes come") {
  const HttpServer server([](const HttpRequest& request) {
    if (request.path == "/huge") return HttpReply{.body = "x", .length = 1'000'000'000'000'000};
    return serve(kContent, request);
  });
  Site before;
  const std::string early =
      message_of<DataError>([&] { before.fetch_from(server.url() + "/huge"); });
  CHECK(contains(early, "expected 1000.0 TB of free space"));
  if (!fs::exists("/dev/full")) return;
  Site during;
  fs::create_symlink("/dev/full", during.part());
  const std::string late = message_of<DataError>([&] { during.fetch_from(server.url() + "/a"); });
  CHECK(contains(late, "a.part: cannot be written: No space left on device; free some space"));
}

TEST_CASE("a file that another process is fetching is left alone") {
  Site site;
  const PartFile first(site.folder / "a");
  CHECK(contains(message_of<DataError>([&] { PartFile(site.folder / "a"); }),
                 "another process is fetching this file"));
}

TEST_CASE("redirects end, and do not lead to files of this machine") {
  Site site;
  write_text(site.folder / "secret", "secret");
  const std::string secret = "file://" + (site.folder / "secret");
  const HttpServer server([&](const HttpRequest& request) {
    const std::string to = request.path == "/file" ? secret : request.path;
    return HttpReply{.status = 302, .headers = {"Location: " + to}};
  });
  CHECK_THROWS_AS(site.fetch_from(server.url() + "/file"), HostError);
  CHECK_FALSE(fs::exists(site.part()));
  CHECK_THROWS_AS(site.fetch_from(server.url() + "/loop"), HostError);
  CHECK(server.requests().size() == 1 + 11);
  CHECK_THROWS_AS(site.fetch_from("ftp://127.0.0.1/a"), HostError);
}

TEST_CASE("a file of this machine is fetched like any other, and goes on, too") {
  Site site;
  write_text(site.folder / "b", kContent);
  const std::string url = "file://" + (site.folder / "b");
  CHECK_FALSE(site.fetch_from(url));
  CHECK(read_text(site.part()) == kContent);
  site.leave_part(kContent.substr(0, 1234), {url, ""});
  CHECK(site.fetch_from(url));
  CHECK(read_text(site.part()) == kContent);
  CHECK(site.fetch_from(url));  // it is whole
  CHECK(read_text(site.part()) == kContent);
  site.leave_part(kContent + "more", {url, ""});
  site.fetch_from(url);
  CHECK(read_text(site.part()) == kContent);
  CHECK_THROWS_AS(site.fetch_from(url + "-missing"), HostError);
}
