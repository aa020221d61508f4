// The penalty straight from the spikes (core/kernels/activity_penalty.hpp), counted anew by
// backward. For sample b with counts z_j, mean m = mean_j z_j, N neurons, B samples:
//
//     L = 1/B sum_b [ lambda_upper relu(m - upper)^p + lambda_lower/N sum_j relu(lower - z_j)^2 ]
//
//     dL/dz_j      = 1/(B N) [ lambda_upper p relu(m - upper)^(p-1) [m > upper]
//                              - 2 lambda_lower relu(lower - z_j) ]
//
//     dL/dS[b,t,j] = dL/dz_j at the active entries, nowhere else
#include "layers/regularizers.hpp"

#include <cmath>

#include <fmt/format.h>

#include "autograd/dispatch.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "core/kernels/activity_penalty.hpp"

namespace spiketape {
namespace {

ActivityPenalty penalty_of(const ActivityRegularizerOptions& options) {
  return {.lambda_upper = options.lambda_upper,
          .lambda_lower = options.lambda_lower,
          .upper = options.upper,
          .lower = options.lower,
          .power = options.power};
}

}  // namespace

ActivityRegularizer::ActivityRegularizer(ActivityRegularizerOptions options) : options_(options) {
  const auto require = [](const char* what, float value, float least) {
    if (!std::isfinite(value) || value < least)
      throw Error(fmt::format(
          "activity regularizer: {} must be finite and at least {}, got {}", what, least, value));
  };
  require("lambda_upper", options.lambda_upper, 0.0f);
  require("lambda_lower", options.lambda_lower, 0.0f);
  require("upper", options.upper, 0.0f);
  require("lower", options.lower, 0.0f);
  require("power", options.power, 1.0f);
}

Variable ActivityRegularizer::operator()(const SpikeVariable& spikes) const {
  if (spikes.batch() == 0 || spikes.neurons() == 0)
    throw ShapeError(fmt::format(
        "activity regularizer: expected spikes of at least one sample and one neuron, got {}",
        to_string(spikes.value().shape())));
  const ActivityPenalty penalty = penalty_of(options_);
  const Device device = spikes.value().device();
  const bool records = recording(spikes);
  Variable loss(Tensor({}, device), records);
  dispatch<cpu::activity_penalty_forward, cuda::activity_penalty_forward>(
      device,
      ActivityPenaltyForwardArguments{
          .penalty = penalty, .spikes = spikes.value(), .loss = loss.value()});
  if (records)
    Tape::current()->record("activity_regularizer", [penalty, spikes, loss, device] {
      if (!loss.has_grad() || !spikes.value().active().offsets) return;
      dispatch<cpu::activity_penalty_backward, cuda::activity_penalty_backward>(
          device,
          ActivityPenaltyBackwardArguments{.penalty = penalty,
                                           .spikes = spikes.value(),
                                           .grad_loss = loss.grad(),
                                           .grad = spikes.grad().data()});
    });
  return loss;
}

}  // namespace spiketape
