#include "apps/run_folder.hpp"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <span>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/atomic_file.hpp"
#include "core/error.hpp"

namespace spiketape::apps {
namespace fs = std::filesystem;
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

/// The highest n of the folders runs/<recipe>-<n>; 0 when there are none.
std::int64_t last_number(const std::string& recipe) {
  std::int64_t last = 0;
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator("runs", none)) {
    const std::string name = entry.path().filename().string();
    const std::string start = recipe + "-";
    const std::string digits = name.substr(std::min(start.size(), name.size()));
    const bool counts = name.starts_with(start) && !digits.empty() && digits.size() < 10 &&
                        digits.find_first_not_of("0123456789") == std::string::npos;
    if (counts) last = std::max<std::int64_t>(last, std::stoll(digits));
  }
  return last;
}

fs::path numbered(const std::string& recipe, std::int64_t number) {
  return fs::path("runs") / fmt::format("{}-{}", recipe, number);
}

}  // namespace

void RunFolder::require_no_run() const {
  for (const fs::path& file : {checkpoint(), metrics()}) {
    if (!fs::exists(file)) continue;
    throw DataError(fmt::format(
        "{}: holds a run already ({}); continue it with --resume, or choose another --out",
        path_.string(),
        file.filename().string()));
  }
}

void RunFolder::require_run() const {
  for (const fs::path& file : {config(), checkpoint()}) {
    if (fs::exists(file)) continue;
    throw DataError(fmt::format(
        "{}: no run to resume: {} is missing; name its folder with --out, or drop --resume to "
        "start one",
        path_.string(),
        file.filename().string()));
  }
}

void RunFolder::create(const std::string& config_text) const {
  require_no_run();
  std::error_code failed;
  fs::create_directories(path_, failed);
  if (failed) {
    throw DataError(fmt::format("{}: the run folder cannot be made ({}); choose another --out",
                                path_.string(),
                                failed.message()));
  }
  write_config(config_text);
}

void RunFolder::write_config(const std::string& text) const {
  replace_file(config(), bytes_of(text));
}

void RunFolder::append(const EpochMetrics& metrics) const {
  nlohmann::ordered_json line;
  line["epoch"] = metrics.epoch;
  line["train_loss"] = metrics.train_loss;
  line["train_accuracy"] = metrics.train_accuracy;
  line["validation_loss"] = metrics.validation_loss;
  line["validation_accuracy"] = metrics.validation_accuracy;
  line["seconds"] = metrics.seconds;
  line["step_seconds"] = metrics.step_seconds;
  line["spikes_percent"] = metrics.spikes_percent;
  line["active_percent"] = metrics.active_percent;
  append_to_file(this->metrics(), bytes_of(line.dump() + '\n'));
}

void RunFolder::keep_epochs(std::int64_t epochs) const {
  std::ifstream stream(metrics(), std::ios::binary);
  std::string text;
  std::string line;
  for (std::int64_t kept = 0; kept < epochs && std::getline(stream, line); ++kept) {
    text += line + '\n';
  }
  stream.close();
  replace_file(metrics(), bytes_of(text));
}

fs::path next_run_path(const std::string& recipe) {
  return numbered(recipe, last_number(recipe) + 1);
}

fs::path last_run_path(const std::string& recipe) {
  const std::int64_t last = last_number(recipe);
  return last == 0 ? fs::path() : numbered(recipe, last);
}

}  // namespace spiketape::apps
