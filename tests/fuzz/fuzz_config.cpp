// A config.toml, read as `spiketape train --config` does: parsed, given to the recipe that it
// names, resolved. What is accepted must be written back as a file that means the same.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "apps/config.hpp"
#include "apps/recipes/registry.hpp"
#include "core/error.hpp"
#include "tests/fuzz/scratch_file.hpp"

using namespace spiketape;
using namespace spiketape::apps;

namespace {

/// The settings of the file's recipe after the file, as config.toml would have them.
std::string settings_of(const Config& config, bool resolve) {
  const std::unique_ptr<Recipe> recipe = make_recipe(config.recipe);
  Settings settings = recipe->settings();
  apply_config(config, settings);
  if (resolve) recipe->resolve();
  return config_text(config.recipe, settings);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(  // NOLINT(readability-identifier-naming)
    const std::uint8_t* data,
    std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::string written;
  try {
    const Config config = parse_config(text, "config.toml");
    written = settings_of(config, false);
    settings_of(config, true);
  } catch (const Error&) {  // what a broken file must lead to
  }
  if (written.empty()) return 0;
  try {
    fuzz::require(settings_of(parse_config(written, "again.toml"), false) == written,
                  "a file that is written back means the same");
  } catch (const Error&) {
    fuzz::require(false, "a file that is written back is read");
  }
  return 0;
}
