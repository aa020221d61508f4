#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "data/binning.hpp"
#include "data/event_file.hpp"
#include "data/recordings.hpp"

/// Neuromorphic-MNIST: digits seen by an event camera that moves (Orchard et al. 2015).
namespace spiketape {

/// The camera has 34 x 34 pixels, each with an ON and an OFF event.
inline constexpr std::int64_t kNmnistSide = 34;
inline constexpr std::int64_t kNmnistPixels = kNmnistSide * kNmnistSide;
inline constexpr std::int64_t kNmnistDigits = 10;

struct NmnistEvent {
  std::uint8_t x = 0;
  std::uint8_t y = 0;
  bool on = false;  ///< polarity: the pixel became brighter
  std::int64_t microseconds = 0;

  /// x + 34 y, and + 1156 for ON events when polarities are split; -1 outside the camera.
  std::int64_t unit(bool split_polarity) const;

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
  bool strict = false;          ///< event files only: times not finite or below 0 are an error
};

/// The recordings of one half of the data set: "FOLDER/0/*.bin" to "FOLDER/9/*.bin", where FOLDER
/// is Train or Test, in the official order, which is that of the file names. unit = x + 34 y, and
/// + 1156 for ON events when polarities are split.
class NmnistFolder final : public Recordings {
 public:
  /// Lists the files without reading them. @throws DataError when FOLDER is not there or holds no
  /// recording; ShapeError when an option is out of range.
  explicit NmnistFolder(const std::filesystem::path& folder, const NmnistOptions& options = {});

  std::int64_t size() const override { return static_cast<std::int64_t>(recordings_.size()); }
  std::int64_t steps() const override { return options_.binning.steps; }
  std::int64_t neurons() const override;
  std::int64_t classes() const override { return kNmnistDigits; }
  std::int32_t label(std::int64_t recording) const override;
  std::int64_t most_events() const override { return most_events_; }
  void read(std::int64_t first,
            std::span<std::vector<StepEvent>> events,
            BinningReport& report) const override;

  const std::filesystem::path& file(std::int64_t recording) const;

 private:
  struct Recording {
    std::filesystem::path file;
    std::int32_t digit = 0;
  };

  std::vector<StepEvent> bin(const std::filesystem::path& file, BinningReport& report) const;

  NmnistOptions options_;
  std::vector<Recording> recordings_;
  std::int64_t most_events_ = 0;
};

/// Holds one half. @throws DataError as NmnistFolder does, and when a file is broken; names it.
HeldRecordings load_nmnist(const std::filesystem::path& folder, const NmnistOptions& options = {});

/// How to read a file that `spiketape convert nmnist` or the paper's converter wrote, so that it
/// gives the same events as the folder: units are x + 34 y + 1156 p.
EventFileOptions nmnist_event_file(const NmnistOptions& options = {});

/// One half of the data set in `folder`, for `part` "train": the recordings of FOLDER/Train where
/// it holds any, else those of FOLDER/nmnist_train.h5 or FOLDER/train_nmnist.h5. @throws DataError
/// when none is there; and as NmnistFolder and EventFileRecordings do.
std::unique_ptr<const Recordings> open_nmnist(const std::filesystem::path& folder,
                                              std::string_view part,
                                              const NmnistOptions& options = {});

}  // namespace spiketape
