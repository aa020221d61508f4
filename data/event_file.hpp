#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "data/binning.hpp"
#include "data/event_file_reader.hpp"
#include "data/recordings.hpp"

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
  std::int64_t fold = 0;      ///< units this far apart become one channel: unit % fold; 0: none do
  std::int64_t coarsen = 1;   ///< then neighbours become one channel: unit / coarsen
  std::int64_t classes = 20;  ///< labels are 0 .. classes - 1
  bool strict = false;        ///< times not finite or below 0 are an error instead of dropped
  bool microsecond_clock = false;  ///< times are counts of 1 us: what rounding to float32 has
                                   ///< moved is undone (exact up to 16 s)
};

/// The recordings of one file, which stays open.
class EventFileRecordings final : public Recordings {
 public:
  /// @throws DataError when the file cannot be read as recordings (see EventFileReader) or has a
  /// label of no class; names file, item and recording. @throws ShapeError when an option is out of
  /// range.
  explicit EventFileRecordings(const std::filesystem::path& file,
                               const EventFileOptions& options = {});

  std::int64_t size() const override { return reader_.size(); }
  std::int64_t steps() const override { return options_.binning.steps; }
  std::int64_t neurons() const override { return channels_; }
  std::int64_t classes() const override { return options_.classes; }
  std::int32_t label(std::int64_t recording) const override;
  std::int64_t most_events() const override { return reader_.most_events(); }
  void read(std::int64_t first,
            std::span<std::vector<StepEvent>> events,
            BinningReport& report) const override;

 private:
  std::int64_t channel(std::int64_t unit) const;

  EventFileOptions options_;
  std::int64_t channels_;
  EventFileReader reader_;
};

/// Holds all recordings of a file. Throws as EventFileRecordings does.
HeldRecordings load_event_file(const std::filesystem::path& file,
                               const EventFileOptions& options = {});

/// "shd_train.h5" or "train_shd.h5" in `folder`, whichever is there, for `set` "shd" and `part`
/// "train". @throws DataError when neither is: says what was looked for.
std::filesystem::path find_event_file(const std::filesystem::path& folder,
                                      std::string_view set,
                                      std::string_view part);

}  // namespace spiketape
