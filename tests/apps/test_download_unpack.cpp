#include "apps/download/unpack.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/apps/download_support.hpp"

using namespace spiketape;
using namespace spiketape::apps;
namespace fs = std::filesystem;

namespace {

/// Unpacks a zip file of these entries as `name`.
struct Bench {
  TemporaryFolder folder{};

  std::string target(const std::string& name) const { return folder / name; }
  std::int64_t unpack_as(const std::string& name,
                         bool is_folder,
                         const std::vector<ZipEntry>& entries) {
    write_text(folder / "a.zip", zip_of(entries));
    return unpack(folder / "a.zip", target(name), is_folder);
  }
  /// Nothing but the archive is there.
  bool clean() const {
    return count_files(fs::path(folder / "a.zip").parent_path()) == 1 &&
           !fs::exists(target("Train.unpacking"));
  }
};

}  // namespace

TEST_CASE("a folder comes out of an archive, whatever stands around it") {
  const std::vector<std::string> prefixes = {
      "Train/", "N-MNIST/Train/", "./Train/", "", "digits/", "a/b/"};
  for (const std::string& prefix : prefixes) {
    CAPTURE(prefix);
    Bench bench;
    const std::int64_t files = bench.unpack_as("Train",
                                               true,
                                               {{prefix + "0/00002.bin", "two"},
                                                {prefix + "1/00004.bin", "four"},
                                                {"__MACOSX/" + prefix + "0/._00002.bin", "clutter"},
                                                {prefix + ".DS_Store", "clutter"}});
    CHECK(files == 2);
    CHECK(read_text(bench.target("Train/0/00002.bin")) == "two");
    CHECK(read_text(bench.target("Train/1/00004.bin")) == "four");
    CHECK(count_files(bench.target("Train")) == 2);
    CHECK_FALSE(fs::exists(bench.target("Train.unpacking")));
  }
}

TEST_CASE("a folder of a single digit keeps it") {
  Bench bench;
  bench.unpack_as("Train", true, {{"Train/", ""}, {"Train/7/", ""}, {"Train/7/00001.bin", "one"}});
  CHECK(read_text(bench.target("Train/7/00001.bin")) == "one");
}

TEST_CASE("a file comes out of an archive by its name, or because it is the only one") {
  Bench bench;
  CHECK(bench.unpack_as("a.h5", false, {{"readme.txt", "-"}, {"sets/a.h5", "five"}}) == 1);
  CHECK(read_text(bench.target("a.h5")) == "five");
  CHECK(bench.unpack_as("b.h5", false, {{"sets/other.h5", "six"}}) == 1);
  CHECK(read_text(bench.target("b.h5")) == "six");
  const std::string message = message_of<DataError>([&] {
    bench.unpack_as("c.h5", false, {{"x.h5", "-"}, {"y.h5", "-"}});
  });
  CHECK(contains(message, "a.zip: expected the file c.h5 in it, got 2 other files"));
  CHECK_FALSE(fs::exists(bench.target("c.h5")));
}

TEST_CASE("an entry that would leave the folder is refused, and nothing is kept") {
  const std::vector<std::string> names = {
      "../evil", "Train/../../evil", "/tmp/spiketape-evil", "..\\evil", "a/..\\evil", "Train/.."};
  for (const std::string& name : names) {
    CAPTURE(name);
    Bench bench;
    const std::string message = message_of<DataError>([&] {
      bench.unpack_as("Train", true, {{"Train/0/1.bin", "good"}, {name, "evil"}});
    });
    CHECK(contains(message, "would leave the folder"));
    CHECK(contains(message, "entry '"));
    CHECK(bench.clean());
    CHECK_FALSE(fs::exists("/tmp/spiketape-evil"));
  }
}

TEST_CASE("links and entries that are there twice are refused") {
  Bench bench;
  CHECK(contains(message_of<DataError>([&] {
                   bench.unpack_as("Train",
                                   true,
                                   {{"Train/0", "", "/tmp"}, {"Train/0/spiketape-evil", "evil"}});
                 }),
                 "is a link or a device"));
  CHECK(contains(message_of<DataError>([&] {
                   bench.unpack_as("Train", true, {{"Train/1", "one"}, {"Train/1", "uno"}});
                 }),
                 "is there twice"));
  CHECK(bench.clean());
}

TEST_CASE("a damaged archive, or none, leaves nothing behind") {
  const std::string content = some_bytes(50'000);
  const std::string zip = zip_of({{"Train/0/1.bin", content}, {"Train/0/2.bin", content}});
  std::string damaged = zip;
  for (std::size_t i = 20'000; i < 20'100; ++i) damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
  for (const std::string& bytes :
       {damaged, zip.substr(0, 30'000), std::string("<html>moved</html>"), std::string()}) {
    CAPTURE(bytes.size());
    Bench bench;
    write_text(bench.folder / "a.zip", bytes);
    CHECK_THROWS_AS(unpack(bench.folder / "a.zip", bench.target("Train"), true), DataError);
    CHECK(bench.clean());
  }
}

TEST_CASE("an interrupted unpacking leaves no half folder, and the next one starts anew") {
  Bench bench;
  std::vector<ZipEntry> entries;
  for (int i = 0; i < 50; ++i) entries.push_back({"Train/0/" + std::to_string(i), "x"});
  write_text(bench.folder / "a.zip", zip_of(entries));
  int looks = 0;
  DownloadHooks hooks;
  hooks.stop = [&looks] { return ++looks > 20; };
  CHECK_THROWS_AS(unpack(bench.folder / "a.zip", bench.target("Train"), true, hooks),
                  DownloadStopped);
  CHECK(bench.clean());
  // Killed instead of stopped: what it has left is not taken for a part of the set.
  fs::create_directories(bench.target("Train.unpacking") + "/Train/0");
  write_text(bench.target("Train.unpacking") + "/Train/0/stale", "half");
  CHECK(unpack(bench.folder / "a.zip", bench.target("Train"), true) == 50);
  CHECK_FALSE(fs::exists(bench.target("Train/0/stale")));
}

TEST_CASE("what is there already is not replaced") {
  Bench bench;
  write_text(bench.target("a.h5"), "mine");
  CHECK(contains(message_of<DataError>([&] {
                   bench.unpack_as("a.h5", false, {{"a.h5", "new"}});
                 }),
                 "has appeared in the meantime"));
  CHECK(read_text(bench.target("a.h5")) == "mine");
}
