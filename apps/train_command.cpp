#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "apps/recipes/registry.hpp"
#include "apps/setting_options.hpp"
#include "apps/stop_signal.hpp"
#include "apps/train.hpp"
#include "core/error.hpp"

namespace spiketape::apps {
namespace {

std::string resume_command(const TrainJob& job) {
  return fmt::format("spiketape train {} --resume --out {}", job.recipe_name, job.out);
}

void train_command(const TrainArguments& arguments) {
  TrainJob job;
  try {
    job = prepare_train(arguments);
  } catch (const DataError&) {
    throw;
  } catch (const BackendError&) {
    throw;
  } catch (const Error& error) {
    throw CLI::ValidationError(error.what());
  }
  const StopOnSignal watch;
  TrainHooks hooks;
  hooks.progress_bar = !arguments.quiet;
  hooks.stop = [&watch] { return watch.asked() != 0; };
  hooks.print = [](const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
  };
  const TrainResult result = run_train(job, hooks);
  if (result.finished) return;
  hooks.print(fmt::format("stopped in epoch {} after batch {}; saved. Continue with: {}",
                          result.state.epoch + 1,
                          result.state.batch,
                          resume_command(job)));
  throw CLI::RuntimeError(128 + watch.asked());
}

}  // namespace

void add_train(CLI::App& app) {
  CLI::App* command = app.add_subcommand("train", "Train a network; see the recipes below");
  const auto arguments = std::make_shared<TrainArguments>();
  std::string known;
  for (const RecipeEntry& entry : recipes()) {
    known += fmt::format("\n  {:<10} {}", entry.name, entry.about);
  }
  command->footer("Recipes:" + known);
  command->add_option("recipe", arguments->recipe, "what to train");
  command->add_option(
      "--out", arguments->out, "run folder [runs/RECIPE-N, the first N that is free]");
  command->add_option("--config", arguments->config, "a config.toml whose settings to repeat");
  command->add_flag("--resume", arguments->resume, "continue the run in --out, or the newest one");
  command->add_flag("--quiet", arguments->quiet, "no progress bar");
  add_setting_options(*command, arguments->settings);
  command->callback([arguments] { train_command(*arguments); });
}

}  // namespace spiketape::apps
