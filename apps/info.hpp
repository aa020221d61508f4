#pragma once

#include <filesystem>
#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 chose it
class App;
}

namespace spiketape::apps {

/// Registers `spiketape info`.
void add_info(CLI::App& app);

/// Versions, devices, vector instructions and threads, a line each.
std::string describe_installation();

/// "AMD EPYC 9354, 2 threads, AVX3_ZEN4": the machine on one line.
std::string machine_in_words();

/// Recordings, events, classes, ranges and number types of an event file; reads all of it.
/// @throws DataError when it is none, or damaged.
std::string describe_event_file(const std::filesystem::path& path);

/// What a run folder, a checkpoint, an event file, another HDF5 file or an IDX file holds.
/// @throws DataError when it is none of these, or damaged.
std::string describe_path(const std::filesystem::path& path);

}  // namespace spiketape::apps
