#include "autograd/step_graph.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/buffer.hpp"
#include "core/cuda_backend.hpp"
#include "core/error.hpp"
#include "core/path_table.hpp"
#include "core/replay.hpp"

namespace spiketape {
namespace {

/// More would mean that the step needs other room each time it is run on one batch.
constexpr int kMostRecordings = 16;
constexpr int kMostMisfits = 4;

}  // namespace

/// A recorded step with what it reads and tells.
struct StepGraph::Recorded {
  struct Output {
    Shape shape;
    std::shared_ptr<const void> values;
  };

  Recorded(const SpikeTensor& like, std::span<const std::int32_t> like_labels)
      : shape(like.shape()),
        labels(like_labels.begin(), like_labels.end()),
        count(std::make_shared<std::uint64_t>(like.event_count())) {
    if constexpr (kCudaBuilt) recording = cuda::make_recording(like.device());
    const std::size_t rows = like.events().offsets->size();
    const auto events = static_cast<std::size_t>(like.event_count());
    offsets = std::make_shared<Buffer<std::uint32_t>>(rows, like.device(), MemoryTag::data);
    units = std::make_shared<Buffer<UnitId>>(
        events + events / 8 + 1024, like.device(), MemoryTag::data);
    spikes = SpikeTensor(like.batch(), like.steps(), like.neurons(), {offsets, units, count});
    recording->follow(labels.data(), labels.size() * sizeof(std::int32_t));
    recording->require([same_bits = deterministic(), table = path_table()] {
      return deterministic() == same_bits && path_table() == table;
    });
  }

  bool has_shape_of(const SpikeTensor& batch) const {
    return batch.shape() == shape && batch.device() == spikes.device();
  }
  bool has_room_for(const SpikeTensor& batch) const {
    return batch.event_count() <= static_cast<std::int64_t>(units->size());
  }

  /// Copies within the card, before the work of a replay.
  void bring(const SpikeTensor& batch, std::span<const std::int32_t> batch_labels) {
    const UnitRows& events = batch.events();
    const Device device = batch.device();
    *count = static_cast<std::uint64_t>(events.count());
    copy_bytes(offsets->data(), device, events.offsets->data(), device, events.offsets->bytes());
    if (*count > 0)
      copy_bytes(units->data(), device, events.units->data(), device, *count * sizeof(UnitId));
    std::copy(batch_labels.begin(), batch_labels.end(), labels.begin());
  }

  void record(const Body& body) {
    recording->record([&] {
      for (const Variable& value : body(SpikeVariable(spikes), labels))
        outputs.push_back({value.shape(),
                           recording->download_bytes(
                               value.value().data(),
                               static_cast<std::size_t>(value.value().size()) * sizeof(float))});
    });
  }

  std::vector<Tensor> results() const {
    std::vector<Tensor> values;
    for (const auto& [value_shape, from] : outputs) {
      values.push_back(Tensor::uninitialized(value_shape, kCpu));
      std::memcpy(values.back().data(), from.get(), values.back().values().size_bytes());
    }
    return values;
  }

  Shape shape;
  std::vector<std::int32_t> labels;
  std::shared_ptr<std::uint64_t> count;
  std::shared_ptr<Buffer<std::uint32_t>> offsets;
  std::shared_ptr<Buffer<UnitId>> units;
  SpikeTensor spikes;
  std::unique_ptr<Replay> recording;
  std::vector<Output> outputs;
  std::int64_t replays = 0;
};

StepGraph::StepGraph(Body body, bool replays) : body_(std::move(body)), wanted_(replays) {}
StepGraph::~StepGraph() = default;

std::vector<Tensor> StepGraph::operator()(const SpikeTensor& spikes,
                                          std::span<const std::int32_t> labels) {
  if (may_replay(spikes, labels))
    for (int i = 0; i < kMostRecordings; ++i) {
      if (!why_not_.empty() || (!recorded_ && !record(spikes, labels))) break;
      if (replay(spikes, labels)) return recorded_->results();
      recorded_.reset();
    }
  std::vector<Tensor> values = run(spikes, labels);
  last_shape_ = spikes.shape();
  return values;
}

bool StepGraph::replay(const SpikeTensor& spikes, std::span<const std::int32_t> labels) {
  recorded_->bring(spikes, labels);
  try {
    if (!recorded_->recording->replay()) return false;
  } catch (const BackendError& error) {
    if (recorded_->replays > 0) throw;
    why_not_ = error.what();
    return false;
  }
  last_shape_ = spikes.shape();
  misfits_ = 0;
  ++recorded_->replays;
  ++replays_;
  return true;
}

bool StepGraph::may_replay(const SpikeTensor& spikes, std::span<const std::int32_t> labels) {
  if (!wanted_ || spikes.device() == kCpu || !why_not_.empty() || spikes.rows() == 0 ||
      spikes.active().offsets || static_cast<std::int64_t>(labels.size()) != spikes.batch())
    return false;
  const bool again = last_shape_ == spikes.shape();
  if (!recorded_) return again;
  if (!recorded_->has_shape_of(spikes)) {
    if (again) recorded_.reset();
    return again;
  }
  if (!recorded_->recording->fits()) {
    recorded_.reset();
    if (++misfits_ == kMostMisfits)
      why_not_ =
          "again and again the step's weights had moved, or had gradients already, when it was to "
          "be "
          "replayed; clear gradients between steps, as optimisers do";
    return false;
  }
  if (!recorded_->has_room_for(spikes)) recorded_.reset();
  return true;
}

bool StepGraph::record(const SpikeTensor& spikes, std::span<const std::int32_t> labels) {
  std::unique_ptr<Recorded> recorded;
  try {
    recorded = std::make_unique<Recorded>(spikes, labels);
    recorded->record(body_);
  } catch (const NotYetRecordable&) {
    return false;
  } catch (const BackendError& error) {  // NotRecordable, or one that a plain step may not meet
    why_not_ = error.what();
    return false;
  }
  ++recordings_;
  recorded_ = std::move(recorded);
  return true;
}

std::vector<Tensor> StepGraph::run(const SpikeTensor& spikes,
                                   std::span<const std::int32_t> labels) {
  std::vector<Tensor> values;
  for (const Variable& value : body_(SpikeVariable(spikes), labels))
    values.push_back(value.value().to(kCpu));
  return values;
}

}  // namespace spiketape
