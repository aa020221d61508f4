#include <cmath>
#include <cstdint>
#include <fstream>
#include <limits>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "apps/config.hpp"
#include "apps/info.hpp"
#include "apps/recipes/registry.hpp"
#include "apps/run_folder.hpp"
#include "apps/train_state.hpp"
#include "core/error.hpp"

namespace spiketape::apps {
namespace fs = std::filesystem;
namespace {

/// The recipe with the defaults of the variant that the file is of.
std::unique_ptr<Recipe> recipe_of(const Config& config) {
  std::unique_ptr<Recipe> recipe = make_recipe(config.recipe);
  for (const Config::Entry& entry : config.entries)
    if (entry.name == "variant") recipe->choose_variant(entry.text);
  return recipe;
}

/// A line of metrics.jsonl. @throws nlohmann::json::exception when it is none.
EpochMetrics parse_metrics(const std::string& line) {
  const nlohmann::json values = nlohmann::json::parse(line);
  const auto number = [&](const char* key) {  // null: without validation
    const nlohmann::json& value = values.at(key);
    return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
  };
  EpochMetrics metrics;
  metrics.epoch = values.at("epoch").get<std::int64_t>();
  metrics.train_loss = number("train_loss");
  metrics.train_accuracy = number("train_accuracy");
  metrics.validation_loss = number("validation_loss");
  metrics.validation_accuracy = number("validation_accuracy");
  metrics.seconds = number("seconds");
  return metrics;
}

std::string in_words(const EpochMetrics& metrics) {
  std::string text = fmt::format("epoch {}: training accuracy {:.2f} %, loss {:.4g}",
                                 metrics.epoch,
                                 100.0 * metrics.train_accuracy,
                                 metrics.train_loss);
  if (!std::isnan(metrics.validation_accuracy))
    text += fmt::format("; validation accuracy {:.2f} %, loss {:.4g}",
                        100.0 * metrics.validation_accuracy,
                        metrics.validation_loss);
  return text;
}

}  // namespace

std::string describe_config(const fs::path& path) {
  const Config config = read_config(path.string());
  const std::unique_ptr<Recipe> defaults = recipe_of(config);
  const std::unique_ptr<Recipe> recipe = recipe_of(config);
  Settings settings = recipe->settings();
  Settings of_defaults = defaults->settings();
  apply_config(config, settings);
  std::string text = fmt::format(
      "{}: settings of recipe {}, variant {}\n", path.string(), config.recipe, recipe->variant);
  for (const Setting& setting : settings) {
    const std::string value = to_toml(setting);
    const std::string usual = to_toml(*find_setting(of_defaults, setting.name));
    if (value != usual)
      text += fmt::format("  {:<20} {} (default {})\n", setting.name, value, usual);
  }
  return text;
}

std::string describe_metrics(const fs::path& path) {
  std::ifstream stream(path);
  TrainState state;
  EpochMetrics last;
  EpochMetrics best;
  std::int64_t epochs = 0;
  double seconds = 0.0;
  for (std::string line; std::getline(stream, line);) {
    ++epochs;
    try {
      last = parse_metrics(line);
    } catch (const nlohmann::json::exception& error) {
      throw DataError(
          fmt::format("{}, line {}: expected the figures of an epoch, as spiketape train writes "
                      "them ({})",
                      path.string(),
                      epochs,
                      error.what()));
    }
    if (state.take_best(last)) best = last;
    seconds += last.seconds;
  }
  std::string text =
      fmt::format("{}: a run of {} epochs, {:.1f} s\n", path.string(), epochs, seconds);
  if (epochs > 0) text += fmt::format("  best  {}\n  last  {}\n", in_words(best), in_words(last));
  return text;
}

}  // namespace spiketape::apps
