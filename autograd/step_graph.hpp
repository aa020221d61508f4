#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "autograd/variable.hpp"

namespace spiketape {

/// A training step, which runs again and again on batches of one shape. A card takes note of it
/// once, as a CUDA graph, and then does it by one launch and one wait; on the CPU, or where it
/// cannot be recorded, it simply runs.
///
///     StepGraph step([&](const SpikeVariable& spikes, std::span<const std::int32_t> labels) {
///       Tape tape;
///       Variable loss = cross_entropy(net.forward(spikes), labels);
///       tape.backward(loss);
///       adam.step();
///       return std::vector<Variable>{loss};
///     });
///     for (const Batch& batch : loader) loss_sum += step(batch.spikes, batch.labels)[0].item();
///
/// The update comes last in the body, or after step(), e.g. when gradients are to be clipped: their
/// norm is something that the host waits for.
class StepGraph {
 public:
  /// Returns what the caller wants to see. At a replay the card's work is done again, and no line
  /// of the body runs: what changes from step to step has to come from the two arguments (and from
  /// counters: Dropout). A step whose results turn out to be void may have written to arrays that
  /// outlive it; only what optimisers change is safe from that.
  using Body = std::function<std::vector<Variable>(const SpikeVariable& spikes,
                                                   std::span<const std::int32_t> labels)>;

  /// `replays` false: the body runs each time.
  explicit StepGraph(Body body, bool replays = true);
  ~StepGraph();
  StepGraph(const StepGraph&) = delete;
  StepGraph& operator=(const StepGraph&) = delete;

  /// One step; returns the body's values on the CPU. The first step of a shape runs, the second is
  /// recorded. A batch of another shape in between, as the last one of an epoch, runs. So does a
  /// step whose gradients would be added to ones that are there.
  /// @throws what the body throws; at a replay NumericError for membranes, readouts and losses that
  /// are not finite, and DataError for labels out of range, in the same words. No gradient is left
  /// then, and nothing is updated.
  std::vector<Tensor> operator()(const SpikeTensor& spikes, std::span<const std::int32_t> labels);

  /// Why the body cannot be recorded; empty as far as is known.
  const std::string& why_not() const { return why_not_; }
  std::int64_t recordings() const { return recordings_; }
  std::int64_t replays() const { return replays_; }

 private:
  struct Recorded;

  std::vector<Tensor> run(const SpikeTensor& spikes, std::span<const std::int32_t> labels);
  bool may_replay(const SpikeTensor& spikes, std::span<const std::int32_t> labels);
  /// False: the results are void.
  bool replay(const SpikeTensor& spikes, std::span<const std::int32_t> labels);
  /// Records the body for batches like this one; false when it cannot be recorded.
  bool record(const SpikeTensor& spikes, std::span<const std::int32_t> labels);

  Body body_;
  bool wanted_;
  std::string why_not_;
  Shape last_shape_;
  std::unique_ptr<Recorded> recorded_;
  int misfits_ = 0;
  std::int64_t recordings_ = 0;
  std::int64_t replays_ = 0;
};

}  // namespace spiketape
