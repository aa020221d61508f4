// The program itself: what only the command line and signals can do.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/apps/download_support.hpp"
#include "tests/apps/http_server.hpp"

using namespace spiketape::apps;
namespace fs = std::filesystem;

namespace {

/// `spiketape download ...` on its own, with both streams in a file.
class Program {
 public:
  explicit Program(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {SPIKETAPE_PROGRAM, "download"});
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const std::string out = folder_ / "out";
    posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT, 0644);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    REQUIRE(posix_spawn(&id_, SPIKETAPE_PROGRAM, &actions, nullptr, pointers.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
  }
  ~Program() { wait(); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t id() const { return id_; }
  int wait() {
    int status = 0;
    if (!waited_) waitpid(id_, &status, 0);
    if (!waited_) exit_status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    waited_ = true;
    return exit_status_;
  }
  std::string text() { return (wait(), read_text(folder_ / "out")); }

 private:
  TemporaryFolder folder_{};
  pid_t id_ = -1;
  bool waited_ = false;
  int exit_status_ = -1;
};

constexpr const char* kFirstFile = "train-images-idx3-ubyte.gz";

}  // namespace

TEST_CASE("download without a name lists the sets with sizes and licences") {
  Program list({});
  CHECK(list.wait() == 0);
  for (const char* part : {"fmnist", "30.9 MB", "MIT", "shd", "CC BY 4.0", "nmnist", "1.2 GB"}) {
    CHECK_MESSAGE(contains(list.text(), part), part);
  }
}

TEST_CASE("a download that cannot be is refused with a reason") {
  Program spoken({"spoken-digits", "--to", "/nowhere"});
  CHECK(spoken.wait() == 1);
  CHECK(contains(spoken.text(), "error: download: spoken-digits is at no host"));
  Program unknown({"mnist", "--to", "/nowhere"});
  CHECK(unknown.wait() == 1);
  Program nowhere({"fmnist"});
  CHECK(nowhere.wait() == 2);
  CHECK(contains(nowhere.text(), "--to is missing"));
}

TEST_CASE("a mirror with other bytes: refused, and accepted when asked for") {
  const TemporaryFolder folder;
  const HttpServer server(
      [](const HttpRequest& request) { return serve("bytes of " + request.path, request); });
  Program refused({"fmnist", "--to", folder / "data", "--from", server.url()});
  CHECK(refused.wait() == 1);
  CHECK(contains(refused.text(), "expected md5 8d4fb7e6c68d591d4c3dfef9ec88bf0d"));
  CHECK(contains(refused.text(), "--accept-unknown-checksum"));
  CHECK(contains(refused.text(), "https://github.com/zalandoresearch/fashion-mnist"));
  CHECK_FALSE(fs::exists((folder / "data/") + kFirstFile));
  Program accepted({"fmnist",
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
  Program first(command);
  std::error_code absent;
  for (int i = 0; i < 500 && (!fs::exists(part) || fs::file_size(part, absent) < 20'000); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  kill(first.id(), SIGINT);
  CHECK(first.wait() == 128 + SIGINT);
  CHECK(contains(first.text(), ".part holds 20.0 kB, and the same command goes on from there"));
  CHECK(fs::file_size(part) == 20'000);
  Program second(command);
  CHECK(second.wait() == 1);  // these bytes are no images
  CHECK(contains(second.text(), "going on after 20.0 kB"));
  REQUIRE(server.requests().size() >= 2);
  CHECK(server.requests()[1].range == "bytes=20000-");
}
