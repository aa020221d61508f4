#include "apps/download/disk.hpp"

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include <fmt/format.h>

namespace spiketape::apps {
namespace fs = std::filesystem;

DataError disk_error(const fs::path& path, const std::string& what, int reason) {
  const bool full = reason == ENOSPC || reason == EDQUOT || reason == EFBIG;
  return DataError(fmt::format("{}: cannot {}: {}; {}",
                               path.string(),
                               what,
                               std::generic_category().message(reason),
                               full ? "free some space, or choose another folder by --to; the same "
                                      "command then goes on from here"
                                    : "choose a folder that is yours by --to"));
}

void write_all(const FileDescriptor& file,
               const fs::path& path,
               const char* data,
               std::size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(file.number(), data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw disk_error(path, "be written", errno);
    data += written;
    size -= static_cast<std::size_t>(written);
  }
}

void check_space(const fs::path& folder, std::int64_t bytes) {
  std::error_code unknown;
  const fs::space_info space = fs::space(folder, unknown);
  if (unknown || bytes <= 0 || static_cast<std::uintmax_t>(bytes) <= space.available) return;
  throw DataError(
      fmt::format("{}: expected {} of free space for what is still to come, got {}; free some, or "
                  "choose another folder by --to; the same command then goes on from here",
                  folder.string(),
                  size_in_words(bytes),
                  size_in_words(static_cast<std::int64_t>(space.available))));
}

void publish(const fs::path& made, const fs::path& final_path) {
  if (fs::exists(fs::symlink_status(final_path))) {
    throw DataError(fmt::format("{}: has appeared in the meantime; {} is complete, too: keep one",
                                final_path.string(),
                                made.string()));
  }
  const FileDescriptor opened(::open(made.c_str(), O_RDONLY | O_CLOEXEC));
  if (opened.number() < 0) throw disk_error(made, "be opened", errno);
  // A folder's files are flushed with all else on its file system: one call instead of 60,000.
  const bool folder = fs::is_directory(made);
  if ((folder ? ::syncfs(opened.number()) : ::fsync(opened.number())) != 0)
    throw disk_error(made, "be flushed to the disk", errno);
  if (std::rename(made.c_str(), final_path.c_str()) != 0)
    throw disk_error(made, "be renamed to " + final_path.filename().string(), errno);
  // Makes the rename itself last. Some file systems cannot do this; the file is whole either way.
  const fs::path parent = final_path.parent_path();
  const FileDescriptor above(
      ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (above.number() >= 0) ::fsync(above.number());
}

std::string size_in_words(std::int64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{"bytes", "kB", "MB", "GB", "TB"};
  if (bytes < 1000) return fmt::format("{} bytes", bytes);
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (size >= 999.95 && unit + 1 < kUnits.size()) {
    size /= 1000.0;
    ++unit;
  }
  return fmt::format("{:.1f} {}", size, kUnits[unit]);
}

}  // namespace spiketape::apps
