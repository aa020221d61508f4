// The small parts of a download, each by hand-worked values.
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "apps/download/disk.hpp"
#include "apps/download/md5.hpp"
#include "apps/download/response.hpp"
#include "apps/download/sets.hpp"
#include "apps/download/transfer_bar.hpp"
#include "apps/recipes/registry.hpp"
#include "tests/apps/download_support.hpp"

using namespace spiketape;
using namespace spiketape::apps;

TEST_CASE("md5 sums of RFC 1321") {
  CHECK(md5_of_text("") == "d41d8cd98f00b204e9800998ecf8427e");
  CHECK(md5_of_text("abc") == "900150983cd24fb0d6963f7d28e17f72");
  CHECK(md5_of_text(std::string(3'000'000, 'a')) == "99ddc9a3a46ea62c95652bdf937a1fb8");
  const TemporaryFolder folder;
  CHECK_THROWS_AS(md5_of_file(folder / "none"), DataError);
  CHECK_THROWS_AS(md5_of_file(folder / ""), DataError);
}

TEST_CASE("a content range is read as RFC 9110 writes it") {
  const ContentRange part = parse_content_range(" bytes 100-199/200\r\n");
  CHECK(part.first == 100);
  CHECK(part.total == 200);
  const ContentRange none = parse_content_range("bytes */200");
  CHECK_FALSE(none.first);
  CHECK(none.total == 200);
  CHECK(parse_content_range("bytes 5-9/*").first == 5);
  CHECK_FALSE(parse_content_range("bytes 5-9/*").total);
  for (const std::string wrong : {"", "bytes", "bytes 5-9", "rows 1-2/3", "bytes -5-9/x"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_content_range(wrong).first);
    CHECK_FALSE(parse_content_range(wrong).total);
  }
}

TEST_CASE("the version of a file is its strong ETag, else its date, of the last response") {
  ResponseHeaders headers;
  headers.add_line("HTTP/1.1 302 Found\r\n");
  headers.add_line("ETag: \"redirect\"\r\n");
  headers.add_line("HTTP/1.1 200 OK\r\n");
  CHECK(headers.version().empty());
  headers.add_line("etag: W/\"weak\"\r\n");
  CHECK(headers.version().empty());
  headers.add_line("LAST-MODIFIED: Wed, 21 Oct 2015 07:28:00 GMT\r\n");
  CHECK(headers.version() == "Wed, 21 Oct 2015 07:28:00 GMT");
  headers.add_line("ETag:  \"strong\" \r\n");
  CHECK(headers.version() == "\"strong\"");
}

TEST_CASE("sizes are written in powers of 1000") {
  CHECK(size_in_words(0) == "0 bytes");
  CHECK(size_in_words(999) == "999 bytes");
  CHECK(size_in_words(1000) == "1.0 kB");
  CHECK(size_in_words(26'421'880) == "26.4 MB");
  CHECK(size_in_words(999'950'000) == "1.0 GB");
}

TEST_CASE("the bar shows bytes, speed and time left") {
  CHECK(transfer_line("a.zip", 25'000'000, 100'000'000, 1e6) ==
        "a.zip [#####...............] 25.0 MB of 100.0 MB  1.0 MB/s  1:15 left");
  CHECK(transfer_line("a.zip", 0, 100, 0.0) ==
        "a.zip [....................] 0 bytes of 100 bytes  0 bytes/s  ? left");
  CHECK(transfer_line("a.zip", 2000, 0, 10.0) == "a.zip  2.0 kB  10 bytes/s");
}

TEST_CASE("the table: every set is a recipe, every file has a checksum of 32 digits") {
  std::set<std::string> sums;
  std::size_t files = 0;
  for (const RemoteSet& set : remote_sets()) {
    CAPTURE(set.name);
    CHECK_NOTHROW(make_recipe(set.name));
    CHECK(set.address.starts_with("http"));
    CHECK_FALSE(set.address.ends_with("/"));
    CHECK(contains(remote_sets_in_words(), set.licence));
    CHECK(contains(remote_sets_in_words(), size_in_words(set.bytes())));
    for (const RemoteFile& file : set.files) {
      CAPTURE(file.name);
      CHECK(file.md5.size() == 32);
      CHECK(file.md5.find_first_not_of("0123456789abcdef") == std::string::npos);
      CHECK(file.bytes > 0);
      CHECK(file.name.ends_with(file.result.empty() ? ".gz" : ".zip"));
      sums.insert(file.md5);
      ++files;
    }
  }
  CHECK(files == 8);
  CHECK(sums.size() == files);
}

TEST_CASE("a set that cannot be fetched says where its data come from") {
  CHECK(find_remote_set("shd").files.at(0).result == "shd_train.h5");
  CHECK(contains(message_of<Error>([] { find_remote_set("spoken-digits"); }),
                 "Free Spoken Digit Dataset"));
  CHECK(contains(message_of<Error>([] { find_remote_set("ssc"); }), "unpack ssc_train.h5.zip"));
  CHECK(contains(message_of<Error>([] { find_remote_set("randman"); }), "needs no files"));
  CHECK(contains(message_of<Error>([] { find_remote_set("mnist"); }),
                 "expected one of fmnist, shd, nmnist, got 'mnist'"));
}
