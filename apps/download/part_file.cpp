#include "apps/download/part_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <span>

#include <fmt/format.h>

#include "core/atomic_file.hpp"

namespace spiketape::apps {
namespace fs = std::filesystem;

PartFile::PartFile(const fs::path& final_path)
    : final_path_(final_path),
      path_(final_path.string() + ".part"),
      note_(path_.string() + ".origin"),
      file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
  if (file_.number() < 0) throw disk_error(path_, "be written", errno);
  struct stat mine {};
  struct stat named {};
  // The other process may have finished, and renamed the file, between our open and our lock.
  if (::flock(file_.number(), LOCK_EX | LOCK_NB) != 0 || ::fstat(file_.number(), &mine) != 0 ||
      ::stat(path_.c_str(), &named) != 0 || mine.st_ino != named.st_ino) {
    throw DataError(fmt::format(
        "{}: another process is fetching this file; wait until it is done, or end it, then start "
        "again",
        path_.string()));
  }
  size_ = mine.st_size;
}

PartFile::~PartFile() {
  if (finished_ || size_ > 0) return;
  std::error_code absent;
  fs::remove(path_, absent);
  fs::remove(note_, absent);
}

Origin PartFile::origin() const {
  Origin origin;
  std::ifstream stream(note_);
  std::getline(stream, origin.url);
  std::getline(stream, origin.version);
  return origin;
}

void PartFile::restart(const Origin& origin) {
  // The old note goes first: it must never stand beside bytes that it is not about.
  forget_origin();
  if (size_ > 0 && ::ftruncate(file_.number(), 0) != 0)
    throw disk_error(path_, "be emptied", errno);
  size_ = 0;
  const std::string text = origin.url + '\n' + origin.version + '\n';
  replace_file(note_, std::as_bytes(std::span(text)));
}

void PartFile::forget_origin() {
  std::error_code absent;
  fs::remove(note_, absent);
}

void PartFile::append(const char* data, std::size_t size) {
  write_all(file_, path_, data, size);
  size_ += static_cast<std::int64_t>(size);
}

void PartFile::finish() {
  publish(path_, final_path_);
  finished_ = true;
  forget_origin();
}

}  // namespace spiketape::apps
