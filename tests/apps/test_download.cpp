// A whole data set: checksums, what is there already, mirrors, and what a person is told.
#include "apps/download/download.hpp"

#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "apps/download/unpack.hpp"
#include "tests/apps/download_support.hpp"
#include "tests/apps/http_server.hpp"

using namespace spiketape;
using namespace spiketape::apps;
namespace fs = std::filesystem;

namespace {

const std::string kImages = some_bytes(100'000, 1);
const std::string kOther = some_bytes(100'000, 2);
const std::string kTrainZip = zip_of({{"Train/0/00002.bin", "two"}, {"Train/1/00004.bin", "four"}});

/// A set of one plain file and one archive of two recordings.
RemoteSet small_set(const std::string& address) {
  return {.name = "small",
          .title = "A small set",
          .licence = "none",
          .address = address,
          .page = "https://example.org/small",
          .mirrors = {"https://mirror.example.org"},
          .files = {{.name = "images.gz", .md5 = md5_of_text(kImages), .bytes = 100'000},
                    {.name = "Train.zip",
                     .place = "1234/file_downloaded",
                     .md5 = md5_of_text(kTrainZip),
                     .bytes = 300,
                     .result = "Train",
                     .files = 2}}};
}

HttpReply serve_set(const HttpRequest& request) {
  const bool archive = request.path == "/1234/file_downloaded" || request.path == "/Train.zip";
  if (!archive && request.path != "/images.gz") return {.status = 404};
  return serve(archive ? kTrainZip : kImages, request, "\"v1\"");
}

/// The set on a host of its own, and a folder for it.
struct Site {
  explicit Site(HttpServer::Handler handler = serve_set) : server(std::move(handler)) {}

  HttpServer server;
  RemoteSet set = small_set(server.url());
  TemporaryFolder folder{};
  Told told{};
  DownloadOptions options{.to = folder / "data", .fetch = quick_fetch(), .hooks = told.hooks()};

  std::string at(const std::string& name) const { return folder / ("data/" + name); }
  void bring() { download(set, options); }
  void check_complete() const {
    CHECK(read_text(at("images.gz")) == kImages);
    CHECK(read_text(at("Train/0/00002.bin")) == "two");
    CHECK(count_names() == 2);  // no part, no archive, no note
  }
  std::ptrdiff_t count_names() const {
    return std::distance(fs::directory_iterator(at("")), fs::directory_iterator());
  }
};

}  // namespace

TEST_CASE("a set is fetched, checked and unpacked, and the next command is named") {
  Site site;
  site.bring();
  site.check_complete();
  CHECK(site.server.requests().at(1).path == "/1234/file_downloaded");
  CHECK(site.told.count("images.gz: 100.0 kB, md5 is right") == 1);
  CHECK(site.told.count("Train: unpacked, 2 files") == 1);
  CHECK(site.told.lines.back() ==
        "small is complete. Next: ./run train small --data " + site.options.to.string());
}

TEST_CASE("what is there and right is not fetched again") {
  Site site;
  site.bring();
  const std::size_t requests = site.server.requests().size();
  site.bring();
  site.check_complete();
  CHECK(site.server.requests().size() == requests);
  CHECK(site.told.count("images.gz: is there already, md5 is right") == 1);
  CHECK(site.told.count("Train: is there already, 2 files") == 1);
}

TEST_CASE("an archive that a person has put there is checked, unpacked and kept") {
  Site site;
  fs::create_directories(site.options.to);
  write_text(site.at("Train.zip"), kTrainZip);
  site.bring();
  CHECK(site.server.requests().size() == 1);  // the images
  CHECK(read_text(site.at("Train/1/00004.bin")) == "four");
  CHECK(read_text(site.at("Train.zip")) == kTrainZip);
  CHECK(site.told.count("Train.zip: is no longer needed") == 1);
}

TEST_CASE("a broken download goes on where it broke") {
  int count = 0;
  Site site([&count](const HttpRequest& request) {
    HttpReply reply = serve_set(request);
    if (++count <= 3) reply.cut_after = 20'000;
    return reply;
  });
  site.options.fetch.attempts = 1;
  for (int run = 0; run < 3; ++run) {
    CHECK_THROWS_AS(site.bring(), HostError);
    CHECK_FALSE(fs::exists(site.at("images.gz")));
    CHECK(fs::file_size(site.at("images.gz.part")) == static_cast<std::size_t>(20'000 * (run + 1)));
  }
  site.bring();
  site.check_complete();
  CHECK(site.server.requests().at(3).range == "bytes=60000-");
}

TEST_CASE("a rest that does not fit is thrown away, and the file fetched once more") {
  Site site([](const HttpRequest& request) {
    return serve(request.path == "/images.gz" ? kImages : kTrainZip, request);  // no version
  });
  fs::create_directories(site.options.to);
  write_text(site.at("images.gz.part"), kOther.substr(0, 5000));
  site.bring();
  site.check_complete();
  CHECK(site.server.requests().at(0).range == "bytes=5000-");
  CHECK(site.server.requests().at(1).range.empty());
  CHECK(site.told.count("fetching it once more from the start") == 1);
}

TEST_CASE("a wrong checksum is an error that says how to go on, and no file has its final name") {
  Site site([](const HttpRequest& request) { return serve(kOther, request, "\"v1\""); });
  const std::string message = message_of<DataError>([&] { site.bring(); });
  CAPTURE(message);
  CHECK(contains(message, site.server.url() + "/images.gz: expected md5 " + md5_of_text(kImages)));
  CHECK(contains(message, "got " + md5_of_text(kOther) + " (100.0 kB)"));
  CHECK(contains(message, "--accept-unknown-checksum"));
  CHECK(contains(message, "look for images.gz at https://example.org/small"));
  CHECK(contains(message, "save it as " + site.at("images.gz") + " (md5 "));
  CHECK(contains(message, "--from https://mirror.example.org"));
  CHECK_FALSE(fs::exists(site.at("images.gz")));
  CHECK(fs::exists(site.at("images.gz.part")));

  // Again: the host has still the same, so it is not fetched again.
  CHECK(contains(message_of<DataError>([&] { site.bring(); }),
                 "images.gz.part, and was not fetched again: the host still has the same"));
  CHECK(site.server.requests().size() == 2);
  CHECK(site.told.count("fetching it once more") == 0);

  // Accepted: what is there needs no byte more.
  site.set.files.pop_back();
  site.options.accept_unknown_checksum = true;
  site.bring();
  CHECK(site.server.requests().size() == 3);
  CHECK(read_text(site.at("images.gz")) == kOther);
  CHECK(site.told.count("is not the known " + md5_of_text(kImages) + ": accepted, as you asked") ==
        1);
}

TEST_CASE(
    "a host that has put a wrong file right is fetched anew, one without versions once more") {
  std::string version = "\"v1\"";
  std::string content = kOther;
  Site site([&](const HttpRequest& request) {
    return serve(request.path == "/images.gz" ? content : kTrainZip, request, version);
  });
  CHECK_THROWS_AS(site.bring(), DataError);
  version = "\"v2\"";
  content = kImages;
  site.bring();
  site.check_complete();

  version.clear();
  content = kOther;
  fs::remove(site.at("images.gz"));
  CHECK_THROWS_AS(site.bring(), DataError);
  CHECK(site.told.count("fetching it once more from the start") == 0);
  const std::size_t requests = site.server.requests().size();
  CHECK_THROWS_AS(site.bring(), DataError);
  CHECK(site.server.requests().size() == requests + 2);  // whole there; then from the start, once
  CHECK(site.told.count("the 100.0 kB that an earlier download left are of another file") == 1);
}

TEST_CASE("a file without a known checksum is taken, and that is said") {
  Site site;
  site.set.files[0].md5.clear();
  site.bring();
  site.check_complete();
  CHECK(site.told.count("md5 " + md5_of_text(kImages) + "; none is known, so not checked") == 1);
}

TEST_CASE("a file from elsewhere under the same name is neither replaced nor taken silently") {
  Site site;
  fs::create_directories(site.at("Train/0"));
  write_text(site.at("images.gz"), kOther);
  CHECK(contains(message_of<DataError>([&] { site.bring(); }),
                 "images.gz: is there already, but expected md5 " + md5_of_text(kImages)));
  CHECK(read_text(site.at("images.gz")) == kOther);
  write_text(site.at("images.gz"), kImages);
  write_text(site.at("Train/0/00002.bin"), "a half of it");
  const std::string message = message_of<DataError>([&] { site.bring(); });
  CHECK(contains(message, "Train: is there already, but expected 2 files, got 1; move it away"));
  site.options.accept_unknown_checksum = true;
  site.bring();
  CHECK(count_files(site.at("Train")) == 1);
  CHECK(site.server.requests().empty());
}

TEST_CASE("a host that has moved: the message says where a person finds the file") {
  Site site([](const HttpRequest&) { return HttpReply{.status = 404}; });
  const std::string message = message_of<HostError>([&] { site.bring(); });
  CAPTURE(message);
  CHECK(contains(message, "/images.gz: the host answers HTTP 404, no such file"));
  CHECK(contains(message, "by hand: look for images.gz at https://example.org/small"));
  CHECK(contains(message, "the same command again: it checks it"));
}

TEST_CASE("a mirror offers the files under their names: a host, a folder of this machine") {
  Site site;
  site.set.address = "http://127.0.0.1:1/nobody-is-there";
  site.options.from = site.server.url() + "//";
  site.bring();
  site.check_complete();
  CHECK(site.server.requests().at(1).path == "/Train.zip");

  Site local;
  const TemporaryFolder mirror;
  write_text(mirror / "images.gz", kImages);
  write_text(mirror / "Train.zip", kTrainZip);
  local.options.from = "file://" + (mirror / "");
  local.bring();
  local.check_complete();
  CHECK(local.server.requests().empty());
}

TEST_CASE("what is no address and what is no folder are refused before anything is fetched") {
  Site site;
  site.options.from = "/data/mirror";
  CHECK(contains(message_of<Error>([&] { site.bring(); }), "file:///its/whole/path"));
  CHECK_FALSE(fs::exists(site.options.to));
  site.options.from.clear();
  write_text(site.folder / "data", "a file");
  CHECK(contains(message_of<DataError>([&] { site.bring(); }), "cannot be made a folder"));
  CHECK(site.server.requests().empty());
}

TEST_CASE("stopped while unpacking, the archive stays and the next run only unpacks") {
  Site site;
  DownloadOptions stopping = site.options;
  stopping.hooks.stop = [&site] { return fs::exists(site.at("Train.zip")); };
  CHECK_THROWS_AS(download(site.set, stopping), DownloadStopped);
  CHECK_FALSE(fs::exists(site.at("Train")));
  CHECK_FALSE(fs::exists(site.at("Train.unpacking")));
  const std::size_t requests = site.server.requests().size();
  site.bring();
  CHECK(count_files(site.at("Train")) == 2);
  CHECK(site.server.requests().size() == requests);
}
