#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "core/neuron.hpp"
#include "core/spike_tensor.hpp"
#include "core/synapse.hpp"

/// The time loops of a layer, whole batch at once. Each is declared once, with one struct of
/// arguments, and defined by every device in a namespace of its own.
namespace spiketape {

/// The current of a layer as the sweeps see it.
struct CurrentView {
  struct Term {
    const SpikeTensor& source;
    const Tensor& weight;
    const Synapse& synapse;
    float amplitude;
  };

  std::string_view name;  ///< begins error messages
  Device device;          ///< of everything here
  std::int64_t batch = 0;
  std::int64_t steps = 0;
  std::int64_t neurons = 0;
  std::vector<Term> terms;
  const Tensor* recurrence = nullptr;  ///< [neurons, neurons] or null
  std::vector<const Tensor*> biases;   ///< each [neurons]
};

/// Where the gradients of a CurrentView go: null where none is wanted. All are added to.
struct CurrentGradients {
  std::vector<float*> sources;   ///< of each term, one value per active entry of its source
  std::vector<Tensor*> weights;  ///< of each term
  Tensor* recurrence = nullptr;
  std::vector<Tensor*> biases;
};

struct ForwardSweepArguments {
  const CurrentView& current;
  const NeuronModel& model;
  bool want_active;  ///< record the active set and its slopes
};

struct BackwardSweepArguments {
  const CurrentView& current;
  const NeuronModel& model;
  const SpikeTensor& spikes;    ///< what the forward sweep returned, with its active set
  std::span<const float> grad;  ///< dL/dS, one value per active entry
  const CurrentGradients& gradients;
};

/// How a readout trace O[t] becomes one score per class.
enum class Score { max, sum, mean, last };

/// O[0] = 0, O[t+1] = decay O[t] + (1 - decay) I[t].
struct ReadoutForwardArguments {
  const CurrentView& current;
  float decay;
  Score score;
  Tensor* scores;            ///< [batch, class], or null
  Buffer<std::int32_t>* at;  ///< max: the step of each score, [batch * class]; or null
  Tensor* trace;             ///< [batch, step, class], or null
};

struct ReadoutBackwardArguments {
  const CurrentView& current;
  float decay;
  Score score;
  const Tensor* grad_scores;  ///< [batch, class], or null
  const Buffer<std::int32_t>* at;
  const Tensor* grad_trace;  ///< [batch, step, class], or null
  const CurrentGradients& gradients;
};

namespace cpu {

/// @throws NumericError naming layer, sample, step and neuron when a membrane is not finite.
SpikeTensor forward_sweep(const ForwardSweepArguments& arguments);
void backward_sweep(const BackwardSweepArguments& arguments);
/// @throws ShapeError for no steps; NumericError naming layer, sample and class when a trace is not
/// finite.
void readout_forward(const ReadoutForwardArguments& arguments);
void readout_backward(const ReadoutBackwardArguments& arguments);
/// The current of each step without the recurrence, [batch, step, neuron].
Tensor dense_current(const CurrentView& current);

}  // namespace cpu

namespace cuda {

SpikeTensor forward_sweep(const ForwardSweepArguments& arguments);
void backward_sweep(const BackwardSweepArguments& arguments);
void readout_forward(const ReadoutForwardArguments& arguments);
void readout_backward(const ReadoutBackwardArguments& arguments);
Tensor dense_current(const CurrentView& current);

}  // namespace cuda
}  // namespace spiketape
