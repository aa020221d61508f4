#include "autograd/ops/loss.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "autograd/ops/common.hpp"
#include "autograd/tape.hpp"
#include "core/buffer.hpp"
#include "core/error.hpp"

namespace spiketape {
namespace {

void check_labels(const Variable& scores, std::span<const std::int32_t> labels) {
  ops::require_defined("cross_entropy", scores);
  if (scores.value().rank() != 2)
    throw ShapeError(fmt::format("cross_entropy: expected scores [batch, class], got shape {}",
                                 to_string(scores.shape())));
  const std::int64_t batch = scores.shape()[0];
  const std::int64_t classes = scores.shape()[1];
  if (batch == 0)
    throw ShapeError("cross_entropy: expected at least one sample, got an empty batch");
  if (static_cast<std::int64_t>(labels.size()) != batch)
    throw ShapeError(
        fmt::format("cross_entropy: expected one label per sample, got {} labels for scores {}",
                    labels.size(),
                    to_string(scores.shape())));
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i] < 0 || labels[i] >= classes)
      throw DataError(fmt::format(
          "cross_entropy: the label of sample {} is {}, expected 0 to {}; check the data "
          "set or give the network that many outputs",
          i,
          labels[i],
          classes - 1));
}

/// ln(sum_j exp(x_j)) in double. max_element may pass over a NaN, but the sum does not.
double log_sum_exp(const float* x, std::int64_t count) {
  const double highest = static_cast<double>(*std::max_element(x, x + count));
  return highest + std::log(ops::lane_sum(count, [=](std::int64_t i) {
           return std::exp(static_cast<double>(x[i]) - highest);
         }));
}

}  // namespace

// L = 1/B sum_b (z_b - x[b, label_b]), z_b = ln(sum_j exp(x[b, j]))
// dL/dx[b, j] = (exp(x[b, j] - z_b) - [j = label_b]) / B
// In double, and by expm1 at the label: a trained network's loss and gradient are differences of
// nearly equal numbers.
Variable cross_entropy(const Variable& scores, std::span<const std::int32_t> labels) {
  check_labels(scores, labels);
  const std::int64_t batch = scores.shape()[0];
  const std::int64_t classes = scores.shape()[1];
  const float* x = scores.value().data();
  Buffer<double> z(static_cast<std::size_t>(batch));
  double total = 0.0;
  for (std::int64_t b = 0; b < batch; ++b) {
    const auto at = static_cast<std::size_t>(b);
    z[at] = log_sum_exp(x + b * classes, classes);
    total += z[at] - static_cast<double>(x[b * classes + labels[at]]);
  }
  const bool record = recording(scores);
  Variable loss(Tensor::scalar(static_cast<float>(total / static_cast<double>(batch))), record);
  if (!record) return loss;

  // Saved: one z per sample and the labels; the softmax is computed again from the scores.
  struct Saved {
    Buffer<double> z;
    Buffer<std::int32_t> labels;
  };
  auto saved =
      std::make_shared<const Saved>(Saved{std::move(z), Buffer<std::int32_t>::copy_of(labels)});
  Tape::current()->record(
      "cross_entropy", [scores, loss, saved = std::move(saved), batch, classes] {
        if (!loss.has_grad()) return;
        const double g = static_cast<double>(loss.grad().item()) / static_cast<double>(batch);
        const float* from = scores.value().data();
        float* to = scores.grad().data();
        for (std::int64_t b = 0; b < batch; ++b, from += classes, to += classes) {
          const auto at = static_cast<std::size_t>(b);
          for (std::int64_t j = 0; j < classes; ++j) {
            const double log_p = static_cast<double>(from[j]) - saved->z[at];
            const double p = j == saved->labels[at] ? std::expm1(log_p) : std::exp(log_p);
            to[j] += static_cast<float>(g * p);
          }
        }
      });
  return loss;
}

// L = 1/n sum_i (x_i - t_i)^2        dL/dx_i = 2 (x_i - t_i) / n
Variable mean_squared_error(const Variable& x, const Tensor& target) {
  ops::require_defined("mean_squared_error", x);
  if (x.shape() != target.shape() || target.size() == 0)
    throw ShapeError(
        fmt::format("mean_squared_error: expected x and target of one shape with at least one "
                    "value, got {} and {}",
                    to_string(x.shape()),
                    to_string(target.shape())));
  const float* values = x.value().data();
  const float* wanted = target.data();
  const double total = parallel_sum(target.size(), ops::kCheapGrain, [=](auto begin, auto end) {
    return ops::lane_sum(end - begin, [=](std::int64_t i) {
      const double difference =
          static_cast<double>(values[begin + i]) - static_cast<double>(wanted[begin + i]);
      return difference * difference;
    });
  });
  const bool record = recording(x);
  Variable loss(Tensor::scalar(static_cast<float>(total / static_cast<double>(target.size()))),
                record);
  if (!record) return loss;

  // Saved: both operands, as handles; the target must not be written before backward().
  Tape::current()->record("mean_squared_error", [x, loss, target] {
    if (!loss.has_grad()) return;
    const float factor = 2.0f * loss.grad().item() / static_cast<float>(target.size());
    const float* from = x.value().data();
    const float* goal = target.data();
    float* to = x.grad().data();
    ops::over_values(target.size(), ops::kCheapGrain, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) to[i] += factor * (from[i] - goal[i]);
    });
  });
  return loss;
}

}  // namespace spiketape
