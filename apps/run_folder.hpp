#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace spiketape::apps {

/// What one epoch of training gave; one line of metrics.jsonl.
struct EpochMetrics {
  std::int64_t epoch = 0;  ///< 1 is the first
  double train_loss = 0.0;
  double train_accuracy = 0.0;         ///< fraction of samples
  double validation_loss = 0.0;        ///< NaN (null in the file) when nothing is held out
  double validation_accuracy = 0.0;    ///< the same
  double seconds = 0.0;                ///< the whole epoch
  double step_seconds = 0.0;           ///< mean of a training step, waiting for its batch included
  std::vector<double> spikes_percent;  ///< of the training pass, one number a hidden layer
  std::vector<double> active_percent;
};

/// The folder that a run writes: config.toml, metrics.jsonl, checkpoint.h5, best.h5.
class RunFolder {
 public:
  /// Only names the folder; nothing is read or made yet.
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}

  /// @throws DataError when the folder holds a run already (config.toml alone is none); says what
  /// to do.
  void require_no_run() const;
  /// @throws DataError when there is no run in it to resume.
  void require_run() const;
  /// Makes the folder and writes config.toml. @throws DataError when it holds a run already or
  /// cannot be written.
  void create(const std::string& config_text) const;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path config() const { return path_ / "config.toml"; }
  std::filesystem::path metrics() const { return path_ / "metrics.jsonl"; }
  std::filesystem::path checkpoint() const { return path_ / "checkpoint.h5"; }
  std::filesystem::path best() const { return path_ / "best.h5"; }

  /// All three reach the disk before they return. @throws DataError when the disk is full; the file
  /// is then as it was.
  void write_config(const std::string& text) const;
  /// Adds a line to metrics.jsonl. To be called before the checkpoint that says the epoch is done.
  void append(const EpochMetrics& metrics) const;
  /// Keeps the first `epochs` lines of metrics.jsonl: what came after the checkpoint will be done
  /// again.
  void keep_epochs(std::int64_t epochs) const;

 private:
  std::filesystem::path path_;
};

/// runs/<recipe>-<n> with the first n that is free.
std::filesystem::path next_run_path(const std::string& recipe);
/// The newest run of that name, or an empty path.
std::filesystem::path last_run_path(const std::string& recipe);

}  // namespace spiketape::apps
