#include "apps/eval.hpp"

#include <cstdint>
#include <fstream>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "core/error.hpp"
#include "core/parallel.hpp"
#include "data/split.hpp"

namespace spiketape::apps {
namespace fs = std::filesystem;
namespace {

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
  RunPlace place;
  std::string json;
  std::int64_t threads = 0;
};

}  // namespace

Evaluation evaluate_run(const fs::path& run, const RunPlace& place, std::int64_t threads) {
  const TrainedRun trained = open_trained_run(run, place);
  if (threads > 0) set_thread_count(static_cast<int>(threads));
  set_deterministic(trained.recipe->train.deterministic);
  const DataSets sets = trained.recipe->load();
  const std::unique_ptr<SpikingNet> net = trained.network(*sets.train);
  return evaluate(*net,
                  *sets.test,
                  all_samples(sets.test->size()),
                  trained.recipe->train.batch,
                  Activity::with_active_set);
}

void add_eval(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("eval", "Accuracy, confusion and activity on the whole test set");
  const auto arguments = std::make_shared<EvalArguments>();
  command->add_option("run", arguments->run, "run folder (its best.h5 is taken) or checkpoint file")
      ->required();
  command->add_option("--data", arguments->place.data, "data folder, when it has moved");
  command->add_option(
      "--device", arguments->place.device, "cpu, cuda or cuda:N [where the run was trained]");
  command->add_option("--json", arguments->json, "write the figures as JSON; - = to the terminal");
  command->add_option("--threads", arguments->threads, "threads; 0 = one a core")
      ->check(CLI::Range(0, 4096));
  command->callback([arguments] {
    const Evaluation result = evaluate_run(arguments->run, arguments->place, arguments->threads);
    if (arguments->json != "-") fmt::print("{}", in_words(result));
    if (!arguments->json.empty()) write_json(result, arguments->json);
  });
}

}  // namespace spiketape::apps
