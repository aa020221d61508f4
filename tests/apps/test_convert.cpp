// `spiketape convert` itself: what only the command line and signals can do.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "data/nmnist.hpp"
#include "tests/apps/program.hpp"
#include "tests/data/nmnist_files.hpp"

using namespace spiketape;
using namespace spiketape::apps;
using spiketape::testing::read_plain;
using spiketape::testing::write_plain;
using spiketape::testing::write_small_nmnist;
namespace fs = std::filesystem;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Names of what lies in a folder.
std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

/// A recording that is a pipe: a conversion waits for its bytes until this object goes.
class SlowRecording {
 public:
  explicit SlowRecording(const fs::path& file) : file_(file) {
    fs::create_directories(file.parent_path());
    REQUIRE(mkfifo(file.c_str(), 0600) == 0);
  }
  ~SlowRecording() {
    release();
    fs::remove(file_);
  }
  SlowRecording(const SlowRecording&) = delete;
  SlowRecording& operator=(const SlowRecording&) = delete;

  /// Returns when `program` has begun to read it; false when it ended before.
  bool wait_for(Program& program) {
    while (program.runs()) {
      end_ = open(file_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);  // fails without a reader
      if (end_ >= 0) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return false;
  }
  /// It has no more bytes.
  void release() {
    if (end_ >= 0) close(end_);
    end_ = -1;
  }

 private:
  fs::path file_;
  int end_ = -1;
};

}  // namespace

TEST_CASE("convert makes two files of a data set, and says what is in them") {
  const TemporaryFolder folder;
  write_small_nmnist(folder / "set", 12, 3);
  fs::create_directory(folder / "out");
  Program program({"convert", "nmnist", folder / "set", folder / "out", "--quiet"});
  CHECK(program.wait() == 0);
  CHECK(contains(program.text(), "train_nmnist.h5: 12 recordings, "));
  CHECK(contains(program.text(), "test_nmnist.h5: 3 recordings, "));
  CHECK(contains(program.text(), "events of pixels outside 34 x 34 left out"));
  CHECK(names_in(folder / "out") == std::vector<std::string>{"test_nmnist.h5", "train_nmnist.h5"});
  CHECK(contains(Program({"info", folder / "out/train_nmnist.h5"}).text(),
                 "of N-MNIST by spiketape (format 1)"));
  for (const char* part : {"train", "test"}) {
    const auto of_folder = open_nmnist(folder / "set", part);
    const auto of_file = open_nmnist(folder / "out", part);
    CHECK(of_folder->size() == (std::string(part) == "train" ? 12 : 3));
    std::vector<std::vector<StepEvent>> events(static_cast<std::size_t>(of_folder->size()));
    std::vector<std::vector<StepEvent>> others(static_cast<std::size_t>(of_file->size()));
    BinningReport report;
    of_folder->read(0, events, report);
    of_file->read(0, others, report);
    CHECK(events == others);
  }
}

TEST_CASE("convert refuses what is no N-MNIST, and a command line that is wrong") {
  const TemporaryFolder folder;
  Program none({"convert", "nmnist", folder / "none", folder / "a.h5"});
  CHECK(none.wait() == 1);
  CHECK(contains(none.text(), "error: " + (folder / "none") + ": is neither N-MNIST"));
  CHECK(Program({"convert"}).wait() == 2);
  CHECK(Program({"convert", "nmnist", folder / "none"}).wait() == 2);
  CHECK(Program({"convert", "shd", folder / "none", folder / "a.h5"}).wait() == 2);
  CHECK_FALSE(fs::exists(folder / "a.h5"));
}

TEST_CASE("a target that is there is replaced by a whole file, and kept when the disk is full") {
  const TemporaryFolder folder;
  write_small_nmnist(folder / "set", 12, 3);
  const std::string out = folder / "out/a.h5";
  fs::create_directory(folder / "out");
  write_plain(out, {1, 2, 3});
  const std::string convert = std::string(SPIKETAPE_PROGRAM) + " convert nmnist " +
                              (folder / "set/Train") + " " + out + " >" + (folder / "said") +
                              " 2>&1";
  const std::string on_full_disk = "trap '' XFSZ; ulimit -f 16; " + convert;
  CHECK(WEXITSTATUS(std::system(on_full_disk.c_str())) == 1);
  CHECK(contains(read_text(folder / "said"), "error: " + out + ": cannot write"));
  CHECK(read_plain(out) == spiketape::testing::Bytes{1, 2, 3});
  CHECK(names_in(folder / "out") == std::vector<std::string>{"a.h5"});
  CHECK(WEXITSTATUS(std::system(convert.c_str())) == 0);
  CHECK(EventFileReader(out).size() == 12);
  CHECK(names_in(folder / "out") == std::vector<std::string>{"a.h5"});
}

TEST_CASE("a conversion that is stopped or killed leaves what was there under the file's name") {
  for (const int signal : {SIGINT, SIGTERM, SIGKILL}) {
    CAPTURE(signal);
    const TemporaryFolder folder;
    write_small_nmnist(folder / "set", 12, 3);
    fs::create_directory(folder / "out");
    const std::string out = folder / "out/a.h5";
    write_plain(out, {1, 2, 3});
    const std::vector<std::string> command = {"convert", "nmnist", folder / "set/Train", out};
    {
      SlowRecording slow(folder / "set/Train/5/00100.bin");
      Program program(command);
      REQUIRE(slow.wait_for(program));
      kill(program.id(), signal);
      if (signal != SIGKILL) {
        slow.release();
        CHECK(program.wait() == 128 + signal);
        CHECK(contains(program.text(), "stopped; " + out + " was not written"));
        CHECK(names_in(folder / "out") == std::vector<std::string>{"a.h5"});
      } else {
        CHECK(program.wait() == -1);
        CHECK(names_in(folder / "out") == std::vector<std::string>{"a.h5", "a.h5.partial"});
      }
      CHECK(read_plain(out) == spiketape::testing::Bytes{1, 2, 3});
    }
    CHECK(Program(command).wait() == 0);
    CHECK(EventFileReader(out).size() == 12);
    CHECK(names_in(folder / "out") == std::vector<std::string>{"a.h5"});
  }
}
