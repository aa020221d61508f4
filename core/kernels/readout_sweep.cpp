#include <algorithm>
#include <cmath>
#include <span>

#include "core/kernels/backpropagate.hpp"
#include "core/kernels/current.hpp"
#include "core/kernels/integrator.hpp"
#include "core/kernels/simd.hpp"
#include "core/kernels/sweep_errors.hpp"
#include "core/parallel.hpp"
#include "core/sweep.hpp"

namespace spiketape::cpu {
namespace {

void check_finite(const CurrentView& current, std::int64_t sample, std::span<const float> state) {
  for (std::size_t j = 0; j < state.size(); ++j)
    if (!std::isfinite(state[j]))
      throw_readout_not_finite(
          current.name, sample, static_cast<std::int64_t>(j), static_cast<double>(state[j]));
}

/// Memory that the samples of a task share.
struct Workspace {
  Workspace(const CurrentView& view, bool wants_trace)
      : current(view.steps, view.neurons),
        stride(padded(view.neurons)),
        floats(static_cast<std::size_t>((wants_trace ? view.steps + 2 : 2) * stride),
               kCpu,
               MemoryTag::scratch),
        at(static_cast<std::size_t>(stride), kCpu, MemoryTag::scratch) {}

  float* scores() { return floats.data(); }
  float* last() { return floats.data() + stride; }
  float* trace() { return floats.data() + 2 * stride; }

  RowScratch current;
  std::int64_t stride;
  Buffer<float> floats;
  Buffer<std::int32_t> at;
};

void forward_sample(const ReadoutForwardArguments& arguments,
                    const Buffer<double>& bias,
                    Workspace& workspace,
                    std::int64_t sample) {
  const CurrentView& current = arguments.current;
  const std::int64_t classes = current.neurons;
  const SampleRows<float> rows = workspace.current.rows(sample, 1, {0, classes});
  fill_current(
      current, bias, [](const CurrentView::Term&) { return true; }, rows);
  integrate({.current = rows.data,
             .steps = current.steps,
             .stride = rows.stride,
             .decay = arguments.decay,
             .score = arguments.score,
             .scores = workspace.scores(),
             .at = workspace.at.data(),
             .last = workspace.last(),
             .trace = arguments.trace != nullptr ? workspace.trace() : nullptr});
  check_finite(current, sample, {workspace.last(), static_cast<std::size_t>(classes)});
  if (arguments.trace != nullptr)
    for (std::int64_t step = 0; step < current.steps; ++step)
      std::copy_n(workspace.trace() + step * rows.stride,
                  classes,
                  arguments.trace->data() + (sample * current.steps + step) * classes);
  if (arguments.scores != nullptr) {
    const float share =
        arguments.score == Score::mean ? 1.0f / static_cast<float>(current.steps) : 1.0f;
    for (std::int64_t j = 0; j < classes; ++j)
      arguments.scores->data()[sample * classes + j] = share * workspace.scores()[j];
  }
  if (arguments.at != nullptr && arguments.score == Score::max)
    std::copy_n(workspace.at.data(), classes, arguments.at->data() + sample * classes);
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

void fill_integrate_back(const ReadoutBackwardArguments& arguments,
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
  integrate_back(arguments.decay, steps, lambda);
}

}  // namespace

void readout_forward(const ReadoutForwardArguments& arguments) {
  require_steps(arguments.current.name, arguments.current.steps);
  const Buffer<double> bias = total_bias(arguments.current);
  parallel_ranges(arguments.current.batch, 8, [&](std::int64_t begin, std::int64_t end) {
    Workspace workspace(arguments.current, arguments.trace != nullptr);
    for (std::int64_t sample = begin; sample < end; ++sample)
      forward_sample(arguments, bias, workspace, sample);
  });
}

void readout_backward(const ReadoutBackwardArguments& arguments) {
  backpropagate(
      arguments.current,
      nullptr,
      [&](const SampleRows<float>& lambda) { fill_integrate_back(arguments, lambda); },
      arguments.gradients);
}

}  // namespace spiketape::cpu
