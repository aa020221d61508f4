#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "data/binning.hpp"
#include "data/event_dataset.hpp"

/// Recordings in the HDF5 layout of the Spiking Heidelberg Digits (Cramer et al. 2020), which SSC
/// and the paper's converter of N-MNIST share:
///
///     spikes/times   [recording] variable-length: seconds
///     spikes/units   [recording] variable-length: unit numbers
///     labels         [recording]
///
/// with numbers of any width and type (float16 too), chunked and compressed or not.
namespace spiketape {

struct EventFileOptions {
  BinningOptions binning = {.dt = 2e-3, .steps = 500};
  std::int64_t units = 700;   ///< of the sensor: 0 .. units - 1
  std::int64_t coarsen = 1;   ///< neighbouring units that become one channel: unit / coarsen
  std::int64_t classes = 20;  ///< labels are 0 .. classes - 1
  bool strict = false;        ///< times that are not finite are an error instead of dropped
};

/// The recordings and what became of their events.
struct EventFileData {
  EventDataset recordings;
  BinningReport report;
};

/// Reads a file a few recordings at a time.
/// @throws DataError when it is missing, no HDF5, of another layout, or inconsistent; names file,
/// item and recording. @throws ShapeError when an option is out of range.
EventFileData load_event_file(const std::filesystem::path& file,
                              const EventFileOptions& options = {});

/// "shd_train.h5" or "train_shd.h5" in `folder`, whichever is there, for `set` "shd" and `part`
/// "train". @throws DataError when neither is: says what was looked for.
std::filesystem::path find_event_file(const std::filesystem::path& folder,
                                      std::string_view set,
                                      std::string_view part);

}  // namespace spiketape
