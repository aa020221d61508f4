#include "apps/download/unpack.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace spiketape::apps {
namespace fs = std::filesystem;
namespace {

using Archive = std::unique_ptr<archive, int (*)(archive*)>;

/// A folder for what is not complete yet; goes with the object.
class Workshop {
 public:
  explicit Workshop(fs::path path) : path_(std::move(path)) {
    remove();  // of a run that was killed
    std::error_code error;
    fs::create_directory(path_, error);
    if (error) throw disk_error(path_, "be made", error.value());
  }
  ~Workshop() { remove(); }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;

  const fs::path& path() const { return path_; }

 private:
  void remove() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

  fs::path path_;
};

/// What people's computers add to archives.
bool is_clutter(const fs::path& part) {
  return part == "__MACOSX" || part == ".DS_Store" || part == "Thumbs.db";
}

/// Reads the entries of an archive one by one.
class Reader {
 public:
  explicit Reader(const fs::path& file)
      : file_(file.string()), handle_(archive_read_new(), archive_read_free) {
    archive_read_support_format_zip(handle_.get());
    check(archive_read_open_filename(handle_.get(), file_.c_str(), 1 << 20));
  }

  /// False at the end.
  bool next() {
    const int status = archive_read_next_header(handle_.get(), &entry_);
    if (status == ARCHIVE_EOF) return false;
    check(status);
    const char* name = archive_entry_pathname_utf8(entry_);
    if (name == nullptr) name = archive_entry_pathname(entry_);
    if (name == nullptr) fail("an entry has no name that can be read");
    name_ = name;
    return true;
  }

  const std::string& name() const { return name_; }
  bool is_folder() const { return archive_entry_filetype(entry_) == AE_IFDIR; }
  bool is_file() const {
    return archive_entry_filetype(entry_) == AE_IFREG && archive_entry_hardlink(entry_) == nullptr;
  }
  /// Bytes of the archive that have been read.
  std::int64_t position() const { return archive_filter_bytes(handle_.get(), -1); }

  /// The next bytes of the entry, at most `size`; 0 at its end.
  std::size_t read(char* data, std::size_t size) {
    const la_ssize_t count = archive_read_data(handle_.get(), data, size);
    if (count < 0) check(static_cast<int>(count));
    return static_cast<std::size_t>(count);
  }

  [[noreturn]] void fail(const std::string& reason) const {
    throw DataError(fmt::format(
        "{}: cannot be unpacked: {}; nothing of it is kept. Remove the archive to fetch it anew",
        file_,
        reason));
  }

 private:
  void check(int status) const {
    if (status == ARCHIVE_OK || status == ARCHIVE_WARN) return;
    const char* reason = archive_error_string(handle_.get());
    fail(reason != nullptr ? reason : "it is no zip file");
  }

  std::string file_;
  Archive handle_;
  archive_entry* entry_ = nullptr;
  std::string name_;
};

/// The entry's place below the workshop.
fs::path safe_path(const Reader& reader) {
  const fs::path path(reader.name());
  const bool leaves =
      path.is_absolute() ||
      std::any_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
  if (leaves || reader.name().find('\\') != std::string::npos) {
    reader.fail(fmt::format("entry '{}' would leave the folder; expected paths below it, with '/'",
                            reader.name()));
  }
  return path.lexically_normal();
}

void write_entry(Reader& reader, const fs::path& file, std::vector<char>& block, const auto& look) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error) throw disk_error(file.parent_path(), "be made", error.value());
  const FileDescriptor out(
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (out.number() < 0) {
    if (errno == EEXIST) reader.fail(fmt::format("entry '{}' is there twice", reader.name()));
    throw disk_error(file, "be written", errno);
  }
  while (const std::size_t count = reader.read(block.data(), block.size())) {
    write_all(out, file, block.data(), count);
    look();
  }
}

void unpack_all(const fs::path& archive, const fs::path& folder, const DownloadHooks& hooks) {
  Reader reader(archive);
  std::vector<char> block(1 << 18);
  const auto total = static_cast<std::int64_t>(fs::file_size(archive));
  const auto look = [&] {
    if (hooks.progress)
      hooks.progress("unpacking " + archive.filename().string(), reader.position(), total);
    if (hooks.stop_asked()) {
      throw DownloadStopped(
          fmt::format("stopped; {} is not unpacked, the same command does it", archive.string()));
    }
  };
  while (reader.next()) {
    look();
    const fs::path path = safe_path(reader);
    if (reader.is_folder() || std::any_of(path.begin(), path.end(), is_clutter)) continue;
    if (!reader.is_file()) {
      reader.fail(fmt::format("entry '{}' is a link or a device; expected files and folders",
                              reader.name()));
    }
    write_entry(reader, folder / path, block, look);
  }
}

/// What is called `name` below `folder`, nearest to the top; an empty path when nothing is.
fs::path find_named(const fs::path& folder, const fs::path& name, bool is_folder) {
  fs::path best;
  std::ptrdiff_t best_depth = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().filename() != name || entry.is_directory() != is_folder) continue;
    const std::ptrdiff_t depth = std::distance(entry.path().begin(), entry.path().end());
    if (best.empty() || depth < best_depth) {
      best = entry.path();
      best_depth = depth;
    }
  }
  return best;
}

/// The path, or, as long as it is a folder with a single thing in it, that thing.
fs::path descend(fs::path path, bool to_file) {
  while (fs::is_directory(path)) {
    auto entry = fs::directory_iterator(path);
    if (entry == fs::directory_iterator()) return {};
    const fs::path only = entry->path();
    if (++entry != fs::directory_iterator()) return to_file ? fs::path() : path;
    if (!to_file && !fs::is_directory(only)) return path;
    path = only;
  }
  return path;
}

}  // namespace

std::int64_t unpack(const fs::path& archive,
                    const fs::path& target,
                    bool is_folder,
                    const DownloadHooks& hooks) {
  const Workshop workshop(target.string() + ".unpacking");
  unpack_all(archive, workshop.path(), hooks);
  fs::path made = find_named(workshop.path(), target.filename(), is_folder);
  if (made.empty()) made = descend(workshop.path(), !is_folder);
  if (made.empty()) {
    throw DataError(fmt::format(
        "{}: expected the {} {} in it, got {} other files; nothing of it is kept. Is it the right "
        "archive? Remove it to fetch it anew",
        archive.string(),
        is_folder ? "folder" : "file",
        target.filename().string(),
        count_files(workshop.path())));
  }
  const std::int64_t files = count_files(made);
  publish(made, target);
  return files;
}

std::int64_t count_files(const fs::path& path) {
  if (!fs::is_directory(path)) return 1;
  std::int64_t files = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path)) {
    if (!entry.is_directory()) ++files;
  }
  return files;
}

}  // namespace spiketape::apps
