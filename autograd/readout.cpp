#include <array>

#include <fmt/format.h>

#include "autograd/current_view.hpp"
#include "autograd/dispatch.hpp"
#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"

namespace spiketape {
namespace {

constexpr std::array<std::string_view, 4> kScoreNames = {"max", "sum", "mean", "last"};

void check(const Current& current, float decay) {
  if (current.recurrence().defined())
    throw Error(fmt::format("{}: a readout has no spikes, so its current cannot have a recurrence",
                            current.name()));
  if (!(decay >= 0.0f && decay < 1.0f))
    throw Error(
        fmt::format("{}: the readout's decay must be in [0, 1), got {}", current.name(), decay));
}

}  // namespace

std::string_view to_string(Score score) { return kScoreNames[static_cast<std::size_t>(score)]; }

Score parse_score(std::string_view text) {
  for (std::size_t i = 0; i < kScoreNames.size(); ++i)
    if (text == kScoreNames[i]) return static_cast<Score>(i);
  throw Error(fmt::format("score: expected max, sum, mean or last, got '{}'", text));
}

// Forward:  O[0] = 0,  O[t+1] = d O[t] + (1 - d) I[t],  z = score over t.
// Backward: p[k] = d p[k+1] + dL/dO[k],  dL/dI[k] = (1 - d) p[k+1];  dL/dO[k] is dL/dz at the step
// of the maximum (max), at every step (sum; mean divides by steps) or at the last one.  Saved: the
// step of each maximum.
Variable readout(const Current& current, float decay, Score score) {
  check(current, decay);
  const Shape shape{current.batch(), current.neurons()};
  const bool recorded = Tape::current() != nullptr && current.wants_grad();
  Variable scores(Tensor(shape, current.device()), recorded);
  auto at = std::make_shared<Buffer<std::int32_t>>(Buffer<std::int32_t>::zeros(
      static_cast<std::size_t>(element_count(shape)), current.device()));
  dispatch<cpu::readout_forward, cuda::readout_forward>(
      current.device(),
      ReadoutForwardArguments{view(current), decay, score, &scores.value(), at.get(), nullptr});
  if (recorded)
    Tape::current()->record("readout " + current.name(), [current, decay, score, scores, at] {
      if (!scores.has_grad()) return;
      dispatch<cpu::readout_backward, cuda::readout_backward>(
          current.device(),
          ReadoutBackwardArguments{view(current),
                                   decay,
                                   score,
                                   &scores.grad(),
                                   at.get(),
                                   nullptr,
                                   wanted_gradients(current)});
    });
  return scores;
}

// The trace itself: dL/dO[k] is given for every step. Saved: nothing but handles of the inputs.
Variable readout_trace(const Current& current, float decay) {
  check(current, decay);
  const bool recorded = Tape::current() != nullptr && current.wants_grad();
  Variable trace(Tensor({current.batch(), current.steps(), current.neurons()}, current.device()),
                 recorded);
  dispatch<cpu::readout_forward, cuda::readout_forward>(
      current.device(),
      ReadoutForwardArguments{view(current), decay, Score::last, nullptr, nullptr, &trace.value()});
  if (recorded)
    Tape::current()->record("readout_trace " + current.name(), [current, decay, trace] {
      if (!trace.has_grad()) return;
      dispatch<cpu::readout_backward, cuda::readout_backward>(
          current.device(),
          ReadoutBackwardArguments{view(current),
                                   decay,
                                   Score::last,
                                   nullptr,
                                   nullptr,
                                   &trace.grad(),
                                   wanted_gradients(current)});
    });
  return trace;
}

}  // namespace spiketape
