#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace spiketape {

/// The newest format of event files that the writer writes and the reader knows: the attribute
/// spiketape_format of the root. Files of others, such as SHD, have none.
inline constexpr std::int64_t kEventFileFormat = 1;

/// Reads an event file (see event_file.hpp) as it stands: times are seconds, units are whatever
/// numbers they are. Thread-safe.
class EventFileReader {
 public:
  /// @throws DataError when the file is missing, no HDF5, of another layout or of a newer format,
  /// or holds not as many lists of times, lists of units and labels; names file and item.
  explicit EventFileReader(const std::filesystem::path& file);
  ~EventFileReader();
  EventFileReader(const EventFileReader&) = delete;
  EventFileReader& operator=(const EventFileReader&) = delete;

  const std::string& path() const { return path_; }
  std::int64_t size() const { return static_cast<std::int64_t>(labels_.size()); }
  const std::vector<std::int64_t>& labels() const { return labels_; }
  /// spiketape_format, or 0 when the file is of another program.
  std::int64_t format() const { return format_; }
  /// What a file of format() > 0 was made of, e.g. "N-MNIST".
  const std::string& source() const { return source_; }
  /// "float32", "uint16": the numbers as they are stored.
  const std::string& time_type() const { return time_type_; }
  const std::string& unit_type() const { return unit_type_; }
  /// No more events than this fit into a file of its size.
  std::int64_t most_events() const { return most_events_; }

  using Visit = std::function<void(std::int64_t recording,
                                   std::span<const double> seconds,
                                   std::span<const std::int64_t> units)>;
  /// Calls `visit` for `count` recordings in order. @throws DataError when they cannot be read, or
  /// one has not as many times as units; names file and recording.
  void read(std::int64_t first, std::int64_t count, const Visit& visit) const;

 private:
  struct File;

  void open();

  std::string path_;
  std::unique_ptr<File> file_;
  std::vector<std::int64_t> labels_;
  std::int64_t format_ = 0;
  std::string source_;
  std::string time_type_;
  std::string unit_type_;
  std::int64_t most_events_ = 0;
};

}  // namespace spiketape
