#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/kernels/current.hpp"
#include "core/parallel.hpp"
#include "core/sweep.hpp"

namespace spiketape::cpu {
namespace {

/// The score so far of each class of one sample.
class ScoreKeeper {
 public:
  ScoreKeeper(Score score, std::int64_t classes)
      : score_(score),
        value_(static_cast<std::size_t>(classes),
               score == Score::max ? -std::numeric_limits<float>::infinity() : 0.0f),
        at_(static_cast<std::size_t>(classes)) {}

  void take(std::int64_t step, const float* trace) {
    for (std::size_t j = 0; j < value_.size(); ++j) {
      if (score_ == Score::sum || score_ == Score::mean) {
        value_[j] += trace[j];
      } else if (score_ == Score::last || trace[j] > value_[j]) {
        value_[j] = trace[j];
        at_[j] = static_cast<std::int32_t>(step);
      }
    }
  }
  float value(std::size_t j, std::int64_t steps) const {
    return score_ == Score::mean ? value_[j] / static_cast<float>(steps) : value_[j];
  }
  std::int32_t at(std::size_t j) const { return at_[j]; }

 private:
  Score score_;
  std::vector<float> value_;
  std::vector<std::int32_t> at_;
};

/// dL/dO[step] of one sample from the gradients of score and trace.
class TraceGradient {
 public:
  TraceGradient(const ReadoutBackwardArguments& arguments, std::int64_t sample)
      : arguments_(arguments),
        steps_(arguments.current.steps),
        classes_(arguments.current.neurons),
        sample_(sample) {}

  float at(std::int64_t step, std::int64_t j) const {
    float sum = 0.0f;
    if (arguments_.grad_scores != nullptr) {
      const float grad = arguments_.grad_scores->data()[sample_ * classes_ + j];
      switch (arguments_.score) {
        case Score::sum:
          sum = grad;
          break;
        case Score::mean:
          sum = grad / static_cast<float>(steps_);
          break;
        case Score::last:
          sum = step == steps_ - 1 ? grad : 0.0f;
          break;
        case Score::max:
          sum = (*arguments_.at)[static_cast<std::size_t>(sample_ * classes_ + j)] == step ? grad
                                                                                           : 0.0f;
          break;
      }
    }
    if (arguments_.grad_trace != nullptr)
      sum += arguments_.grad_trace->data()[(sample_ * steps_ + step) * classes_ + j];
    return sum;
  }

 private:
  const ReadoutBackwardArguments& arguments_;
  std::int64_t steps_;
  std::int64_t classes_;
  std::int64_t sample_;
};

void check_finite(const CurrentView& current,
                  std::int64_t sample,
                  const std::vector<float>& state) {
  for (std::size_t j = 0; j < state.size(); ++j)
    if (!std::isfinite(state[j]))
      throw NumericError(fmt::format(
          "{}: the readout of sample {}, class {} is {} at the last step; expected finite "
          "numbers, check the weights and the learning rate",
          current.name,
          sample,
          j,
          state[j]));
}

void forward_sample(const ReadoutForwardArguments& arguments,
                    const Buffer<double>& bias,
                    std::int64_t sample) {
  const CurrentView& current = arguments.current;
  const std::int64_t classes = current.neurons;
  RowScratch scratch(current.steps, classes);
  const SampleRows<float> rows = scratch.rows(sample, 1, {0, classes});
  fill_current(
      current, bias, [](const CurrentView::Term&) { return true; }, rows);
  std::vector<float> state(static_cast<std::size_t>(classes));
  ScoreKeeper keeper(arguments.score, classes);
  for (std::int64_t step = 0; step < current.steps; ++step) {
    keeper.take(step, state.data());
    if (arguments.trace != nullptr)
      std::copy(state.begin(),
                state.end(),
                arguments.trace->data() + (sample * current.steps + step) * classes);
    const float* const input = rows.data + step * rows.stride;
    if (step + 1 == current.steps) break;
    for (std::size_t j = 0; j < state.size(); ++j)
      state[j] = arguments.decay * state[j] + (1.0f - arguments.decay) * input[j];
  }
  check_finite(current, sample, state);
  for (std::size_t j = 0; j < state.size(); ++j) {
    const std::size_t cell = static_cast<std::size_t>(sample * classes) + j;
    if (arguments.scores != nullptr)
      arguments.scores->values()[cell] = keeper.value(j, current.steps);
    if (arguments.at != nullptr) (*arguments.at)[cell] = keeper.at(j);
  }
}

/// lambda[k] = (1 - decay) p[k+1],  p[k] = decay p[k+1] + dL/dO[k].
void fill_readout_lambda(const ReadoutBackwardArguments& arguments,
                         const SampleRows<float>& lambda) {
  const std::int64_t steps = arguments.current.steps;
  std::vector<float> p(static_cast<std::size_t>(lambda.stride));
  for (std::int64_t s = 0; s < lambda.samples; ++s) {
    const TraceGradient gradient(arguments, lambda.first_sample + s);
    std::fill(p.begin(), p.end(), 0.0f);
    for (std::int64_t k = steps - 1; k >= 0; --k) {
      float* const row = lambda.data + (s * steps + k) * lambda.stride;
      for (std::size_t j = 0; j < p.size(); ++j) {
        row[j] = (1.0f - arguments.decay) * p[j];
        p[j] *= arguments.decay;
      }
      for (std::int64_t j = 0; j < lambda.columns.count(); ++j)
        p[static_cast<std::size_t>(j)] += gradient.at(k, lambda.columns.begin + j);
    }
  }
}

}  // namespace

void readout_forward(const ReadoutForwardArguments& arguments) {
  if (arguments.current.steps < 1)
    throw ShapeError(
        fmt::format("{}: a readout needs at least one step, got 0", arguments.current.name));
  const Buffer<double> bias = total_bias(arguments.current);
  parallel_ranges(arguments.current.batch, 8, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t sample = begin; sample < end; ++sample)
      forward_sample(arguments, bias, sample);
  });
}

void readout_backward(const ReadoutBackwardArguments& arguments) {
  backpropagate(
      arguments.current,
      nullptr,
      [&](const SampleRows<float>& lambda) { fill_readout_lambda(arguments, lambda); },
      arguments.gradients);
}

}  // namespace spiketape::cpu
