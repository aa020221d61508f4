#pragma once

#include <vector>

#include "autograd/optimizer.hpp"

namespace spiketape {

struct SgdOptions {
  float learning_rate = 1e-2f;
  float momentum = 0.0f;  ///< in [0, 1)
};

/// Stochastic gradient descent with heavy-ball momentum:
///
///     u <- momentum u + grad
///     w <- w - learning_rate u
class Sgd final : public Optimizer {
 public:
  /// @throws Error for options outside their range, and as Optimizer.
  explicit Sgd(std::vector<NamedVariable> parameters, const SgdOptions& options = {});

 private:
  bool refresh(std::span<const std::int64_t> steps) override;
  void update(std::span<const Update> parameters) override;

  float momentum_;
  float rate_ = 0.0f;  ///< of this step
};

}  // namespace spiketape
