#include "layers/atomic_file.hpp"

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/error.hpp"
#include "layers/checkpoint.hpp"
#include "layers/linear.hpp"

namespace spiketape {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "spiketape-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  fs::path operator/(const char* name) const { return path_ / name; }

 private:
  fs::path path_;
};

/// While it lives, no file of this process can grow beyond `bytes`: what a full disk looks like.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &old_);
    rlimit limit = old_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit old_{};
  void (*old_handler_)(int) = nullptr;
};

std::string contents(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<std::byte> bytes_of(const std::string& text) {
  std::vector<std::byte> bytes;
  for (const char c : text) bytes.push_back(static_cast<std::byte>(c));
  return bytes;
}

}  // namespace

TEST_CASE("a file is replaced as a whole") {
  const Folder folder;
  replace_file(folder / "a", bytes_of("old"));
  replace_file(folder / "a", bytes_of("newer"));
  CHECK(contents(folder / "a") == "newer");
  CHECK_FALSE(fs::exists(folder / "a.partial"));
  replace_file(folder / "empty", {});
  CHECK(fs::file_size(folder / "empty") == 0);
}

TEST_CASE("when the disk is full the old file survives and nothing is left beside it") {
  const Folder folder;
  replace_file(folder / "a", bytes_of("old"));
  {
    const FullDisk full(4096);
    CHECK_THROWS_WITH_AS(replace_file(folder / "a", std::vector<std::byte>(10000)),
                         doctest::Contains("cannot write 10000 bytes"),
                         DataError);
  }
  CHECK(contents(folder / "a") == "old");
  CHECK_FALSE(fs::exists(folder / "a.partial"));
}

TEST_CASE("a checkpoint survives a full disk, and can be saved when there is space again") {
  const Folder folder;
  Module net;
  const Linear fc(net, "fc", 50, 40);
  save_checkpoint(folder / "c.h5", snapshot(net));
  const float old = fc.weight().value().values()[0];
  net.initialize(1);
  {
    const FullDisk full(4096);
    CHECK_THROWS_AS(save_checkpoint(folder / "c.h5", snapshot(net)), DataError);
  }
  CHECK(load_checkpoint(folder / "c.h5").parameters[0].tensor.values()[0] == old);
  save_checkpoint(folder / "c.h5", snapshot(net));
  CHECK(load_checkpoint(folder / "c.h5").parameters[0].tensor.values()[0] ==
        fc.weight().value().values()[0]);
}

TEST_CASE(
    "a device that is always full, a missing folder and a folder in the way are errors that say "
    "so") {
  const Folder folder;
  CHECK_THROWS_WITH_AS(replace_file(folder / "missing" / "a", bytes_of("x")),
                       doctest::Contains("No such file"),
                       DataError);
  fs::create_directory(folder / "taken");
  fs::create_directory(folder / "taken" / "inside");
  CHECK_THROWS_AS(replace_file(folder / "taken", bytes_of("x")), DataError);
  CHECK_FALSE(fs::exists(folder / "taken.partial"));
  if (fs::exists("/dev/full")) {
    fs::create_symlink("/dev/full", folder / "full.partial");
    CHECK_THROWS_WITH_AS(replace_file(folder / "full", bytes_of("x")),
                         doctest::Contains("No space left"),
                         DataError);
  }
}

}  // namespace spiketape
