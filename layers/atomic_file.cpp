#include "layers/atomic_file.hpp"

#include <fcntl.h>
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

bool write_new(const std::string& path, std::span<const std::byte> bytes) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  return file.number() >= 0 && write_all(file.number(), bytes) && ::fsync(file.number()) == 0 &&
         file.close();
}

/// Makes the rename itself last. Some file systems cannot do this; the file is whole either way.
void flush_folder(const std::filesystem::path& folder) {
  const Descriptor opened(
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.number() >= 0) ::fsync(opened.number());
}

}  // namespace

void replace_file(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  const std::string partial = path.string() + ".partial";
  if (!write_new(partial, bytes) || std::rename(partial.c_str(), path.c_str()) != 0) {
    const int reason = errno;
    std::error_code ignored;
    std::filesystem::remove(partial, ignored);
    throw DataError(fmt::format(
        "{}: cannot write {} bytes: {}; what was there before is unchanged; free some space, or "
        "write to a folder that exists and is yours",
        path.string(),
        bytes.size(),
        std::generic_category().message(reason)));
  }
  flush_folder(path.parent_path());
}

}  // namespace spiketape
