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

/// Events, polarities and times of a recording of N-MNIST, and its label when its folder tells it.
/// @throws DataError when it cannot be read, or is cut off.
std::string describe_recording(const std::filesystem::path& path);

/// The recipe of a config.toml, and the settings that are not the recipe's defaults.
/// @throws Error when it is none, or of no recipe.
std::string describe_config(const std::filesystem::path& path);

/// The number of epochs of a metrics.jsonl, the best and the last. @throws DataError naming the
/// line that is no epoch's.
std::string describe_metrics(const std::filesystem::path& path);

/// What a run folder, a file of it, a checkpoint, an event file, another HDF5 file, an IDX file or
/// a recording of N-MNIST holds. The last is known by .bin, files of text by .toml and .jsonl.
/// @throws DataError when it is none of these, or damaged.
std::string describe_path(const std::filesystem::path& path);

}  // namespace spiketape::apps
