#pragma once

#include <cstdint>
#include <memory>

#include "core/spike_tensor.hpp"
#include "core/tensor.hpp"

namespace spiketape {

class Replay;

/// A dense tensor that may want a gradient. A handle: copies are the same variable.
class Variable {
 public:
  /// An undefined variable; see defined().
  Variable() = default;
  explicit Variable(Tensor value, bool wants_grad = false);

  bool defined() const { return state_ != nullptr; }
  const Tensor& value() const { return state_->value; }
  Tensor& value() { return state_->value; }
  const Shape& shape() const { return value().shape(); }
  /// The only value. @throws ShapeError when there is not exactly one.
  float item() const { return value().item(); }

  bool wants_grad() const { return state_ != nullptr && state_->wants_grad; }
  bool has_grad() const { return state_ != nullptr && state_->has_grad; }
  /// The gradient, of the value's shape; zeros at first use, booked as MemoryTag::gradient.
  /// @throws NotRecordable in a step that a card records, when there was a gradient before it.
  Tensor& grad() const;
  /// Forgets the gradient; the next grad() starts from zeros (in the same memory).
  void clear_grad() const;
  /// A step that `replay` records reads the value: it fits as long as the value's memory is there.
  void stay_in_place(Replay* replay) const;
  /// True for two handles of one variable.
  bool same_as(const Variable& other) const { return state_ == other.state_; }

 private:
  struct State {
    Tensor value;
    Tensor grad;
    bool wants_grad = false;
    bool has_grad = false;
    std::uint64_t recorded_in = 0;  ///< id of the Replay in which the gradient began; else 0
    std::uint64_t made_in = 0;      ///< likewise, of the variable
  };
  void follow_grad(Replay* replay) const;

  std::shared_ptr<State> state_;
};

/// Spikes that may want a gradient: one float per active entry of the value. A handle: copies are
/// the same variable.
class SpikeVariable {
 public:
  SpikeVariable() = default;
  /// `amplitude` is the size of every spike: the current that a synapse makes of it is multiplied
  /// by it (dropout scales the survivors so).
  SpikeVariable(
      SpikeTensor value,
      bool wants_grad = false,
      float amplitude = 1.0f);  // NOLINT(google-explicit-constructor): data feed nets directly

  bool defined() const { return state_ != nullptr; }
  const SpikeTensor& value() const { return state_->value; }
  float amplitude() const { return state_->amplitude; }
  std::int64_t batch() const { return value().batch(); }
  std::int64_t steps() const { return value().steps(); }
  std::int64_t neurons() const { return value().neurons(); }

  bool wants_grad() const { return state_ != nullptr && state_->wants_grad; }
  bool has_grad() const { return state_ != nullptr && state_->has_grad; }
  /// dL/dS at the active entries, shape [active_count]; zeros at first use.
  Tensor& grad() const;

 private:
  struct State {
    SpikeTensor value;
    Tensor grad;
    float amplitude = 1.0f;
    bool wants_grad = false;
    bool has_grad = false;
  };
  std::shared_ptr<State> state_;
};

}  // namespace spiketape
