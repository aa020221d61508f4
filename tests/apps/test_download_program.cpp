// The program itself: what only the command line and signals can do.
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/apps/download_support.hpp"
#include "tests/apps/http_server.hpp"
#include "tests/apps/program.hpp"

using namespace spiketape::apps;
namespace fs = std::filesystem;

namespace {

/// `spiketape download ...`
class Download : public Program {
 public:
  explicit Download(std::vector<std::string> arguments) : Program(with_name(arguments)) {}

 private:
  static std::vector<std::string> with_name(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "download");
    return arguments;
  }
};

constexpr const char* kFirstFile = "train-images-idx3-ubyte.gz";

}  // namespace

TEST_CASE("download without a name lists the sets with sizes and licences") {
  Download list({});
  CHECK(list.wait() == 0);
  for (const char* part : {"fmnist", "30.9 MB", "MIT", "shd", "CC BY 4.0", "nmnist", "1.2 GB"}) {
    CHECK_MESSAGE(contains(list.text(), part), part);
  }
}

TEST_CASE("a download that cannot be is refused with a reason") {
  Download spoken({"spoken-digits", "--to", "/nowhere"});
  CHECK(spoken.wait() == 1);
  CHECK(contains(spoken.text(), "error: download: spoken-digits is at no host"));
  Download unknown({"mnist", "--to", "/nowhere"});
  CHECK(unknown.wait() == 1);
  Download nowhere({"fmnist"});
  CHECK(nowhere.wait() == 2);
  CHECK(contains(nowhere.text(), "--to is missing"));
}

TEST_CASE("a mirror with other bytes: refused, and accepted when asked for") {
  const TemporaryFolder folder;
  const HttpServer server(
      [](const HttpRequest& request) { return serve("bytes of " + request.path, request); });
  Download refused({"fmnist", "--to", folder / "data", "--from", server.url()});
  CHECK(refused.wait() == 1);
  CHECK(contains(refused.text(), "expected md5 8d4fb7e6c68d591d4c3dfef9ec88bf0d"));
  CHECK(contains(refused.text(), "--accept-unknown-checksum"));
  CHECK(contains(refused.text(), "https://github.com/zalandoresearch/fashion-mnist"));
  CHECK_FALSE(fs::exists((folder / "data/") + kFirstFile));
  Download accepted({"fmnist",
                     "--to",
                     folder / "data",
                     "--from",
                     server.url(),
                     "--accept-unknown-checksum",
                     "--quiet"});
  CHECK(accepted.wait() == 0);
  CHECK(contains(accepted.text(), "Next: ./run train fmnist --data " + (folder / "data")));
  CHECK(read_text((folder / "data/") + kFirstFile) == std::string("bytes of /") + kFirstFile);
}

TEST_CASE("Ctrl-C keeps what has come, and the same command goes on from there") {
  const TemporaryFolder folder;
  int count = 0;
  const HttpServer server([&count](const HttpRequest& request) {
    HttpReply reply = serve(std::string(50'000, 'x'), request, "\"v1\"");
    if (++count == 1) reply.hang_after = 20'000;
    return reply;
  });
  const std::string part = (folder / "data/") + kFirstFile + ".part";
  const std::vector<std::string> command = {
      "fmnist", "--to", folder / "data", "--from", server.url()};
  Download first(command);
  std::error_code absent;
  for (int i = 0; i < 500 && (!fs::exists(part) || fs::file_size(part, absent) < 20'000); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  kill(first.id(), SIGINT);
  CHECK(first.wait() == 128 + SIGINT);
  CHECK(contains(first.text(), ".part holds 20.0 kB, and the same command goes on from there"));
  CHECK(fs::file_size(part) == 20'000);
  Download second(command);
  CHECK(second.wait() == 1);  // these bytes are no images
  CHECK(contains(second.text(), "going on after 20.0 kB"));
  REQUIRE(server.requests().size() >= 2);
  CHECK(server.requests()[1].range == "bytes=20000-");
}
