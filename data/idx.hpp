#pragma once

#include <cstdint>
#include <filesystem>

#include "core/buffer.hpp"
#include "core/tensor.hpp"

namespace spiketape {

/// What an IDX file holds: unsigned bytes of a shape, the outermost axis first.
struct IdxArray {
  Shape shape;
  Buffer<std::uint8_t> values;
};

/// Reads an IDX file of unsigned bytes (yann.lecun.com/exdb/mnist), plain or gzip whatever its
/// name. The layout, numbers big-endian: two zero bytes, the type (8 = unsigned byte), the number
/// of axes, a 32-bit size for each axis, the values. `rank` is the number of axes that must be
/// there.
/// @throws DataError naming the file, the byte offset in the unpacked data and the rule broken:
/// cannot be opened, wrong magic, other type or rank, truncated, bytes after the end, damaged gzip
/// data.
IdxArray read_idx(const std::filesystem::path& file, std::int64_t rank);

}  // namespace spiketape
