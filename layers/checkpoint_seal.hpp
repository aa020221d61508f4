#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace spiketape {

/// A checkpoint begins with its seal: 512 bytes, a text padded with zeros, that says how many bytes
/// of HDF5 data follow and their CRC-32. libhdf5 cannot be trusted with damaged bytes, so damage
/// must be seen before it reads them. It takes the seal for a user block, which its tools skip.
inline constexpr std::size_t kSealSize = 512;
inline constexpr std::string_view kSealBegin = "spiketape checkpoint: ";

/// Writes the seal into the first kSealSize bytes of `file`, for the HDF5 data behind them.
void seal(std::span<std::byte> file);

/// @throws DataError when there is no such file, it is no checkpoint, or the data are not those
/// that were sealed. A plain HDF5 file passes: checkpoints had no seal at first.
void require_seal(const std::filesystem::path& path);

}  // namespace spiketape
