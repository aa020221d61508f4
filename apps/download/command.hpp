#pragma once

#include <CLI/CLI.hpp>

namespace spiketape::apps {

/// Adds `spiketape download [NAME --to DIR]`; without a name it lists the data sets. Ctrl-C keeps
/// what has come and ends with 130.
void add_download(CLI::App& app);

}  // namespace spiketape::apps
