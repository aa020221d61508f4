#include "layers/checkpoint_seal.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20;  // bytes that are read at once
constexpr std::string_view kHdf5Begin = "\x89HDF\r\n\x1a\n";

/// Length and CRC-32 of bytes that come in pieces.
class Sum {
 public:
  void add(const void* bytes, std::size_t size) {
    crc_ = crc32_z(crc_, static_cast<const Bytef*>(bytes), size);
    size_ += size;
  }
  std::string seal() const {
    std::string text = fmt::format("{}HDF5 data from byte {} on\nbytes {}\ncrc32 {:08x}\n",
                                   kSealBegin,
                                   kSealSize,
                                   size_,
                                   crc_);
    text.resize(kSealSize, '\0');
    return text;
  }

 private:
  uLong crc_ = crc32_z(0, nullptr, 0);
  std::uint64_t size_ = 0;
};

}  // namespace

void seal(std::span<std::byte> file) {
  Sum sum;
  sum.add(file.data() + kSealSize, file.size() - kSealSize);
  const std::string text = sum.seal();
  std::copy_n(reinterpret_cast<const std::byte*>(text.data()), kSealSize, file.begin());
}

void require_seal(const std::filesystem::path& path) {
  const std::string name = path.string();
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    throw DataError(fmt::format(
        "{}: there is no such file; expected a checkpoint, e.g. RUN/checkpoint.h5", name));
  if (!std::filesystem::is_regular_file(path, ignored))
    throw DataError(
        fmt::format("{}: this is not a file; expected a checkpoint, e.g. RUN/checkpoint.h5", name));
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw DataError(fmt::format("{}: cannot open it; check that you may read it", name));
  std::string head(kSealSize, '\0');
  stream.read(head.data(), static_cast<std::streamsize>(head.size()));
  if (head.starts_with(kHdf5Begin)) return;
  if (!head.starts_with(kSealBegin))
    throw DataError(fmt::format("{}: this is not an HDF5 file, so it is no checkpoint", name));
  Sum sum;
  std::vector<char> piece(kPiece);
  while (stream) {
    stream.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    sum.add(piece.data(), static_cast<std::size_t>(stream.gcount()));
  }
  if (sum.seal() != head)
    throw DataError(fmt::format(
        "{}: the file is truncated or damaged: its bytes are not those that were saved; use an "
        "older one",
        name));
}

}  // namespace spiketape
