#include "apps/setting_options.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "apps/recipes/registry.hpp"

namespace spiketape::apps {
namespace {

/// Texts, each with the recipes or variants that it holds for, in the order in which they are met.
using ByText = std::vector<std::pair<std::string, std::vector<std::string>>>;

void add(ByText& all, const std::string& text, const std::string& name) {
  auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.first == text; });
  if (found == all.end()) found = all.insert(all.end(), {text, {}});
  std::vector<std::string>& names = found->second;
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

/// One option, made of the settings of that name in all recipes.
struct SharedSetting {
  Setting setting;
  std::vector<std::string> recipes;
  ByText helps;
  ByText defaults;  ///< of a variant, too, where it has another one
};

/// The value as an option takes it: 200,200 or adam.
std::string as_typed(const Setting& setting) {
  std::string text = to_toml(setting);
  std::erase_if(text, [](char c) { return c == '"' || c == '[' || c == ']' || c == ' '; });
  return text;
}

SharedSetting& shared_of(std::vector<SharedSetting>& all, const Setting& setting) {
  auto found = std::find_if(all.begin(), all.end(), [&](const SharedSetting& one) {
    return one.setting.name == setting.name;
  });
  if (found == all.end()) found = all.insert(all.end(), {setting, {}, {}, {}});
  return *found;
}

/// Adds the defaults of a recipe's variants where they are not those of the recipe.
void add_variants(const RecipeEntry& entry, Settings of_recipe, std::vector<SharedSetting>& all) {
  for (const std::string& variant : entry.make()->variants()) {
    const std::unique_ptr<Recipe> recipe = entry.make();
    recipe->choose_variant(variant);
    for (const Setting& setting : recipe->settings()) {
      const std::string text = as_typed(setting);
      const bool differs = text != as_typed(*find_setting(of_recipe, setting.name));
      if (differs && setting.name != "variant")
        add(shared_of(all, setting).defaults, text, variant);
    }
  }
}

/// Settings of all recipes by name, in the order in which they are first met. `owners` keeps what
/// they point to.
std::vector<SharedSetting> all_settings(std::vector<std::unique_ptr<Recipe>>& owners) {
  std::vector<SharedSetting> all;
  for (const RecipeEntry& entry : recipes()) {
    const std::string name(entry.name);
    owners.push_back(entry.make());
    for (const Setting& setting : owners.back()->settings()) {
      SharedSetting& shared = shared_of(all, setting);
      shared.recipes.push_back(name);
      add(shared.helps, setting.help, name);
      add(shared.defaults, as_typed(setting), name);
    }
    add_variants(entry, owners.back()->settings(), all);
  }
  return all;
}

/// "steps a sample (fmnist); later events are cut off (shd, ssc) [fmnist 100; shd, ssc 500; strong
/// 200]"; a text that holds for all stands alone.
std::string help_of(const SharedSetting& shared) {
  std::vector<std::string> helps;
  for (const auto& [text, names] : shared.helps)
    helps.push_back(names == shared.recipes ? text
                                            : fmt::format("{} ({})", text, join_names(names)));
  std::string help = fmt::format("{}", fmt::join(helps, "; "));
  if (!shared.setting.choices.empty()) help += ": " + join_names(shared.setting.choices);
  std::vector<std::string> defaults;
  for (const auto& [text, names] : shared.defaults)
    if (!text.empty())
      defaults.push_back(names == shared.recipes ? text : join_names(names) + ' ' + text);
  return defaults.empty() ? help : fmt::format("{} [{}]", help, fmt::join(defaults, "; "));
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
