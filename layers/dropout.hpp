#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "autograd/variable.hpp"
#include "layers/module.hpp"

namespace spiketape {

struct DropoutOptions {
  float probability = 0.5f;
  std::uint64_t seed = 0;    ///< initialize(seed) replaces it
  bool whole_units = false;  ///< drop a neuron for the whole sample instead of single spikes
};

/// Drops events while training and scales the survivors by 1 / (1 - probability); in evaluation it
/// passes spikes on. What is dropped depends on (seed, path of this module, number of earlier
/// training calls) only. That number is the counter "calls", which checkpoints keep, so a resumed
/// run drops the same events.
class Dropout : public Module {
 public:
  /// @throws Error unless 0 <= probability < 1.
  Dropout(Module& parent, std::string name, DropoutOptions options = {});

  SpikeVariable operator()(const SpikeVariable& spikes);

  std::uint64_t calls() const { return *calls_; }
  std::string summary() const override;

 private:
  void draw_parameters(std::uint64_t seed) override;

  DropoutOptions options_;
  std::shared_ptr<std::uint64_t> calls_;
};

}  // namespace spiketape
