#include "apps/recipes/registry.hpp"

#include <array>
#include <vector>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape::apps {
namespace {

constexpr std::array<RecipeEntry, 6> kRecipes{{
    {"randman", "a synthetic set that needs no download", make_randman_recipe},
    {"fmnist", "Fashion-MNIST as in the paper; needs --data", make_fmnist_recipe},
    {"nmnist", "Neuromorphic-MNIST as in the paper; needs --data", make_nmnist_recipe},
    {"shd", "Spiking Heidelberg Digits as in the paper; needs --data", make_shd_recipe},
    {"ssc", "Spiking Speech Commands with the settings of shd; needs --data", make_ssc_recipe},
    {"spoken-digits", "ten digits in the layout of SHD; needs --data", make_spoken_digits_recipe},
}};

}  // namespace

std::span<const RecipeEntry> recipes() { return kRecipes; }

std::unique_ptr<Recipe> make_recipe(std::string_view name) {
  std::vector<std::string> known;
  for (const RecipeEntry& entry : kRecipes) {
    if (entry.name == name) return entry.make();
    known.emplace_back(entry.name);
  }
  throw Error(fmt::format("recipe: expected one of {}, got '{}'", join_names(known), name));
}

}  // namespace spiketape::apps
