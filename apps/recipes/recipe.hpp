#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "apps/config.hpp"
#include "apps/recipes/augmentation.hpp"
#include "apps/recipes/network.hpp"
#include "apps/train_settings.hpp"
#include "data/dataset.hpp"

namespace spiketape::apps {

struct DataSets {
  std::unique_ptr<const Dataset> train;
  std::unique_ptr<const Dataset> test;
  std::vector<std::string> remarks = {};  ///< what was cut off or left out, for people
};

/// `memory_mib`, for recipes whose recordings may be larger than memory; see MemoryBudget.
Setting memory_setting(std::int64_t& mebibytes);

/// What is trained on what, and how: the method section of a paper. A recipe sets its own defaults
/// in its constructor, and adds settings of its data. To add one: copy fmnist.cpp, and add a line
/// to registry.cpp.
class Recipe {
 public:
  virtual ~Recipe() = default;
  Recipe(const Recipe&) = delete;
  Recipe& operator=(const Recipe&) = delete;

  /// Every setting: of the data, of the network, of the training, of the augmentation. Bound to
  /// this object.
  Settings settings();
  /// Checks the settings and puts numbers in place of "the default of ...". @throws Error; of
  /// these BackendError for a device, or a path of one, that is not there.
  void resolve();
  /// Reads or makes the data. @throws DataError when they are missing or broken.
  virtual DataSets load() const = 0;
  /// A network for such data, its weights drawn from the seed.
  virtual std::unique_ptr<SpikingNet> build(const Dataset& data) const;

  /// How the input units lie on the sensor, for the augmentation's shifts.
  virtual SensorShape sensor() const { return {}; }
  /// Whether several events of a unit in one step count as one.
  virtual bool merges_repeats() const { return true; }
  /// Sets the defaults of a variant of the recipe, before any other setting is taken.
  /// @throws Error for a name that is not among variants().
  void choose_variant(const std::string& name);
  /// The first is the default.
  virtual std::vector<std::string> variants() const { return {"paper"}; }

  std::string variant = "paper";
  NetworkSettings network;
  TrainSettings train;
  AugmentSettings augment;

 protected:
  Recipe() = default;

 private:
  virtual Settings data_settings() = 0;
  virtual void set_variant(const std::string& /*name*/) {}
};

}  // namespace spiketape::apps
