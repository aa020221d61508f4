#include "autograd/current.hpp"

#include <fmt/format.h>

#include "autograd/current_view.hpp"
#include "autograd/dispatch.hpp"
#include "core/error.hpp"
#include "core/replay.hpp"

namespace spiketape {
namespace {

void check_shape(const std::string& name,
                 std::string_view what,
                 const Variable& variable,
                 const Shape& expected) {
  if (variable.shape() != expected)
    throw ShapeError(fmt::format("{}: the {} is {}; expected {}",
                                 name,
                                 what,
                                 to_string(variable.shape()),
                                 to_string(expected)));
}

}  // namespace

Current Current::from_synapse(const std::string& name,
                              const SpikeVariable& source,
                              const Variable& weight,
                              std::shared_ptr<const Synapse> synapse) {
  if (source.neurons() != synapse->inputs())
    throw ShapeError(fmt::format("{}: weights are {} but the spikes have {} neurons; expected {}",
                                 name,
                                 to_string(weight.shape()),
                                 source.neurons(),
                                 synapse->inputs()));
  check_shape(name, "weight", weight, synapse->weight_shape());
  // Spikes without rows have no place; they go with any weight.
  if (source.value().rows() > 0)
    require_same_device(name, weight.value().device(), source.value().device());
  Current current;
  current.name_ = name;
  current.device_ = weight.value().device();
  current.neurons_ = synapse->outputs();
  current.terms_.push_back({source, weight, std::move(synapse)});
  return current;
}

Current Current::from_recurrence(const std::string& name, const Variable& weight) {
  if (weight.value().rank() != 2 || weight.value().dim(0) != weight.value().dim(1))
    throw ShapeError(fmt::format("{}: recurrent weights are {}; expected [neurons, neurons]",
                                 name,
                                 to_string(weight.shape())));
  Current current;
  current.name_ = name;
  current.device_ = weight.value().device();
  current.neurons_ = weight.value().dim(0);
  current.recurrence_ = weight;
  return current;
}

Current Current::from_bias(const std::string& name, const Variable& bias) {
  if (bias.value().rank() != 1)
    throw ShapeError(
        fmt::format("{}: the bias is {}; expected [neurons]", name, to_string(bias.shape())));
  Current current;
  current.name_ = name;
  current.device_ = bias.value().device();
  current.neurons_ = bias.value().dim(0);
  current.biases_.push_back(bias);
  return current;
}

Current operator+(Current left, const Current& right) {
  if (left.neurons_ != right.neurons_)
    throw ShapeError(fmt::format(
        "{} + {}: currents of {} and {} neurons cannot be added; expected the same number",
        left.name_,
        right.name_,
        left.neurons_,
        right.neurons_));
  require_same_device(left.name_ + " + " + right.name_, left.device_, right.device_);
  if (left.recurrence_.defined() && right.recurrence_.defined())
    throw Error(fmt::format("{} + {}: a current can have one recurrence; use one recurrent layer",
                            left.name_,
                            right.name_));
  if (!left.terms_.empty() && !right.terms_.empty() &&
      (left.batch() != right.batch() || left.steps() != right.steps()))
    throw ShapeError(
        fmt::format("{} + {}: spikes of {} samples and {} steps cannot be added to {} and {}",
                    left.name_,
                    right.name_,
                    right.batch(),
                    right.steps(),
                    left.batch(),
                    left.steps()));
  if (left.terms_.empty() && !right.terms_.empty()) left.name_ = right.name_;
  left.terms_.insert(left.terms_.end(), right.terms_.begin(), right.terms_.end());
  left.biases_.insert(left.biases_.end(), right.biases_.begin(), right.biases_.end());
  if (right.recurrence_.defined()) left.recurrence_ = right.recurrence_;
  return left;
}

std::int64_t Current::batch() const {
  if (terms_.empty())
    throw ShapeError(fmt::format(
        "{}: a current needs at least one term with spikes to know its batch; add one", name_));
  return terms_.front().source.batch();
}

std::int64_t Current::steps() const {
  batch();
  return terms_.front().source.steps();
}

bool Current::wants_grad() const {
  bool wanted = recurrence_.wants_grad();
  for (const Term& term : terms_) wanted |= term.source.wants_grad() || term.weight.wants_grad();
  for (const Variable& bias : biases_) wanted |= bias.wants_grad();
  return wanted;
}

Tensor dense(const Current& current) {
  return dispatch<cpu::dense_current, cuda::dense_current>(current.device(), view(current));
}

CurrentView view(const Current& current) {
  CurrentView seen{
      .name = current.name(),
      .device = current.device(),
      .batch = current.batch(),
      .steps = current.steps(),
      .neurons = current.neurons(),
      .terms = {},
      .recurrence = current.recurrence().defined() ? &current.recurrence().value() : nullptr,
      .biases = {}};
  for (const Current::Term& term : current.terms())
    seen.terms.push_back(
        {term.source.value(), term.weight.value(), *term.synapse, term.source.amplitude()});
  for (const Variable& bias : current.biases()) seen.biases.push_back(&bias.value());
  if (Replay* const replay = Replay::recording()) {
    for (const Current::Term& term : current.terms()) term.weight.stay_in_place(replay);
    for (const Variable& bias : current.biases()) bias.stay_in_place(replay);
    if (current.recurrence().defined()) current.recurrence().stay_in_place(replay);
  }
  return seen;
}

CurrentGradients wanted_gradients(const Current& current) {
  const auto of = [](const Variable& variable) {
    return variable.wants_grad() ? &variable.grad() : nullptr;
  };
  CurrentGradients wanted;
  for (const Current::Term& term : current.terms()) {
    wanted.sources.push_back(term.source.wants_grad() ? term.source.grad().data() : nullptr);
    wanted.weights.push_back(of(term.weight));
  }
  wanted.recurrence = of(current.recurrence());
  for (const Variable& bias : current.biases()) wanted.biases.push_back(of(bias));
  return wanted;
}

}  // namespace spiketape
