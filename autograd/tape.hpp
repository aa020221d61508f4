#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "autograd/variable.hpp"
#include "core/memory.hpp"

namespace spiketape {

/// The record of a forward pass: a vector of entries in execution order, walked backwards by
/// backward().
///
/// While a Tape lives, ops of its thread record on it; with no tape nothing is kept (inference).
/// Tapes nest: the inner one records until it ends. What ops allocate while a tape lives is booked
/// as MemoryTag::tape.
class Tape {
 public:
  Tape();
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  /// Sets dL/dL = 1 and runs the entries from last to first; each is released as soon as it has
  /// run. Gradients are added to Variable::grad of everything that wants one, so clear parameters'
  /// gradients between steps (optimisers do).
  /// @throws ShapeError when `loss` is not a single value; Error when the tape was used before or
  /// recorded nothing that leads to `loss`; NumericError when the loss is not finite.
  void backward(const Variable& loss);

  /// The tape of this thread, or nullptr.
  static Tape* current();
  /// Adds an entry. `backward` reads its outputs' gradients and adds to its inputs'.
  void record(std::string_view op, std::function<void()> backward);
  std::size_t size() const { return entries_.size(); }
  /// The names of the recorded ops in order, for people who look inside.
  std::vector<std::string> ops() const;

 private:
  struct Entry {
    std::string op;
    std::function<void()> backward;
  };

  std::vector<Entry> entries_;
  Tape* previous_;
  MemoryTagScope booked_as_{MemoryTag::tape};
  bool used_ = false;
};

/// True when a tape is recording and at least one of the inputs wants a gradient: then an op must
/// record.
template <typename... Inputs>
bool recording(const Inputs&... inputs) {
  return Tape::current() != nullptr && (inputs.wants_grad() || ...);
}

/// While it lives, no op of this thread records.
class NoTape {
 public:
  NoTape();
  ~NoTape();
  NoTape(const NoTape&) = delete;
  NoTape& operator=(const NoTape&) = delete;

 private:
  Tape* hidden_;
};

}  // namespace spiketape
