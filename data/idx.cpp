#include "data/idx.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape {
namespace {

constexpr int kUnsignedByte = 0x08;
constexpr std::uint64_t kLargestGzipRatio = 1040;  // deflate packs at most 1032 bytes into one

/// A file read through zlib, which passes plain files through. Knows where it is, for messages.
class GzFile {
 public:
  explicit GzFile(const std::filesystem::path& path) : name_(path.string()) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error))
      throw DataError(fmt::format("{}: is a folder; expected an IDX file, plain or gzip", name_));
    file_ = gzopen(name_.c_str(), "rb");
    if (file_ == nullptr)
      throw DataError(
          fmt::format("{}: cannot be opened; check that it exists and may be read", name_));
    packed_size_ = std::filesystem::file_size(path, error);
    gzbuffer(file_, 1u << 17);
  }
  ~GzFile() { gzclose_r(file_); }
  GzFile(const GzFile&) = delete;
  GzFile& operator=(const GzFile&) = delete;

  /// Fills `out`. @throws DataError when the file ends before that; `what` says what was being
  /// read.
  void read(std::span<std::uint8_t> out, std::string_view what) {
    const std::size_t got = read_some(out);
    if (got < out.size())
      fail(fmt::format(
          "truncated: ends here, but {} needs {} bytes and only {} are left; fetch the file again",
          what,
          out.size(),
          got));
  }

  bool at_end() {
    std::array<std::uint8_t, 1> one{};
    return read_some(one) == 0;
  }

  /// The most bytes that a file of this size can unpack to.
  std::uint64_t largest_size() {
    return gzdirect(file_) != 0 ? packed_size_ : packed_size_ * kLargestGzipRatio;
  }

  [[noreturn]] void fail(std::string_view rule) const { fail_at(offset_, rule); }
  [[noreturn]] void fail_at(std::uint64_t offset, std::string_view rule) const {
    throw DataError(fmt::format("{}: offset {}: {}", name_, offset, rule));
  }

 private:
  std::size_t read_some(std::span<std::uint8_t> out) {
    std::size_t done = 0;
    while (done < out.size()) {
      const auto wanted = static_cast<unsigned>(std::min<std::size_t>(out.size() - done, 1u << 30));
      const int got = gzread(file_, out.data() + done, wanted);
      int error = Z_OK;
      const char* message = gzerror(file_, &error);
      if (got < 0) fail(fmt::format("damaged gzip data ({}); fetch the file again", message));
      offset_ += static_cast<std::uint64_t>(got);
      done += static_cast<std::size_t>(got);
      if (error == Z_BUF_ERROR) fail("truncated: the gzip data end too soon; fetch the file again");
      if (got == 0) break;
    }
    return done;
  }

  std::string name_;
  gzFile file_ = nullptr;
  std::uint64_t packed_size_ = 0;
  std::uint64_t offset_ = 0;
};

std::uint32_t big_endian(std::span<const std::uint8_t, 4> bytes) {
  return (std::uint32_t{bytes[0]} << 24) | (std::uint32_t{bytes[1]} << 16) |
         (std::uint32_t{bytes[2]} << 8) | bytes[3];
}

void read_magic(GzFile& file, std::int64_t rank) {
  std::array<std::uint8_t, 4> magic{};
  file.read(magic, "the magic number");
  if (magic[0] != 0 || magic[1] != 0)
    file.fail_at(0,
                 fmt::format("wrong magic {:02x} {:02x} {:02x} {:02x}: expected 00 00 08 {:02x}, "
                             "this is not an IDX file",
                             magic[0],
                             magic[1],
                             magic[2],
                             magic[3],
                             rank));
  if (magic[2] != kUnsignedByte)
    file.fail_at(2, fmt::format("wrong type 0x{:02x}: expected 0x08, unsigned bytes", magic[2]));
  if (magic[3] != rank)
    file.fail_at(3,
                 fmt::format("wrong number of axes {}: expected {} (images have 3, labels 1; are "
                             "the two files mixed up?)",
                             magic[3],
                             rank));
}

}  // namespace

IdxArray read_idx(const std::filesystem::path& path, std::int64_t rank) {
  GzFile file(path);
  read_magic(file, rank);
  IdxArray array;
  std::uint64_t total = 1;
  for (std::int64_t axis = 0; axis < rank; ++axis) {
    std::array<std::uint8_t, 4> bytes{};
    file.read(bytes, fmt::format("the size of axis {}", axis));
    const std::uint32_t size = big_endian(bytes);
    array.shape.push_back(size);
    // Checked before memory is asked for: a damaged size must not ask for all there is.
    if (__builtin_mul_overflow(total, std::uint64_t{size}, &total) || total > file.largest_size())
      file.fail_at(
          4 + 4 * static_cast<std::uint64_t>(axis),
          fmt::format("truncated: a shape that begins {} needs more bytes than the file can hold",
                      to_string(array.shape)));
  }
  array.values = Buffer<std::uint8_t>(total, kCpu, MemoryTag::data);
  file.read(array.values.span(), fmt::format("shape {}", to_string(array.shape)));
  if (!file.at_end())
    file.fail_at(4 + 4 * static_cast<std::uint64_t>(rank) + total,
                 fmt::format("bytes after the end: shape {} ends here, but the file goes on",
                             to_string(array.shape)));
  return array;
}

}  // namespace spiketape
