#include "core/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape {
namespace {

/// An open file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }
  /// Closes now; false on failure, which on some file systems is the first to tell that a disk is
  /// full.
  bool close() { return ::close(std::exchange(number_, -1)) == 0; }

 private:
  int number_;
};

/// False with errno set on failure.
bool write_all(int number, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(number, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

int open_for_writing(const std::filesystem::path& path, int flags) {
  return ::open(path.c_str(), O_WRONLY | O_CLOEXEC | flags, 0644);
}

std::string reason_of(int error) { return std::generic_category().message(error); }

/// Makes the rename itself last. Some file systems cannot do this; the file is whole either way.
void flush_folder(const std::filesystem::path& folder) {
  const Descriptor opened(
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.number() >= 0) ::fsync(opened.number());
}

[[noreturn]] void fail_at(const std::filesystem::path& path,
                          std::string_view task,
                          std::string_view reason) {
  throw DataError(fmt::format(
      "{}: cannot {}: {}; what was there before is unchanged; free some space, or write to a "
      "folder that exists and is yours",
      path.string(),
      task,
      reason));
}

/// Whether the file behind `number` still has the name `path`.
bool is_named(int number, const std::filesystem::path& path) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(number, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/// A lock of the whole file that goes with the descriptor; libhdf5's own (flock) is of another
/// kind. False with errno set when another program holds it.
bool lock_whole(int number) {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return ::fcntl(number, F_OFD_SETLK, &whole) == 0;
}

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path path)
    : path_(std::move(path)), partial_(path_.string() + ".partial") {
  do {  // again when its last owner gave it its name between our opening and locking it
    if (lock_ >= 0) ::close(lock_);
    lock_ = open_for_writing(partial_, O_CREAT);
    if (lock_ < 0) fail("write it", reason_of(errno));
    if (!lock_whole(lock_) && (errno == EAGAIN || errno == EACCES)) {
      ::close(lock_);
      throw DataError(fmt::format(
          "{}: another program is writing it; wait until that ends, or write to another file",
          path_.string()));
    }
  } while (!is_named(lock_, partial_));
}

AtomicFile::~AtomicFile() {
  if (!committed_) {
    std::error_code ignored;
    std::filesystem::remove(partial_, ignored);
  }
  ::close(lock_);
}

void AtomicFile::fail(std::string_view task, std::string_view reason) const {
  fail_at(path_, task, reason);
}

void AtomicFile::reserve(std::size_t bytes) {
  Descriptor file(open_for_writing(partial_, O_CREAT));
  if (file.number() < 0) fail(fmt::format("write {} bytes", bytes), reason_of(errno));
  const int error = bytes > 0 ? ::posix_fallocate(file.number(), 0, static_cast<off_t>(bytes)) : 0;
  if (error != 0) fail(fmt::format("write {} bytes", bytes), reason_of(error));
  if (!file.close()) fail(fmt::format("write {} bytes", bytes), reason_of(errno));
}

void AtomicFile::resize(std::size_t bytes) {
  if (::truncate(partial_.c_str(), static_cast<off_t>(bytes)) != 0)
    fail(fmt::format("write {} bytes", bytes), reason_of(errno));
}

void AtomicFile::commit() {
  Descriptor file(open_for_writing(partial_, 0));
  if (file.number() < 0 || ::fsync(file.number()) != 0 || !file.close() ||
      std::rename(partial_.c_str(), path_.c_str()) != 0)
    fail("replace it", reason_of(errno));
  committed_ = true;
  flush_folder(path_.parent_path());
}

void replace_file(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  AtomicFile file(path);
  {
    Descriptor opened(open_for_writing(file.partial(), O_CREAT | O_TRUNC));
    if (opened.number() < 0 || !write_all(opened.number(), bytes) || !opened.close())
      file.fail(fmt::format("write {} bytes", bytes.size()), reason_of(errno));
  }
  file.commit();
}

void append_to_file(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  Descriptor file(open_for_writing(path, O_CREAT | O_APPEND));
  const off_t old_length = file.number() >= 0 ? ::lseek(file.number(), 0, SEEK_END) : -1;
  if (old_length < 0) fail_at(path, fmt::format("add {} bytes", bytes.size()), reason_of(errno));
  if (!write_all(file.number(), bytes) || ::fsync(file.number()) != 0) {
    const std::string reason = reason_of(errno);
    if (::ftruncate(file.number(), old_length) != 0)
      throw DataError(fmt::format(
          "{}: cannot add {} bytes: {}; nor could what was added be taken back: {}; its last line "
          "may be cut off",
          path.string(),
          bytes.size(),
          reason,
          reason_of(errno)));
    fail_at(path, fmt::format("add {} bytes", bytes.size()), reason);
  }
  if (old_length == 0) flush_folder(path.parent_path());
}

}  // namespace spiketape
