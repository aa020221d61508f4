// Reading guide: fill_lambda writes dL/dI of a few samples into a scratch that fits the
// second-level cache; each synapse then samples dL/dS at the active sources and scatters into its
// weight gradient. Small weights do both at once: fixed shards of samples run in parallel, each
// with a gradient of its own, and these are added in order. For large weights that would cost too
// much memory: they sample in one pass over the samples and scatter in another, where the two
// halves of the batch and columns of neurons run in parallel. Either way nothing is summed in an
// order that depends on threads.
#include "core/kernels/backpropagate.hpp"

#include <algorithm>
#include <optional>

#include "core/kernels/current.hpp"
#include "core/kernels/events_by_unit.hpp"
#include "core/kernels/simd.hpp"
#include "core/parallel.hpp"

namespace spiketape::cpu {
namespace {

/// Floats that a tile of weights or of lambdas may take to stay in a second-level cache (512 KiB).
constexpr std::int64_t kTileFloats = 128 * 1024;
/// Weights of which each shard of samples may have a gradient of its own.
constexpr std::int64_t kSmallWeights = 64 * 1024;
constexpr std::int64_t kMostShards = 8;

/// One term of the current with the gradients that are wanted of it; null where none is.
struct Projection {
  CurrentView::Term term;
  float* grad_source;
  Tensor* grad_weight;
};

/// Cuts [0, neurons) into at least `pieces` runs of near equal width at multiples of `grain`.
std::vector<Columns> split_columns(std::int64_t neurons, std::int64_t pieces, std::int64_t grain) {
  const std::int64_t grains = (neurons + grain - 1) / grain;
  pieces = std::clamp<std::int64_t>(pieces, 1, std::max<std::int64_t>(grains, 1));
  std::vector<Columns> all;
  for (std::int64_t i = 0; i < pieces; ++i)
    all.push_back(
        {grains * i / pieces * grain, std::min(neurons, grains * (i + 1) / pieces * grain)});
  return all;
}

/// Samples whose lambdas are scattered together; a function of the shape alone, since it sets the
/// order of sums.
std::int64_t group_size(std::int64_t steps, std::int64_t width) {
  return std::clamp<std::int64_t>(
      kTileFloats * 3 / 4 / std::max<std::int64_t>(steps * width, 1), 1, 16);
}

/// The gradient of one task's share, in memory of its own: threads that wrote to neighbouring
/// columns of one matrix would fight for the cache lines between them.
struct Part {
  Columns columns;
  Tensor grad;  ///< [rows of the weight, padded columns]

