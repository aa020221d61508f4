#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/kernels/adjoint.hpp"
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

/// Adds dL/dO of one sample to its rows, from the gradient of its scores.
void add_score_gradient(const ReadoutBackwardArguments& arguments,
                        std::int64_t sample,
                        Columns columns,
                        std::int64_t stride,
                        float* rows) {
  const std::int64_t steps = arguments.current.steps;
  for (std::int64_t j = 0; j < columns.count(); ++j) {
    const auto cell =
        static_cast<std::size_t>(sample * arguments.current.neurons + columns.begin + j);
    const float grad = arguments.grad_scores->values()[cell];
    if (arguments.score == Score::max) {
      rows[(*arguments.at)[cell] * stride + j] += grad;
    } else if (arguments.score == Score::last) {
      rows[(steps - 1) * stride + j] += grad;
    } else {
      const float each = arguments.score == Score::mean ? grad / static_cast<float>(steps) : grad;
      for (std::int64_t step = 0; step < steps; ++step) rows[step * stride + j] += each;
    }
  }
}

void fill_readout_lambda(const ReadoutBackwardArguments& arguments,
                         const SampleRows<float>& lambda) {
  const std::int64_t steps = arguments.current.steps;
  std::fill_n(lambda.data, lambda.samples * steps * lambda.stride, 0.0f);
  for (std::int64_t s = 0; s < lambda.samples; ++s) {
    const std::int64_t sample = lambda.first_sample + s;
    float* const rows = lambda.data + s * steps * lambda.stride;
    if (arguments.grad_trace != nullptr)
      for (std::int64_t step = 0; step < steps; ++step)
        std::copy_n(arguments.grad_trace->data() +
                        (sample * steps + step) * arguments.current.neurons + lambda.columns.begin,
                    lambda.columns.count(),
                    rows + step * lambda.stride);
    if (arguments.grad_scores != nullptr)
      add_score_gradient(arguments, sample, lambda.columns, lambda.stride, rows);
  }
  readout_lambda(arguments.decay, steps, lambda);
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
