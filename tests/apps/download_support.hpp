#pragma once

#include <string>
#include <utility>
#include <vector>

#include "apps/download/download.hpp"
#include "tests/apps/small_run.hpp"

namespace spiketape::apps {

/// `size` bytes that do not repeat at any short distance, others for another `seed`.
std::string some_bytes(std::size_t size, unsigned seed = 1);

void write_text(const std::string& file, const std::string& text);

std::string md5_of_text(const std::string& text);

/// One entry of a zip file; a name that ends with a slash is a folder.
struct ZipEntry {
  std::string name;
  std::string content{};
  std::string link{};  ///< not empty: a symbolic link to there
};

/// The bytes of a zip file.
std::string zip_of(const std::vector<ZipEntry>& entries);

/// What a download says, line by line.
struct Told {
  std::vector<std::string> lines;

  DownloadHooks hooks() {
    return {.say = [this](const std::string& line) { lines.push_back(line); }};
  }
  /// How many lines hold `text`.
  int count(const std::string& text) const;
};

/// Waits of a millisecond, three attempts.
FetchOptions quick_fetch();

/// The message of the error that `action` throws; empty when it throws none.
template <class Expected, class Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const Expected& error) {
    return error.what();
  }
  return {};
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace spiketape::apps
