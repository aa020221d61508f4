#pragma once

#include <cstdint>
#include <filesystem>

#include "apps/download/fetch.hpp"

namespace spiketape::apps {

/// Unpacks the file or folder that is called like `target` out of `archive`, a zip file, as
/// `target`. A leading folder in the archive is left out; where nothing in it is called so, a
/// folder is all of it, or all of the only folder in it, and a file is the only file in it.
/// Everything goes to `target`.unpacking first and is renamed at the end, so that `target` is whole
/// or not there; after any failure, and at the next start, what was unpacked is removed.
/// @param is_folder whether `target` is a folder of files.
/// @returns the number of files of `target`.
/// @throws DataError when the archive is broken, does not hold the target, or holds an entry that
/// would leave the folder (an absolute path, ".."), a link or a device; when the disk is full.
/// @throws DownloadStopped
std::int64_t unpack(const std::filesystem::path& archive,
                    const std::filesystem::path& target,
                    bool is_folder,
                    const DownloadHooks& hooks = {});

/// The number of files in and below a folder; 1 for a file.
std::int64_t count_files(const std::filesystem::path& path);

}  // namespace spiketape::apps
