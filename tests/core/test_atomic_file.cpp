#include "core/atomic_file.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/error.hpp"
#include "tests/core/full_disk.hpp"
#include "tests/temporary_folder.hpp"

namespace spiketape {
namespace {

namespace fs = std::filesystem;
using spiketape::testing::FullDisk;
using spiketape::testing::TemporaryFolder;

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
  const TemporaryFolder folder;
  replace_file(folder / "a", bytes_of("old"));
  replace_file(folder / "a", bytes_of("newer"));
  CHECK(contents(folder / "a") == "newer");
  CHECK_FALSE(fs::exists(folder / "a.partial"));
  replace_file(folder / "empty", {});
  CHECK(fs::file_size(folder / "empty") == 0);
}

TEST_CASE("when the disk is full the old file survives and nothing is left beside it") {
  const TemporaryFolder folder;
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

TEST_CASE("a file that is written by others takes its name when it is committed, or never") {
  const TemporaryFolder folder;
  {
    const AtomicFile file(folder / "a");
    std::ofstream(file.partial()) << "half";
    CHECK(file.partial() == folder / "a.partial");
  }
  CHECK_FALSE(fs::exists(folder / "a"));
  CHECK_FALSE(fs::exists(folder / "a.partial"));
  AtomicFile file(folder / "a");
  file.reserve(1000);
  CHECK(fs::file_size(file.partial()) == 1000);
  file.resize(2);
  CHECK_FALSE(fs::exists(folder / "a"));
  file.commit();
  CHECK(fs::file_size(folder / "a") == 2);
  CHECK_FALSE(fs::exists(folder / "a.partial"));
}

TEST_CASE("a file that two want to write at once is refused to the second, and stays the first's") {
  const TemporaryFolder folder;
  const fs::path path = folder / "both";
  {
    AtomicFile first(path);
    CHECK_THROWS_WITH_AS(
        AtomicFile{path}, doctest::Contains("another program is writing it"), DataError);
    CHECK(fs::exists(first.partial()));
    first.commit();
  }
  CHECK(fs::exists(path));
  AtomicFile{path}.commit();  // nobody writes it now
}

TEST_CASE("a disk that is too full for what is reserved is an error before anything is written") {
  const TemporaryFolder folder;
  const FullDisk full(4096);
  AtomicFile file(folder / "a");
  CHECK_THROWS_WITH_AS(
      file.reserve(10000), doctest::Contains("a: cannot write 10000 bytes"), DataError);
  file.reserve(4000);
  CHECK(fs::file_size(file.partial()) == 4000);
}

TEST_CASE("bytes are added to the end of a file, or it keeps its old length") {
  const TemporaryFolder folder;
  append_to_file(folder / "a", bytes_of("one\n"));
  append_to_file(folder / "a", bytes_of("two\n"));
  CHECK(contents(folder / "a") == "one\ntwo\n");
  {
    const FullDisk full(10);
    CHECK_THROWS_WITH_AS(append_to_file(folder / "a", bytes_of("three\n")),
                         doctest::Contains("a: cannot add 6 bytes"),
                         DataError);
  }
  CHECK(contents(folder / "a") == "one\ntwo\n");
  CHECK_THROWS_WITH_AS(append_to_file(folder / "missing" / "a", bytes_of("x")),
                       doctest::Contains("No such file"),
                       DataError);
}

TEST_CASE(
    "a device that is always full, a missing folder and a folder in the way are errors that say "
    "so") {
  const TemporaryFolder folder;
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
