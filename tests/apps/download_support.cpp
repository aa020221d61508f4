#include "tests/apps/download_support.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <random>
#include <stdexcept>

#include "apps/download/md5.hpp"

namespace spiketape::apps {
namespace {

void add_entry(archive* zip, const ZipEntry& from) {
  const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                       archive_entry_free);
  const bool folder = from.name.ends_with('/');
  archive_entry_set_pathname(entry.get(), from.name.c_str());
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(from.content.size()));
  archive_entry_set_perm(entry.get(), folder ? 0755 : 0644);
  archive_entry_set_filetype(entry.get(), folder ? AE_IFDIR : AE_IFREG);
  if (!from.link.empty()) {
    archive_entry_set_filetype(entry.get(), AE_IFLNK);
    archive_entry_set_symlink(entry.get(), from.link.c_str());
  }
  if (archive_write_header(zip, entry.get()) != ARCHIVE_OK)
    throw std::runtime_error(archive_error_string(zip));
  archive_write_data(zip, from.content.data(), from.content.size());
}

}  // namespace

std::string some_bytes(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random() & 0xff);
  return bytes;
}

void write_text(const std::string& file, const std::string& text) {
  std::ofstream stream(file, std::ios::binary);
  stream << text;
  stream.close();
  if (!stream) throw std::runtime_error("cannot write " + file);
}

std::string md5_of_text(const std::string& text) {
  const TemporaryFolder folder;
  write_text(folder / "text", text);
  return md5_of_file(folder / "text");
}

std::string zip_of(const std::vector<ZipEntry>& entries) {
  const TemporaryFolder folder;
  {
    const std::unique_ptr<archive, int (*)(archive*)> zip(archive_write_new(), archive_write_free);
    archive_write_set_format_zip(zip.get());
    if (archive_write_open_filename(zip.get(), (folder / "zip").c_str()) != ARCHIVE_OK)
      throw std::runtime_error(archive_error_string(zip.get()));
    for (const ZipEntry& entry : entries) add_entry(zip.get(), entry);
    archive_write_close(zip.get());
  }
  return read_text(folder / "zip");
}

int Told::count(const std::string& text) const {
  return static_cast<int>(std::count_if(
      lines.begin(), lines.end(), [&](const std::string& line) { return contains(line, text); }));
}

FetchOptions quick_fetch() {
  return {.limits = {.connect = std::chrono::seconds(5), .stall = std::chrono::seconds(1)},
          .attempts = 3,
          .first_wait = std::chrono::milliseconds(1)};
}

}  // namespace spiketape::apps
