#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace spiketape {

/// Writes an event file in the layout of SHD (see event_file.hpp), a few recordings at a time:
///
///     /              attributes spiketape_format = 1, source = what it was made of
///     spikes/times   [recording] variable-length float32, seconds
///     spikes/units   [recording] variable-length int32
///     labels         [recording] int32
///
/// The file takes its name in finish(), when it is whole and on the disk (see AtomicFile). The same
/// recordings give the same bytes.
class EventFileWriter {
 public:
  /// Begins a file of `recordings` recordings. Space on the disk is set aside at once for
  /// `most_events` events. @throws DataError when there is too little or the file cannot be made.
  EventFileWriter(const std::filesystem::path& file,
                  const std::string& source,
                  std::int64_t recordings,
                  std::int64_t most_events);
  /// Removes what is unfinished.
  ~EventFileWriter();
  EventFileWriter(const EventFileWriter&) = delete;
  EventFileWriter& operator=(const EventFileWriter&) = delete;

  /// Adds the next recording. @throws DataError when it cannot be written, has not as many times as
  /// units, or is one too many.
  void append(std::span<const float> seconds,
              std::span<const std::int32_t> units,
              std::int32_t label);
  /// @throws DataError when a recording is missing or the file cannot be completed.
  void finish();

 private:
  struct File;

  template <typename Task>
  void with_file(Task&& task);

  std::unique_ptr<File> file_;
};

}  // namespace spiketape
