#pragma once

#include <filesystem>
#include <string>

#include "apps/evaluate.hpp"
#include "apps/trained_run.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 chose it
class App;
}

namespace spiketape::apps {

/// Registers `spiketape eval`.
void add_eval(CLI::App& app);

/// Evaluates a run folder (its best.h5) or a checkpoint file on the whole test set of its recipe,
/// with active sets. `threads` of 0 takes every core.
/// @throws what open_trained_run() and the recipe do.
Evaluation evaluate_run(const std::filesystem::path& run,
                        const RunPlace& place = {},
                        std::int64_t threads = 0);

}  // namespace spiketape::apps
