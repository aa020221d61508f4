#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "autograd/named.hpp"

namespace spiketape {

/// Changes parameters by their gradients, on the device where they are: make it after the network
/// was moved there. Derived classes say how parameters are updated; this class owns what they
/// remember between steps (the slots, e.g. Adam's two moments), and saves and loads it by name.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// Applies the gradients, then clears them. A parameter without a gradient in this step (it took
  /// no part in the loss, or wants none) is skipped whole: value, slots and its own step count stay
  /// as they are, weight decay included.
  /// In the body of a StepGraph it is part of what a card replays: it is called once, and last, for
  /// gradients of the body's own.
  /// @throws BackendError when a parameter was moved to another device after the optimiser was
  /// made.
  void step();

  /// Clears all gradients without applying them.
  void zero_grad();

  float learning_rate() const { return learning_rate_; }
  /// @throws Error unless finite and at least 0.
  void set_learning_rate(float learning_rate);

  /// Calls of step() so far.
  std::int64_t steps_done() const { return steps_done_; }
  const std::vector<NamedVariable>& parameters() const { return parameters_; }

  /// All that a resumed run needs, by name: "steps", and for each parameter "<parameter>/steps" and
  /// one "<parameter>/<slot>" of its shape per slot. Step counts are [2] tensors on the CPU: count
  /// % 2^24, count / 2^24, both exact. The slots are on the device and share memory with the
  /// optimiser: save them before the next step().
  /// The learning rate is a setting and is not part of the state.
  std::vector<NamedTensor> state() const;

  /// Copies what state() gave, from any device. Nothing is changed when it throws.
  /// @throws DataError for a missing, unknown or doubled name, ShapeError for another shape; both
  /// say what to do.
  void load_state(std::span<const NamedTensor> state);

 protected:
  /// @param slots names of what is remembered per parameter, e.g. {"m", "v"}; all start as zeros.
  /// @throws Error for an undefined variable, a name or a variable that is there twice, or a bad
  /// learning rate; BackendError for parameters on two devices.
  Optimizer(std::string name,
            std::vector<NamedVariable> parameters,
            float learning_rate,
            std::vector<std::string> slots);

  /// Where the parameters and slots are.
  Device device() const { return device_; }

  /// In a recording: `numbers` on the host are those of each replay, not of the recorded step.
  static void follow(std::span<const std::byte> numbers);

  /// What update() may read and write of a parameter, on device(): `count` values of each.
  struct Update {
    float* value;
    const float* grad;
    std::int64_t count;
    std::span<Tensor> slots;  ///< in the order of the constructor's names
  };

 private:
  using Indices = std::vector<std::size_t>;  ///< of parameters_
  Indices with_gradients() const;
  bool refresh_for(const Indices& which);
  std::vector<Update> updates(const Indices& which);
  void finish_step(const Indices& which);

  /// Updates all parameters that have a gradient in this step, at once.
  virtual void update(std::span<const Update> parameters) = 0;
  /// Works out the numbers that change from step to step, for parameters that are updated the
  /// steps[i]-th time. Called before each update(), and before each replay of one, whose numbers
  /// update() has to follow(). False: update() cannot be recorded.
  virtual bool refresh(std::span<const std::int64_t> steps);

  std::string name_;
  std::vector<NamedVariable> parameters_;
  Device device_;
  float learning_rate_ = 0.0f;
  std::vector<std::string> slot_names_;
  std::vector<std::vector<Tensor>> slots_;  ///< [parameter][slot]
  std::vector<std::int64_t> parameter_steps_;
  std::int64_t steps_done_ = 0;
  std::uint64_t recorded_in_ = 0;  ///< the Replay::id() that has a step of this
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace spiketape
