#pragma once

#include <vector>

#include "autograd/optimizer.hpp"
#include "core/kernels/adam.hpp"

namespace spiketape {

struct AdamOptions {
  float learning_rate = 1e-3f;
  float beta1 = 0.9f;     ///< in [0, 1)
  float beta2 = 0.999f;   ///< in [0, 1)
  float epsilon = 1e-8f;  ///< above 0
};

/// Adam (Kingma & Ba, 2015, algorithm 1), one fused pass over each parameter; t counts the
/// parameter's updates:
///
///     m <- beta1 m + (1 - beta1) grad
///     v <- beta2 v + (1 - beta2) grad^2
///     w <- w - learning_rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
class Adam : public Optimizer {
 public:
  /// @throws Error for options outside their range, and as Optimizer.
  explicit Adam(std::vector<NamedVariable> parameters, const AdamOptions& options = {});

 protected:
  Adam(std::string name,
       std::vector<NamedVariable> parameters,
       const AdamOptions& options,
       float weight_decay);

 private:
  bool refresh(std::span<const std::int64_t> steps) override;
  void update(std::span<const Update> parameters) override;

  AdamOptions options_;
  float weight_decay_;
  std::vector<AdamFactors> factors_;  ///< one for each parameter that is updated
};

struct AdamWOptions {
  float learning_rate = 1e-3f;
  float beta1 = 0.9f;
  float beta2 = 0.999f;
  float epsilon = 1e-8f;
  float weight_decay = 1e-2f;  ///< at least 0
};

/// Adam with decoupled weight decay (Loshchilov & Hutter, 2019): before Adam's update, w <- w (1 -
/// learning_rate weight_decay).
class AdamW final : public Adam {
 public:
  /// @throws Error for options outside their range, and as Optimizer.
  explicit AdamW(std::vector<NamedVariable> parameters, const AdamWOptions& options = {});
};

}  // namespace spiketape
