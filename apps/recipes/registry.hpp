#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "apps/recipes/recipe.hpp"

namespace spiketape::apps {

struct RecipeEntry {
  std::string_view name;
  std::string_view about;
  std::unique_ptr<Recipe> (*make)();
};

/// Every recipe that `spiketape train` knows.
std::span<const RecipeEntry> recipes();

/// A recipe with its default settings. @throws Error for another name; lists the known ones.
std::unique_ptr<Recipe> make_recipe(std::string_view name);

// One function a recipe, each defined in a file of its own.
std::unique_ptr<Recipe> make_randman_recipe();
std::unique_ptr<Recipe> make_fmnist_recipe();
std::unique_ptr<Recipe> make_nmnist_recipe();
std::unique_ptr<Recipe> make_shd_recipe();
std::unique_ptr<Recipe> make_ssc_recipe();
std::unique_ptr<Recipe> make_spoken_digits_recipe();

}  // namespace spiketape::apps
