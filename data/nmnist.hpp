#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "data/binning.hpp"
#include "data/event_dataset.hpp"

/// Neuromorphic-MNIST: digits seen by an event camera that moves (Orchard et al. 2015).
namespace spiketape {

/// The camera has 34 x 34 pixels, each with an ON and an OFF event.
inline constexpr std::int64_t kNmnistSide = 34;
inline constexpr std::int64_t kNmnistPixels = kNmnistSide * kNmnistSide;

struct NmnistEvent {
  std::uint8_t x = 0;
  std::uint8_t y = 0;
  bool on = false;  ///< polarity: the pixel became brighter
  std::int64_t microseconds = 0;

  auto operator<=>(const NmnistEvent&) const = default;
};

/// The events of one file, as they stand there. Five bytes an event: x, y, then polarity in the top
/// bit and 23 bits of time in microseconds, most significant first. An event with y = 240 is none,
/// but says that the clock of all events behind it is 8,192 us later.
/// @throws DataError when the file cannot be read or is cut off within an event.
std::vector<NmnistEvent> read_nmnist(const std::filesystem::path& file);

struct NmnistOptions {
  BinningOptions binning = {};  ///< 300 steps of 1 ms: the three movements of the camera
  bool split_polarity = false;  ///< ON and OFF events are units of their own: 2 x 34 x 34
};

/// A half of the data set and what became of its events.
struct NmnistData {
  EventDataset recordings;
  BinningReport report;
};

/// Reads "FOLDER/0/*.bin" to "FOLDER/9/*.bin" (FOLDER is Train or Test) in the official order,
/// which is that of the file names. unit = x + 34 y, and + 1156 for ON events when polarities are
/// split.
/// @throws DataError when FOLDER is not there, holds no recording, or a file is broken; names it.
NmnistData load_nmnist(const std::filesystem::path& folder, const NmnistOptions& options = {});

}  // namespace spiketape
