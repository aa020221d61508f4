#pragma once

#include <filesystem>
#include <string>

#include "apps/evaluate.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 chose it
class App;
}

namespace spiketape::apps {

/// Registers `spiketape eval`.
void add_eval(CLI::App& app);

/// Evaluates a run folder (its best.h5) or a checkpoint file on the whole test set of its recipe,
/// with active sets. `data` replaces the data folder of the run when it is not empty; `threads` of
/// 0 takes every core.
/// @throws DataError when there is no such run or file, or it holds no settings; Error as the
/// recipe does.
Evaluation evaluate_run(const std::filesystem::path& run,
                        const std::string& data = "",
                        std::int64_t threads = 0);

}  // namespace spiketape::apps
