#pragma once

#include <memory>
#include <vector>

#include "autograd/variable.hpp"
#include "core/synapse.hpp"

namespace spiketape {

/// A recipe for the input current of a layer, not a tensor: a sum of (spikes, synapse) terms, an
/// own recurrence and a bias, e.g. `fc(x) + skip(y) + bias`. It is consumed by spike() or
/// readout(), inside whose time loop it is evaluated; dense(current) materialises it for
/// inspection.
class Current {
 public:
  struct Term {
    SpikeVariable source;
    Variable weight;
    std::shared_ptr<const Synapse> synapse;
  };

  /// One term. @throws ShapeError when the spikes' neurons are not the synapse's inputs or the
  /// weight's shape is not its weight_shape(), BackendError when they are on two devices; `name`
  /// (of the layer) begins the message.
  static Current from_synapse(const std::string& name,
                              const SpikeVariable& source,
                              const Variable& weight,
                              std::shared_ptr<const Synapse> synapse);
  /// The layer's own spikes through weights [neurons, neurons]: spikes of step t arrive with the
  /// current of step t.
  static Current from_recurrence(const std::string& name, const Variable& weight);
  /// A constant current [neurons] at every step.
  static Current from_bias(const std::string& name, const Variable& bias);

  /// Sums two recipes. @throws ShapeError when their neurons, batches or steps differ,
  /// BackendError when their devices do; Error for two recurrences.
  friend Current operator+(Current left, const Current& right);

  std::int64_t neurons() const { return neurons_; }
  const std::vector<Term>& terms() const { return terms_; }
  const Variable& recurrence() const { return recurrence_; }  ///< undefined when there is none
  const std::vector<Variable>& biases() const { return biases_; }
  const std::string& name() const { return name_; }
  /// Where everything of the recipe is.
  Device device() const { return device_; }
  /// Shape of the sequence. @throws ShapeError when there is no spike term that tells it.
  std::int64_t batch() const;
  std::int64_t steps() const;
  bool wants_grad() const;

 private:
  std::string name_;
  Device device_;
  std::int64_t neurons_ = 0;
  std::vector<Term> terms_;
  Variable recurrence_;
  std::vector<Variable> biases_;
};

/// The current of every step, [batch, step, neuron], without the recurrence (which needs a neuron).
/// For people and tests.
Tensor dense(const Current& current);

}  // namespace spiketape
