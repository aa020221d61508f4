#include "apps/eval.hpp"

#include <cstdint>
#include <fstream>
#include <memory>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "apps/config.hpp"
#include "apps/recipes/registry.hpp"
#include "apps/run_folder.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"
#include "data/split.hpp"
#include "layers/checkpoint.hpp"

namespace spiketape::apps {
namespace fs = std::filesystem;
namespace {

fs::path checkpoint_of(const fs::path& run) {
  if (!fs::is_directory(run)) return run;
  const RunFolder folder(run);
  if (fs::exists(folder.best())) return folder.best();
  throw DataError(fmt::format(
      "{}: best.h5 is missing; expected a run folder in which an epoch has ended, or a .h5 file",
      run.string()));
}

/// The recipe that the checkpoint was trained with: its settings are saved inside it.
std::unique_ptr<Recipe> recipe_of(const Checkpoint& checkpoint,
                                  const std::string& file,
                                  const std::string& data) {
  const auto found = checkpoint.attributes.find("config");
  const std::string* text =
      found == checkpoint.attributes.end() ? nullptr : std::get_if<std::string>(&found->second);
  if (text == nullptr) {
    throw DataError(fmt::format(
        "{}: holds no settings; expected a checkpoint that spiketape train has written", file));
  }
  const Config config = parse_config(*text, file);
  std::unique_ptr<Recipe> recipe = make_recipe(config.recipe);
  Settings settings = recipe->settings();
  apply_config(config, settings);
  if (!data.empty()) {
    Setting* folder = find_setting(settings, "data");
    if (folder == nullptr) {
      throw Error(fmt::format("--data: recipe {} makes its own data; drop it", config.recipe));
    }
    set_from_text(*folder, data);
  }
  recipe->resolve();
  return recipe;
}

void write_json(const Evaluation& evaluation, const std::string& file) {
  if (file == "-") {
    fmt::print("{}\n", to_json(evaluation));
    return;
  }
  std::ofstream stream(file);
  stream << to_json(evaluation) << '\n';
  stream.close();
  if (!stream) throw DataError(fmt::format("{}: cannot be written; choose another --json", file));
}

struct EvalArguments {
  std::string run;
  std::string data;
  std::string json;
  std::int64_t threads = 0;
};

}  // namespace

Evaluation evaluate_run(const fs::path& run, const std::string& data, std::int64_t threads) {
  const fs::path file = checkpoint_of(run);
  const Checkpoint checkpoint = load_checkpoint(file);
  const std::unique_ptr<Recipe> recipe = recipe_of(checkpoint, file.string(), data);
  if (threads > 0) set_thread_count(static_cast<int>(threads));
  const DataSets sets = recipe->load();
  const std::unique_ptr<SpikingNet> net = recipe->build(*sets.train);
  restore(checkpoint, *net);
  return evaluate(*net,
                  *sets.test,
                  all_samples(sets.test->size()),
                  recipe->train.batch,
                  Activity::with_active_set);
}

void add_eval(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("eval", "Accuracy, confusion and activity on the whole test set");
  const auto arguments = std::make_shared<EvalArguments>();
  command->add_option("run", arguments->run, "run folder (its best.h5 is taken) or checkpoint file")
      ->required();
  command->add_option("--data", arguments->data, "data folder, when it has moved");
  command->add_option("--json", arguments->json, "write the figures as JSON; - = to the terminal");
  command->add_option("--threads", arguments->threads, "threads; 0 = one a core")
      ->check(CLI::Range(0, 4096));
  command->callback([arguments] {
    const Evaluation result = evaluate_run(arguments->run, arguments->data, arguments->threads);
    if (arguments->json != "-") fmt::print("{}", in_words(result));
    if (!arguments->json.empty()) write_json(result, arguments->json);
  });
}

}  // namespace spiketape::apps
