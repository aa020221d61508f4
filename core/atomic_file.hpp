#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace spiketape {

/// A file that takes its name only when it is whole:
///
///     AtomicFile file("out.h5");
///     ... write file.partial() and close it ...
///     file.commit();
///
/// Until commit() an old file of that name stays as it is. A program that is killed leaves
/// PATH.partial at most, and the next attempt writes over it. Two programs never write one file:
/// the second is refused.
class AtomicFile {
 public:
  /// Makes the partial file, or takes over one that nobody writes. @throws DataError when another
  /// program is writing it, or as reserve().
  explicit AtomicFile(std::filesystem::path path);
  /// Removes the partial file unless it was committed.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// PATH.partial, in the same folder.
  const std::filesystem::path& partial() const { return partial_; }

  /// Makes the partial file at least `bytes` bytes long and sets the disk's space aside for them,
  /// so that a disk which is too full is found out now. Cut the file to its true length in the end.
  /// @throws DataError naming the file and the system's reason.
  void reserve(std::size_t bytes);
  /// Cuts the partial file, or pads it with zeros. @throws DataError as reserve().
  void resize(std::size_t bytes);
  /// Flushes the partial file to the disk, gives it its name, and flushes the folder.
  /// @throws DataError as reserve().
  void commit();

  /// Throws the DataError of a `task` ("write 12 bytes") that failed for `reason`.
  [[noreturn]] void fail(std::string_view task, std::string_view reason) const;

 private:
  std::filesystem::path path_;
  std::filesystem::path partial_;
  int lock_ = -1;  ///< a descriptor of the partial file, locked
  bool committed_ = false;
};

/// Replaces a file as a whole or not at all: the bytes are written beside it as PATH.partial,
/// flushed to the disk, and renamed. After any failure an old file is still there, whole, and the
/// partial one is removed.
/// @throws DataError naming the file and the system's reason (no space left, no such folder, ...).
void replace_file(const std::filesystem::path& path, std::span<const std::byte> bytes);

/// Adds bytes to the end of a file, which is made when there is none; they are on the disk when it
/// returns. After a failure the file has its old length.
/// @throws DataError as replace_file().
void append_to_file(const std::filesystem::path& path, std::span<const std::byte> bytes);

}  // namespace spiketape
