#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/train.hpp"
#include "tests/temporary_folder.hpp"

namespace spiketape::apps {

/// Its paths are texts, as options take them.
class TemporaryFolder : public testing::TemporaryFolder {
 public:
  std::string operator/(const std::string& name) const { return (path() / name).string(); }
};

/// A randman run of 3 batches an epoch that takes milliseconds; `more` is set after that.
inline TrainArguments small_run(const std::string& out,
                                std::vector<std::pair<std::string, std::string>> more = {}) {
  TrainArguments arguments;
  arguments.recipe = "randman";
  arguments.out = out;
  arguments.settings = {{"classes", "3"},
                        {"units", "20"},
                        {"steps", "20"},
                        {"train_samples", "60"},
                        {"test_samples", "30"},
                        {"hidden", "12,9"},
                        {"batch", "16"},
                        {"epochs", "2"},
                        {"lr", "1e-2"},
                        {"validation", "0.2"},
                        {"calibrate", "3"}};
  arguments.settings.insert(arguments.settings.end(), more.begin(), more.end());
  return arguments;
}

/// Trains until `batches` have been seen, or to the end.
inline TrainResult train(const TrainArguments& arguments, int batches = -1) {
  TrainHooks hooks;
  if (batches > 0) hooks.stop = [batches]() mutable { return --batches == 0; };
  return run_train(prepare_train(arguments), hooks);
}

inline std::string read_text(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// The lines of metrics.jsonl, without what a clock has measured.
inline std::vector<nlohmann::json> metrics_without_times(const std::string& run) {
  std::ifstream stream(run + "/metrics.jsonl");
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(stream, line);) {
    lines.push_back(nlohmann::json::parse(line));
    lines.back().erase("seconds");
    lines.back().erase("step_seconds");
  }
  return lines;
}

}  // namespace spiketape::apps
