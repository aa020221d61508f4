#pragma once

#include <filesystem>
#include <string>

namespace spiketape::apps {

/// Runs gnuplot on a script that writes a picture to its standard output, and makes `file` of it.
/// The file takes its name when it is whole (see AtomicFile); after a failure an old one is as it
/// was. No shell is involved, and no start-up file of the user.
/// @throws Error when gnuplot is not installed, or fails: with its message; DataError when the file
/// cannot be written.
void draw_with_gnuplot(const std::string& script, const std::filesystem::path& file);

}  // namespace spiketape::apps
