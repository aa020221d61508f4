#pragma once

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 chose it
class App;
}

namespace spiketape::apps {

/// Registers `spiketape convert`.
void add_convert(CLI::App& app);

}  // namespace spiketape::apps
