#include "autograd/ops/loss.hpp"

#include <memory>
#include <utility>

#include <fmt/format.h>

#include "autograd/dispatch.hpp"
#include "autograd/ops/common.hpp"
#include "autograd/tape.hpp"
#include "core/buffer.hpp"
#include "core/error.hpp"
#include "core/kernels/loss.hpp"
#include "core/replay.hpp"

namespace spiketape {
namespace {

void check_range(std::span<const std::int32_t> labels, std::int64_t classes) {
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i] < 0 || labels[i] >= classes)
      throw DataError(fmt::format(
          "cross_entropy: the label of sample {} is {}, expected 0 to {}; check the data "
          "set or give the network that many outputs",
          i,
          labels[i],
          classes - 1));
}

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
  check_range(labels, classes);
  if (Replay* const replay = Replay::recording(); replay && replay->follows(labels.data()))
    replay->before([labels, classes] { check_range(labels, classes); });
}

}  // namespace

// L = 1/B sum_b (z_b - x[b, label_b]), z_b = ln(sum_j exp(x[b, j]))
// dL/dx[b, j] = (exp(x[b, j] - z_b) - [j = label_b]) / B
// In double, and by expm1 at the label: a trained network's loss and gradient are differences of
// nearly equal numbers.
Variable cross_entropy(const Variable& scores, std::span<const std::int32_t> labels) {
  check_labels(scores, labels);
  const Device device = scores.value().device();
  const std::int64_t batch = scores.shape()[0];
  const std::int64_t classes = scores.shape()[1];
  struct Saved {
    Buffer<double> z;
    Buffer<std::int32_t> labels;
  };
  auto saved = std::make_shared<Saved>(
      Saved{Buffer<double>(static_cast<std::size_t>(batch), device),
            Buffer<std::int32_t>::copy_of(labels, current_memory_tag(), device)});
  Tensor value = Tensor::uninitialized({}, device);
  dispatch<cpu::cross_entropy_forward, cuda::cross_entropy_forward>(
      device,
      CrossEntropyForwardArguments{.device = device,
                                   .batch = batch,
                                   .classes = classes,
                                   .scores = scores.value().data(),
                                   .labels = saved->labels.data(),
                                   .z = saved->z.data(),
                                   .loss = value.data()});
  const bool record = recording(scores);
  Variable loss(std::move(value), record);
  if (!record) return loss;

  // Saved: one z per sample and the labels; the softmax is computed again from the scores.
  Tape::current()->record("cross_entropy",
                          [scores, loss, saved = std::move(saved), batch, classes, device] {
                            if (!loss.has_grad()) return;
                            dispatch<cpu::cross_entropy_backward, cuda::cross_entropy_backward>(
                                device,
                                CrossEntropyBackwardArguments{.device = device,
                                                              .batch = batch,
                                                              .classes = classes,
                                                              .scores = scores.value().data(),
                                                              .labels = saved->labels.data(),
                                                              .z = saved->z.data(),
                                                              .grad_loss = loss.grad().data(),
                                                              .grad_scores = scores.grad().data()});
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
  const Device device = x.value().device();
  require_same_device("mean_squared_error", device, target.device());
  Tensor value = Tensor::uninitialized({}, device);
  dispatch<cpu::mean_squared_error_forward, cuda::mean_squared_error_forward>(
      device,
      MeanSquaredErrorForwardArguments{.device = device,
                                       .count = target.size(),
                                       .x = x.value().data(),
                                       .target = target.data(),
                                       .loss = value.data()});
  const bool record = recording(x);
  Variable loss(std::move(value), record);
  if (!record) return loss;

  // Saved: both operands, as handles; the target must not be written before backward().
  Tape::current()->record("mean_squared_error", [x, loss, target, device] {
    if (!loss.has_grad()) return;
    dispatch<cpu::mean_squared_error_backward, cuda::mean_squared_error_backward>(
        device,
        MeanSquaredErrorBackwardArguments{.device = device,
                                          .count = target.size(),
                                          .x = x.value().data(),
                                          .target = target.data(),
                                          .grad_loss = loss.grad().data(),
                                          .grad_x = x.grad().data()});
  });
  return loss;
}

}  // namespace spiketape
