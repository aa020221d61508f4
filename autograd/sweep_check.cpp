// Reading guide: Layer holds the copied inputs of one layer, library and reference side by side.
// run_backward() fills the library's gradients; derivative() is the reference along one direction;
// compare() puts the two together.
#include "autograd/sweep_check.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "autograd/dual_sweep.hpp"
#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "core/random.hpp"

namespace spiketape {
namespace {

/// One input that gradient flows to: its gradient in the library, and where its entries lie in the
/// reference.
struct Input {
  std::string name;
  std::span<const float> gradient;
  DualMatrix* reference = nullptr;
  std::vector<std::size_t> places;  ///< entry e of the gradient is values[places[e]]
};

/// A term of the current, copied.
struct Term {
  SpikeVariable source;
  Variable weight;
  DualMatrix dual_source;
  DualMatrix dual_weight;
};

class Layer {
 public:
  Layer(const Current& current, const NeuronModel& model) : model_(model), steps_(current.steps()) {
    current_ = copy_terms(current);
    if (current.recurrence().defined()) {
      recurrence_ = copy(current.recurrence());
      dual_recurrence_ = to_dual(recurrence_.value());
      current_ = current_ + Current::from_recurrence(current.name(), recurrence_);
    }
    for (const Variable& bias : current.biases()) {
      biases_.push_back(copy(bias));
      dual_biases_.push_back(to_dual(bias.value()));
      current_ = current_ + Current::from_bias(current.name(), biases_.back());
    }
  }

  /// L = upstream . S at the active entries; gradients of all inputs by the library. `upstream` is
  /// drawn here.
  void run_backward(Random& random) {
    Tape tape;
    spikes_ = spike(current_, model_);
    upstream_.resize(static_cast<std::size_t>(spikes_.value().active_count()));
    for (float& u : upstream_) u = random.normal();
    const Variable loss(Tensor::scalar(0.0f), true);
    tape.record("weighted sum of spikes",
                [this] { std::copy(upstream_.begin(), upstream_.end(), spikes_.grad().data()); });
    tape.backward(loss);
  }

  std::vector<Input> inputs() {
    std::vector<Input> list;
    for (std::size_t k = 0; k < terms_.size(); ++k) {
      Term& term = terms_[k];
      list.push_back(
          dense_input(fmt::format("weights of term {}", k), term.weight, term.dual_weight));
      if (term.source.wants_grad())
        list.push_back({fmt::format("spikes of term {}", k),
                        term.source.grad().values(),
                        &term.dual_source,
                        places(term.source.value())});
    }
    if (recurrence_.defined())
      list.push_back(dense_input("recurrence", recurrence_, dual_recurrence_));
    for (std::size_t k = 0; k < biases_.size(); ++k)
      list.push_back(dense_input(fmt::format("bias {}", k), biases_[k], dual_biases_[k]));
    return list;
  }

  DualSweep reference() const {
    DualMatrix total(current_.batch() * steps_, current_.neurons());
    for (const Term& term : terms_)
      add_projection(
          term.dual_source, term.dual_weight, static_cast<double>(term.source.amplitude()), total);
    for (const DualMatrix& bias : dual_biases_)
      for (std::int64_t row = 0; row < total.rows; ++row)
        for (std::int64_t j = 0; j < total.columns; ++j) total.at(row, j) += bias.at(0, j);
    return dual_sweep(total, steps_, model_, recurrence_.defined() ? &dual_recurrence_ : nullptr);
  }

  /// dL along the tangents that the reference inputs hold now.
  double derivative() const {
    const DualSweep sweep = reference();
    const std::vector<std::size_t> at = places(spikes_.value());
    double sum = 0.0;
    for (std::size_t e = 0; e < at.size(); ++e)
      sum += static_cast<double>(upstream_[e]) * sweep.spikes.values[at[e]].tangent;
    return sum;
  }

  const SpikeTensor& spikes() const { return spikes_.value(); }

 private:
  static Variable copy(const Variable& variable) {
    return Variable(variable.value().clone(), true);
  }

  Current copy_terms(const Current& current) {
    Current sum;
    for (const Current::Term& term : current.terms()) {
      if (term.synapse->weight_shape() != Shape{term.synapse->inputs(), term.synapse->outputs()})
        throw Error(fmt::format("check_sweep_gradient: {}: a '{}' synapse is not a full projection",
                                current.name(),
                                term.synapse->name()));
      terms_.push_back(
          {{term.source.value(), term.source.value().active_count() > 0, term.source.amplitude()},
           copy(term.weight),
           to_dual(term.source.value()),
           to_dual(term.weight.value())});
      const Current next = Current::from_synapse(
          current.name(), terms_.back().source, terms_.back().weight, term.synapse);
      sum = terms_.size() == 1 ? next : sum + next;
    }
    return sum;
  }

