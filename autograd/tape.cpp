#include "autograd/tape.hpp"

#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/replay.hpp"

namespace spiketape {
namespace {

thread_local Tape* current_tape = nullptr;

void require_finite_loss(float loss) {
  if (!std::isfinite(loss))
    throw NumericError(fmt::format(
        "tape: the loss is {}; check the inputs and the weights for values that are not finite",
        loss));
}

}  // namespace

Tape::Tape() : previous_(std::exchange(current_tape, this)) {}

Tape::~Tape() { current_tape = previous_; }

Tape* Tape::current() { return current_tape; }

void Tape::record(std::string_view op, std::function<void()> backward) {
  if (used_)
    throw Error(fmt::format(
        "tape: cannot record '{}' after backward(); make a new Tape for each step", op));
  entries_.push_back({std::string(op), std::move(backward)});
}

std::vector<std::string> Tape::ops() const {
  std::vector<std::string> names;
  names.reserve(entries_.size());
  for (const Entry& entry : entries_) names.push_back(entry.op);
  return names;
}

void Tape::backward(const Variable& loss) {
  if (used_)
    throw Error(
        "tape: backward() was called before; run forward again under a new Tape for a second one");
  if (!loss.defined() || loss.value().size() != 1)
    throw ShapeError(fmt::format(
        "tape: backward() needs a single value, the loss has shape {}; take a mean or a sum",
        loss.defined() ? to_string(loss.shape()) : "none"));
  if (!loss.wants_grad())
    throw Error(
        "tape: the loss depends on no parameter that wants a gradient; was it computed while this "
        "Tape lived?");
  if (Replay* const replay = Replay::recording())  // there is no loss before it is replayed
    replay->judge([seen = replay->watch(loss.value().data())] {
      require_finite_loss(*seen);
      return true;
    });
  else
    require_finite_loss(loss.item());
  used_ = true;
  const MemoryTagScope booked_as(MemoryTag::gradient);
  const NoTape silent;
  loss.grad().fill(1.0f);
  while (!entries_.empty()) {
    const Entry entry = std::move(entries_.back());
    entries_.pop_back();
    entry.backward();
  }
}

NoTape::NoTape() : hidden_(std::exchange(current_tape, nullptr)) {}
NoTape::~NoTape() { current_tape = hidden_; }

}  // namespace spiketape