  Part(const Tensor& whole, Columns own)
      : columns(own),
        grad({whole.size() / whole.dim(-1), padded(own.count())},
             whole.device(),
             MemoryTag::scratch) {}
};

/// Adds the parts, in order, to the rows of `grad`.
void add_parts(const std::vector<std::optional<Part>>& parts, Tensor& grad) {
  const std::int64_t outputs = grad.dim(-1);
  // Fewer rows a task would not be worth waking a thread for.
  const auto floats = outputs * static_cast<std::int64_t>(parts.size());
  const std::int64_t grain =
      std::max<std::int64_t>(kTileFloats / 2 / std::max<std::int64_t>(floats, 1), 8);
  parallel_ranges(grad.size() / outputs, grain, [&](std::int64_t begin, std::int64_t end) {
    for (const std::optional<Part>& part : parts) {
      if (!part) continue;
      for (std::int64_t row = begin; row < end; ++row) {
        const float* const from = part->grad.data() + row * part->grad.dim(1);
        float* const to = grad.data() + row * outputs + part->columns.begin;
        for (std::int64_t j = 0; j < part->columns.count(); ++j) to[j] += from[j];
      }
    }
  });
}

/// Both gradients of a projection with small weights, by shards of samples.
void sample_and_scatter(const CurrentView& current,
                        const FillLambda& fill_lambda,
                        const Projection& projection,
                        std::int64_t shards) {
  const CurrentView::Term& term = projection.term;
  const Columns all{0, current.neurons};
  const bool scatters = projection.grad_weight != nullptr && term.source.event_count() > 0;
  const bool by_unit = scatters && term.synapse.wants_events_by_unit(term.source);
  const std::int64_t size = group_size(current.steps, padded(current.neurons));
  std::vector<std::optional<Part>> parts(static_cast<std::size_t>(shards));
  parallel_for(shards, [&](std::int64_t shard) {
    std::optional<Part>& part = parts[static_cast<std::size_t>(shard)];
    if (scatters) part.emplace(*projection.grad_weight, all);
    const std::int64_t end = current.batch * (shard + 1) / shards;
    RowScratch scratch(size * current.steps, current.neurons);
    for (std::int64_t first = current.batch * shard / shards; first < end; first += size) {
      const std::int64_t samples = std::min(size, end - first);
      const SampleRows<float> lambda = scratch.rows(first, samples, all);
      fill_lambda(lambda);
      if (projection.grad_source != nullptr)
        term.synapse.sample(
            term.source, term.weight, as_const(lambda), term.amplitude, projection.grad_source);
      if (!scatters) continue;
      EventsByUnit events;
      if (by_unit) events = sort_by_unit(term.source, first, samples);
      term.synapse.scatter(term.source,
                           by_unit ? &events : nullptr,
                           as_const(lambda),
                           term.amplitude,
                           part->grad.data(),
                           part->grad.dim(1));
    }
  });
  if (scatters) add_parts(parts, *projection.grad_weight);
}

/// The gradient of the source, by samples.
void sample_source(const CurrentView& current,
                   const FillLambda& fill_lambda,
                   const Projection& projection) {
  const CurrentView::Term& term = projection.term;
  const std::int64_t pieces = term.synapse.inputs() * padded(current.neurons) / kTileFloats + 1;
  const auto tiles = split_columns(current.neurons, pieces, kRowAlignment);
  // Weights that need several tiles are reused by more samples each.
  parallel_ranges(
      current.batch, tiles.size() > 1 ? 32 : 4, [&](std::int64_t begin, std::int64_t end) {
        RowScratch scratch(current.steps, tiles[0].count() + kRowAlignment);
        for (const Columns& columns : tiles)
          for (std::int64_t sample = begin; sample < end; ++sample) {
            const SampleRows<float> lambda = scratch.rows(sample, 1, columns);
            fill_lambda(lambda);
            term.synapse.sample(
                term.source, term.weight, as_const(lambda), term.amplitude, projection.grad_source);
          }
      });
}

/// Consecutive samples whose lambdas are scattered in one call.
struct Group {
  std::int64_t first;
  std::int64_t samples;
  EventsByUnit by_unit;  ///< when several tasks need it
};

/// The groups of each shard of samples.
std::vector<std::vector<Group>> make_groups(const CurrentView& current, std::int64_t shards) {
  const std::int64_t size =
      group_size(current.steps, std::min<std::int64_t>(padded(current.neurons), 256));
  std::vector<std::vector<Group>> groups(static_cast<std::size_t>(shards));
  for (std::int64_t shard = 0; shard < shards; ++shard) {
    const std::int64_t end = current.batch * (shard + 1) / shards;
    for (std::int64_t first = current.batch * shard / shards; first < end; first += size)
      groups[static_cast<std::size_t>(shard)].push_back({first, std::min(size, end - first), {}});
  }
  return groups;
}

void sort_groups(const SpikeTensor& source, std::vector<std::vector<Group>>& groups) {
  std::vector<Group*> all;
  for (auto& shard : groups)
    for (Group& group : shard) all.push_back(&group);
  parallel_for(static_cast<std::int64_t>(all.size()), [&](std::int64_t i) {
    Group& group = *all[static_cast<std::size_t>(i)];
    group.by_unit = sort_by_unit(source, group.first, group.samples);
  });
}

/// The gradient of the weights, by halves of the batch and by columns. A synapse whose columns
/// share weights (grain 0) runs as one task straight into it.
void scatter_weight(const CurrentView& current,
                    const FillLambda& fill_lambda,
                    const Projection& projection) {
  const CurrentView::Term& term = projection.term;
  Tensor& grad = *projection.grad_weight;
  if (term.source.event_count() == 0) return;
  const std::int64_t grain = term.synapse.column_grain(term.source);
  const std::int64_t shards = grain == 0 ? 1 : std::min<std::int64_t>(current.batch, 2);
  // As few columns as keep every thread busy and a block of the gradient in the cache.
  const std::int64_t pieces =
      std::max((thread_count() + shards - 1) / shards, grad.size() / (3 * kTileFloats) + 1);
  const auto blocks = split_columns(
      current.neurons, grain == 0 ? 1 : pieces, std::max<std::int64_t>(grain, kRowAlignment));
  const auto block_count = static_cast<std::int64_t>(blocks.size());
  auto groups = make_groups(current, shards);
  const bool by_unit = term.synapse.wants_events_by_unit(term.source);
  const bool sorted = by_unit && block_count > 1;
  if (sorted) sort_groups(term.source, groups);
  std::vector<std::optional<Part>> parts(static_cast<std::size_t>(shards * block_count));
  parallel_for(shards * block_count, [&](std::int64_t task) {
    const Columns columns = blocks[static_cast<std::size_t>(task % block_count)];
    std::optional<Part>& part = parts[static_cast<std::size_t>(task)];
    if (grain > 0) part.emplace(grad, columns);
    Tensor& own = part ? part->grad : grad;
    const auto& own_groups = groups[static_cast<std::size_t>(task / block_count)];
    RowScratch scratch(own_groups.front().samples * current.steps, columns.count());
    for (const Group& group : own_groups) {
      const SampleRows<float> lambda = scratch.rows(group.first, group.samples, columns);
      fill_lambda(lambda);
      EventsByUnit own_events;
      if (by_unit && !sorted) own_events = sort_by_unit(term.source, group.first, group.samples);
      term.synapse.scatter(term.source,
                           sorted    ? &group.by_unit
                           : by_unit ? &own_events
                                     : nullptr,
                           as_const(lambda),
                           term.amplitude,
                           own.data(),
                           own.dim(-1));
    }
  });
  add_parts(parts, grad);
}

/// dL/dbias = sum of lambda over all samples and steps, in double.
void sum_into_biases(const CurrentView& current,
                     const FillLambda& fill_lambda,
                     std::span<Tensor* const> grads) {
  const auto blocks = split_columns(current.neurons, thread_count(), kRowAlignment);
  parallel_for(static_cast<std::int64_t>(blocks.size()), [&](std::int64_t task) {
    const Columns columns = blocks[static_cast<std::size_t>(task)];
    RowScratch scratch(current.steps, columns.count());
    std::vector<double> sum(static_cast<std::size_t>(columns.count()));
    for (std::int64_t sample = 0; sample < current.batch; ++sample) {
      const SampleRows<float> lambda = scratch.rows(sample, 1, columns);
      fill_lambda(lambda);
      for (std::int64_t step = 0; step < current.steps; ++step)
        for (std::size_t j = 0; j < sum.size(); ++j)
          sum[j] +=
              static_cast<double>(lambda.data[step * lambda.stride + static_cast<std::int64_t>(j)]);
    }
    for (Tensor* grad : grads)
      if (grad != nullptr)
        for (std::size_t j = 0; j < sum.size(); ++j)
          grad->data()[columns.begin + static_cast<std::int64_t>(j)] += static_cast<float>(sum[j]);
  });
}

void backpropagate_one(const CurrentView& current,
                       const FillLambda& fill_lambda,
                       const Projection& projection) {
  if (projection.grad_source == nullptr && projection.grad_weight == nullptr) return;
  const CurrentView::Term& term = projection.term;
  const std::int64_t shards = std::min(current.batch, kMostShards);
  if (term.weight.size() <= kSmallWeights && term.synapse.column_grain(term.source) > 0) {
    sample_and_scatter(current, fill_lambda, projection, shards);
    return;
  }
  if (projection.grad_source != nullptr) sample_source(current, fill_lambda, projection);
  if (projection.grad_weight != nullptr) scatter_weight(current, fill_lambda, projection);
}

}  // namespace

void backpropagate(const CurrentView& current,
                   const SpikeTensor* own_spikes,
                   const FillLambda& fill_lambda,
                   const CurrentGradients& gradients) {
  for (std::size_t i = 0; i < current.terms.size(); ++i)
    backpropagate_one(
        current, fill_lambda, {current.terms[i], gradients.sources[i], gradients.weights[i]});
  if (gradients.recurrence != nullptr) {
    const auto synapse = linear_synapse(current.neurons, current.neurons, SynapsePath::event);
    backpropagate_one(
        current,
        fill_lambda,
        {{*own_spikes, *current.recurrence, *synapse, 1.0f}, nullptr, gradients.recurrence});
  }
  if (std::any_of(gradients.biases.begin(), gradients.biases.end(), [](const Tensor* grad) {
        return grad != nullptr;
      }))
    sum_into_biases(current, fill_lambda, gradients.biases);
}

}  // namespace spiketape::cpu
