#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace spiketape {

/// Replaces a file as a whole or not at all: the bytes are written beside it as PATH.partial,
/// flushed to the disk, and renamed. After any failure an old file is still there, whole, and the
/// partial one is removed.
/// @throws DataError naming the file and the system's reason (no space left, no such folder, ...).
void replace_file(const std::filesystem::path& path, std::span<const std::byte> bytes);

}  // namespace spiketape
