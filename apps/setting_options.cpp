#include "apps/setting_options.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "apps/recipes/registry.hpp"

namespace spiketape::apps {
namespace {

/// One option, made of the settings of that name in all recipes.
struct SharedSetting {
  Setting setting;
  std::vector<std::string> recipes;
  std::vector<std::string> defaults;  ///< one a recipe
};

/// The value as an option takes it: 200,200 or adam.
std::string as_typed(const Setting& setting) {
  std::string text = to_toml(setting);
  std::erase_if(text, [](char c) { return c == '"' || c == '[' || c == ']' || c == ' '; });
  return text;
}

/// Settings of all recipes by name, in the order in which they are first met. `owners` keeps what
/// they point to.
std::vector<SharedSetting> all_settings(std::vector<std::unique_ptr<Recipe>>& owners) {
  std::vector<SharedSetting> all;
  for (const RecipeEntry& entry : recipes()) {
    owners.push_back(entry.make());
    for (const Setting& setting : owners.back()->settings()) {
      auto found = std::find_if(all.begin(), all.end(), [&](const SharedSetting& one) {
        return one.setting.name == setting.name;
      });
      if (found == all.end()) found = all.insert(all.end(), {setting, {}, {}});
      found->recipes.emplace_back(entry.name);
      found->defaults.push_back(as_typed(setting));
    }
  }
  return all;
}

/// "learning rate [randman 0.002, fmnist 0.0002]"
std::string help_of(const SharedSetting& shared) {
  const auto& defaults = shared.defaults;
  std::string text = shared.setting.help;
  if (!shared.setting.choices.empty()) text += ": " + join_names(shared.setting.choices);
  const bool same = std::all_of(
      defaults.begin(), defaults.end(), [&](const auto& one) { return one == defaults.front(); });
  if (same) return defaults.front().empty() ? text : text + fmt::format(" [{}]", defaults.front());
  std::vector<std::string> each;
  for (std::size_t i = 0; i < defaults.size(); ++i) {
    each.push_back(shared.recipes[i] + " " + defaults[i]);
  }
  return text + fmt::format(" [{}]", join_names(each));
}

void add_setting(CLI::App& command, const SharedSetting& shared, TypedSettings& typed) {
  const std::string name = shared.setting.name;
  const auto take = [&typed, name](const std::string& text) { typed.emplace_back(name, text); };
  CLI::Option* option = nullptr;
  if (std::holds_alternative<bool*>(shared.setting.value)) {
    option = command.add_flag_function(
        option_name(shared.setting),
        [take](std::int64_t on) { take(on > 0 ? "true" : "false"); },
        help_of(shared));
  } else {
    static constexpr const char* kTypes[] = {"", "INTEGER", "NUMBER", "TEXT", "N,N,..."};
    option =
        command
            .add_option_function<std::string>(option_name(shared.setting), take, help_of(shared))
            ->type_name(kTypes[shared.setting.value.index()]);
  }
  option->take_last();
  const bool everywhere = shared.recipes.size() == recipes().size();
  option->group(everywhere ? "Settings of every recipe"
                           : "Settings of " + join_names(shared.recipes));
}

}  // namespace

void add_setting_options(CLI::App& command, TypedSettings& typed) {
  std::vector<std::unique_ptr<Recipe>> owners;
  for (const SharedSetting& shared : all_settings(owners)) add_setting(command, shared, typed);
}

}  // namespace spiketape::apps
