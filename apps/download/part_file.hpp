#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "apps/download/disk.hpp"

namespace spiketape::apps {

/// Where the bytes of a broken download came from. With `version` a host can be asked for the rest
/// of exactly that file.
struct Origin {
  std::string url;
  std::string version;  ///< its ETag, else its Last-Modified; empty = the host told neither
};

/// A file while it is being fetched: NAME.part holds what has come so far, NAME.part.origin says
/// from where. Locked, so that no second process writes to it.
class PartFile {
 public:
  /// Opens what is there of `final_path`, or an empty file.
  /// @throws DataError when it cannot be written, or another process is fetching it.
  explicit PartFile(const std::filesystem::path& final_path);
  /// Leaves what has come; nothing where nothing has.
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::int64_t size() const { return size_; }

  /// As noted by restart(); empty when nothing is noted.
  Origin origin() const;
  /// Drops what is there; the bytes to come are of `origin`. @throws DataError
  void restart(const Origin& origin);
  /// From now on the bytes are not all of one origin.
  void forget_origin();
  /// @throws DataError, e.g. when the disk is full.
  void append(const char* data, std::size_t size);
  /// Gives the file its final name. @throws DataError
  void finish();

 private:
  std::filesystem::path final_path_;
  std::filesystem::path path_;
  std::filesystem::path note_;
  FileDescriptor file_;
  std::int64_t size_ = 0;
  bool finished_ = false;
};

}  // namespace spiketape::apps
