#pragma once

#include <string>
#include <utility>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 chose it
class App;
}

namespace spiketape::apps {

/// Settings as they were typed: name and text, in order.
using TypedSettings = std::vector<std::pair<std::string, std::string>>;

/// Gives `command` an option for every setting of every recipe; those that are typed are appended
/// to `typed`, which must outlive the command.
void add_setting_options(CLI::App& command, TypedSettings& typed);

}  // namespace spiketape::apps
