#include <doctest/doctest.h>

#include <string>

#include "core/error.hpp"
#include "core/memory.hpp"
#include "data/idx.hpp"
#include "tests/data/idx_files.hpp"

using namespace spiketape;
using namespace spiketape::testing;
using doctest::Contains;

namespace {

Bytes counting(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7);
  return bytes;
}

void check_holds(const IdxArray& array, const Shape& shape, const Bytes& values) {
  CHECK(array.shape == shape);
  const auto read = array.values.span();
  CHECK(Bytes(read.begin(), read.end()) == values);
}

}  // namespace

TEST_CASE("an IDX file reads the same plain and gzipped, whatever its name") {
  const TemporaryFolder folder;
  const Bytes values = counting(2 * 3 * 4);
  write_plain(folder / "plain", idx({2, 3, 4}, values));
  write_gzip(folder / "packed.gz", idx({2, 3, 4}, values));
  write_gzip(folder / "packed", idx({2, 3, 4}, values));
  for (const char* name : {"plain", "packed.gz", "packed"})
    check_holds(read_idx(folder / name, 3), {2, 3, 4}, values);
}

TEST_CASE("an IDX file may be larger than zlib's buffer, and its memory is booked as data") {
  const TemporaryFolder folder;
  const Bytes values = counting(300'001);
  write_gzip(folder / "big.gz", idx({300'001}, values));
  const std::size_t before = memory_use(kCpu, MemoryTag::data).current;
  const IdxArray array = read_idx(folder / "big.gz", 1);
  CHECK(memory_use(kCpu, MemoryTag::data).current == before + 300'001);
  check_holds(array, {300'001}, values);
}

TEST_CASE("an IDX file may be empty along an axis") {
  const TemporaryFolder folder;
  write_plain(folder / "none", idx({0, 3}, {}));
  check_holds(read_idx(folder / "none", 2), {0, 3}, {});
}

TEST_CASE("an IDX file that is not there or a folder is an error that names it") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(
      read_idx(folder / "absent", 1), Contains("absent: cannot be opened"), DataError);
  CHECK_THROWS_WITH_AS(read_idx(folder.path(), 1), Contains("is a folder"), DataError);
}

TEST_CASE("an IDX file with wrong magic, type or rank is an error at its offset") {
  const TemporaryFolder folder;
  const auto error_of = [&](const Bytes& bytes) {
    write_plain(folder / "bad", bytes);
    std::string message;
    try {
      read_idx(folder / "bad", 1);
    } catch (const DataError& error) {
      message = error.what();
    }
    return message;
  };
  CHECK(error_of({'<', 'h', 't', 'm', 'l'}).find("bad: offset 0: wrong magic 3c 68 74 6d") !=
        std::string::npos);
  CHECK(error_of({0, 0, 13, 1, 0, 0, 0, 0}).find("offset 2: wrong type 0x0d") != std::string::npos);
  CHECK(error_of(idx({1, 1, 1}, {5})).find("offset 3: wrong number of axes 3: expected 1") !=
        std::string::npos);
}

TEST_CASE("a truncated IDX file is an error at the offset where it ends") {
  const TemporaryFolder folder;
  const Bytes whole = idx({2, 3}, counting(6));
  for (const std::size_t kept : {0u, 3u, 7u, 11u, 12u, 17u}) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(kept));
    write_plain(folder / "plain", cut);
    write_gzip(folder / "packed.gz", cut);
    CHECK_THROWS_WITH_AS(read_idx(folder / "plain", 2), Contains("truncated"), DataError);
    CHECK_THROWS_WITH_AS(read_idx(folder / "packed.gz", 2),
                         Contains(("offset " + std::to_string(kept) + ": truncated").c_str()),
                         DataError);
  }
}

TEST_CASE("an IDX size that the file cannot hold is refused before memory is asked for") {
  const TemporaryFolder folder;
  Bytes bytes = idx({0xffffffffu, 0xffffffffu, 0xffffffffu}, {1, 2, 3});
  write_plain(folder / "plain", bytes);
  write_gzip(folder / "packed.gz", bytes);
  CHECK_THROWS_WITH_AS(read_idx(folder / "plain", 3), Contains("offset 4: truncated"), DataError);
  CHECK_THROWS_WITH_AS(
      read_idx(folder / "packed.gz", 3), Contains("offset 4: truncated"), DataError);
}

TEST_CASE("bytes after the end of an IDX file are an error") {
  const TemporaryFolder folder;
  write_plain(folder / "long", idx({2}, {1, 2, 3}));
  CHECK_THROWS_WITH_AS(
      read_idx(folder / "long", 1), Contains("offset 10: bytes after the end"), DataError);
}

TEST_CASE("damaged and cut gzip data are errors") {
  const TemporaryFolder folder;
  write_gzip(folder / "whole.gz", idx({5000}, counting(5000)));
  Bytes packed = read_plain(folder / "whole.gz");
  Bytes cut(packed.begin(), packed.end() - 20);
  write_plain(folder / "cut.gz", cut);
  CHECK_THROWS_WITH_AS(read_idx(folder / "cut.gz", 1), Contains("cut.gz: offset"), DataError);
  packed[packed.size() - 6] ^= 0xffu;  // in the checksum
  write_plain(folder / "damaged.gz", packed);
  CHECK_THROWS_WITH_AS(
      read_idx(folder / "damaged.gz", 1), Contains("damaged gzip data"), DataError);
}
