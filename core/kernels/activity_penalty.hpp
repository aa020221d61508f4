#pragma once

#include "core/spike_tensor.hpp"
#include "core/tensor.hpp"

/// The penalty of a layer's spike counts; its formula stands in layers/regularizers.cpp.
namespace spiketape {

/// What ActivityRegularizerOptions (layers/regularizers.hpp) says.
struct ActivityPenalty {
  float lambda_upper = 0.0f;
  float lambda_lower = 0.0f;
  float upper = 0.0f;
  float lower = 0.0f;
  float power = 1.0f;
};

struct ActivityPenaltyForwardArguments {
  const ActivityPenalty& penalty;
  const SpikeTensor& spikes;
  Tensor& loss;  ///< a scalar, written
};

struct ActivityPenaltyBackwardArguments {
  const ActivityPenalty& penalty;
  const SpikeTensor& spikes;
  const Tensor& grad_loss;  ///< a scalar
  float* grad;              ///< one value per active entry, added to
};

namespace cpu {

/// Needs at least one sample and one neuron.
void activity_penalty_forward(const ActivityPenaltyForwardArguments& arguments);
void activity_penalty_backward(const ActivityPenaltyBackwardArguments& arguments);

}  // namespace cpu

namespace cuda {

void activity_penalty_forward(const ActivityPenaltyForwardArguments& arguments);
void activity_penalty_backward(const ActivityPenaltyBackwardArguments& arguments);

}  // namespace cuda
}  // namespace spiketape
