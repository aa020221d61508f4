#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include <unistd.h>

#include "core/error.hpp"

/// What fetching and unpacking need of the file system: files that appear whole or not at all, and
/// errors that say what to do.
namespace spiketape::apps {

/// An open file descriptor, or -1.
class FileDescriptor {
 public:
  explicit FileDescriptor(int number = -1) : number_(number) {}
  ~FileDescriptor() {
    if (number_ >= 0) ::close(number_);
  }
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  int number() const { return number_; }

 private:
  int number_;
};

/// The error of a system call that has just failed with `reason` (an errno): names the path, and
/// what to do when the disk is full.
DataError disk_error(const std::filesystem::path& path, const std::string& what, int reason);

/// Writes all of it. @throws DataError naming `path`.
void write_all(const FileDescriptor& file,
               const std::filesystem::path& path,
               const char* data,
               std::size_t size);

/// @throws DataError when fewer than `bytes` are free where `folder` is.
void check_space(const std::filesystem::path& folder, std::int64_t bytes);

/// Gives a finished file or folder its final name, once every byte below it is on the disk.
/// @throws DataError when that fails, or when something of that name is there already.
void publish(const std::filesystem::path& made, const std::filesystem::path& final_path);

/// 5148 -> "5.1 kB", 26421880 -> "26.4 MB": powers of 1000, as hosts count.
std::string size_in_words(std::int64_t bytes);

}  // namespace spiketape::apps