  static Input dense_input(std::string name, const Variable& variable, DualMatrix& reference) {
    Input input{std::move(name), variable.grad().values(), &reference, {}};
    for (std::size_t e = 0; e < reference.values.size(); ++e) input.places.push_back(e);
    return input;
  }

  /// Where each active entry lies in a dense [rows, neurons] matrix.
  static std::vector<std::size_t> places(const SpikeTensor& spikes) {
    std::vector<std::size_t> list;
    const auto offsets = spikes.active_offsets();
    const auto width = static_cast<std::size_t>(spikes.neurons());
    for (std::size_t row = 0; row + 1 < offsets.size(); ++row)
      for (auto e = offsets[row]; e < offsets[row + 1]; ++e)
        list.push_back(row * width + spikes.active_units()[e]);
    return list;
  }

  NeuronModel model_;
  std::int64_t steps_;
  Current current_;
  std::vector<Term> terms_;
  Variable recurrence_;
  DualMatrix dual_recurrence_;
  std::vector<Variable> biases_;
  std::vector<DualMatrix> dual_biases_;
  SpikeVariable spikes_;
  std::vector<float> upstream_;
};

/// Whether who fires and who is active agree, entry by entry.
bool same_sets(const SpikeTensor& spikes, const DualSweep& reference, const NeuronModel& model) {
  const std::vector<float> ones(static_cast<std::size_t>(spikes.active_count()), 1.0f);
  const Tensor fired = spikes.to_dense();
  const Tensor active = spikes.active_to_dense(ones);
  for (std::size_t i = 0; i < reference.spikes.values.size(); ++i) {
    const float expected_active =
        is_active(model, reference.membrane.values[i].value) ? 1.0f : 0.0f;
    if (static_cast<double>(fired.values()[i]) != reference.spikes.values[i].value ||
        active.values()[i] != expected_active)
      return false;
  }
  return true;
}

/// The norm-wise relative error of one input's gradient, estimated along random directions.
double error_of(const Layer& layer, Input& input, int directions, Random& random) {
  double norm = 0.0;
  for (const float g : input.gradient) norm += static_cast<double>(g) * static_cast<double>(g);
  norm = std::sqrt(norm);
  double squares = 0.0;
  for (int k = 0; k < directions; ++k) {
    double product = 0.0;
    for (const std::size_t place : input.places) input.reference->values[place].tangent = 0.0;
    for (std::size_t e = 0; e < input.places.size(); ++e) {
      const double sign = (random.bits() & 1u) != 0u ? 1.0 : -1.0;
      input.reference->values[input.places[e]].tangent += sign;
      product += sign * static_cast<double>(input.gradient[e]);
    }
    squares += std::pow(product - layer.derivative(), 2.0);
  }
  for (const std::size_t place : input.places) input.reference->values[place].tangent = 0.0;
  const double error = std::sqrt(squares / std::max(directions, 1));
  return error == 0.0 ? 0.0 : error / std::max(norm, std::numeric_limits<double>::min());
}

}  // namespace

SweepCheckResult check_sweep_gradient(const Current& current,
                                      const NeuronModel& model,
                                      const SweepCheckOptions& options) {
  Random random(options.seed, random_stream("sweep check"));
  Layer layer(current, model);
  layer.run_backward(random);
  const DualSweep reference = layer.reference();

  SweepCheckResult result;
  result.margin = rounding_margin(model, reference.membrane);
  result.spikes = layer.spikes().event_count();
  result.active = layer.spikes().active_count();
  if (!same_sets(layer.spikes(), reference, model)) {
    result.passed = false;
    result.error = std::numeric_limits<double>::infinity();
    result.message = fmt::format(
        "spikes or active set differ from the reference; the membranes keep {:.1e} from threshold "
        "and window "
        "(below 1e-5: rounding, choose other weights)",
        result.margin);
    return result;
  }
  for (Input& input : layer.inputs()) {
    const double error = error_of(layer, input, options.directions, random);
    const bool good = error <= options.tolerance;
    result.passed = result.passed && good;
    if (good && error <= result.error) continue;
    if (error > result.error || std::isnan(error)) result.error = error;
    result.message += fmt::format("gradient of the {}: relative error {:.2e}; ", input.name, error);
  }
  return result;
}

}  // namespace spiketape
