// Reading guide: backpropagate() makes two passes, each of which lets fill_lambda write dL/dI of a
// few samples into a scratch that fits the second-level cache. Pass 1 runs samples in parallel and
// lets each synapse sample dL/dS at active sources. Pass 2 runs columns of neurons in parallel, all
// samples in order, and lets each synapse scatter into its own columns of the weight gradient: no
// copies per thread, no sum whose order depends on threads.
#include "core/kernels/current.hpp"

#include <algorithm>

#include "core/kernels/linear_events.hpp"
#include "core/kernels/simd.hpp"
#include "core/parallel.hpp"

namespace spiketape::cpu {
namespace {

/// Floats that a tile of weights or of lambdas may take to stay in a second-level cache (512 KiB).
constexpr std::int64_t kTileFloats = 128 * 1024;

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

void sample_sources(const CurrentView& current,
                    const FillLambda& fill_lambda,
                    std::span<float* const> grads) {
  for (std::size_t i = 0; i < current.terms.size(); ++i) {
    if (grads[i] == nullptr) continue;
    const CurrentView::Term& term = current.terms[i];
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
                  term.source, term.weight, as_const(lambda), term.amplitude, grads[i]);
            }
        });
  }
}

/// Samples whose lambdas are scattered together; a function of the shape alone, since it sets the
/// order of sums.
std::int64_t scatter_group(const CurrentView& current) {
  const std::int64_t width = std::min<std::int64_t>(padded(current.neurons), 128);
  return std::clamp<std::int64_t>(
      kTileFloats * 3 / 4 / std::max<std::int64_t>(current.steps * width, 1), 1, 16);
}

/// Consecutive samples whose lambdas are scattered in one call.
struct Group {
  std::int64_t first = 0;
  std::int64_t samples = 0;
  EventsByUnit by_unit;
};

/// What scatter_weights() needs to know of a term or of the recurrence.
struct Scatter {
  const SpikeTensor& source;
  bool by_unit;        ///< sort the events by unit first
  std::int64_t grain;  ///< see Synapse::column_grain()
  std::function<void(
      const Group&, const SampleRows<const float>& lambda, float* grad, std::int64_t stride)>
      run;
};

/// Cuts the batch into `shards`, and each shard into groups.
std::vector<std::vector<Group>> make_groups(const CurrentView& current,
                                            const Scatter& scatter,
                                            std::int64_t shards) {
  const std::int64_t size = scatter_group(current);
  std::vector<std::vector<Group>> groups(static_cast<std::size_t>(shards));
  std::vector<Group*> all;
  for (std::int64_t shard = 0; shard < shards; ++shard) {
    auto& own = groups[static_cast<std::size_t>(shard)];
    const std::int64_t end = current.batch * (shard + 1) / shards;
    for (std::int64_t first = current.batch * shard / shards; first < end; first += size)
      own.push_back({first, std::min(size, end - first), {}});
    for (Group& group : own) all.push_back(&group);
  }
  if (scatter.by_unit)
    parallel_for(static_cast<std::int64_t>(all.size()), [&](std::int64_t i) {
      Group& group = *all[static_cast<std::size_t>(i)];
      group.by_unit = sort_by_unit(scatter.source, group.first, group.samples);
    });
  return groups;
}

/// The gradient of one task's columns, in memory of its own: threads that wrote to neighbouring
/// columns of one matrix would fight for the cache lines between them.
struct Part {
  Columns columns;
  Tensor grad;  ///< [rows of the weight, padded columns]
};

/// Adds the parts of each shard, in order, to the rows of `grad`.
void add_parts(const std::vector<Part>& parts, Tensor& grad) {
  const std::int64_t outputs = grad.dim(-1);
  parallel_ranges(grad.size() / outputs, 64, [&](std::int64_t begin, std::int64_t end) {
    for (const Part& part : parts) {
      if (part.grad.size() == 0) continue;
      for (std::int64_t row = begin; row < end; ++row) {
        const float* const from = part.grad.data() + row * part.grad.dim(1);
        float* const to = grad.data() + row * outputs + part.columns.begin;
        for (std::int64_t j = 0; j < part.columns.count(); ++j) to[j] += from[j];
      }
    }
  });
}

/// Scatters all samples, columns in parallel. Layers too narrow to split run fixed shards of
/// samples in parallel instead. A synapse whose columns share weights (grain 0) runs as one task
/// straight into `grad`.
void scatter_weights(const CurrentView& current,
                     const FillLambda& fill_lambda,
                     const Scatter& scatter,
                     Tensor& grad) {
  if (scatter.source.event_count() == 0) return;
  const bool shared = scatter.grain == 0;
  const bool narrow = !shared && padded(current.neurons) <= 64 && grad.size() <= kTileFloats;
  const std::int64_t shards = narrow ? std::clamp<std::int64_t>(current.batch / 8, 1, 16) : 1;
  const std::int64_t threads = thread_count();
  const std::int64_t rounds =
      current.steps * padded(current.neurons) / threads / (2 * kTileFloats) + 1;
  const auto blocks = split_columns(current.neurons,
                                    narrow || shared ? 1 : threads * rounds,
                                    std::max<std::int64_t>(scatter.grain, kRowAlignment));
  const auto groups = make_groups(current, scatter, shards);
  const auto block_count = static_cast<std::int64_t>(blocks.size());
  std::vector<Part> parts(static_cast<std::size_t>(block_count * shards));
  parallel_for(block_count * shards, [&](std::int64_t task) {
    const auto& own = groups[static_cast<std::size_t>(task / block_count)];
    if (own.empty()) return;
    Part& part = parts[static_cast<std::size_t>(task)];
    part.columns = blocks[static_cast<std::size_t>(task % block_count)];
    const std::int64_t stride = shared ? grad.dim(-1) : padded(part.columns.count());
    if (!shared)
      part.grad = Tensor({grad.size() / grad.dim(-1), stride}, grad.device(), MemoryTag::scratch);
    RowScratch scratch(own.front().samples * current.steps, part.columns.count());
    for (const Group& group : own) {
      const SampleRows<float> lambda = scratch.rows(group.first, group.samples, part.columns);
      fill_lambda(lambda);
      scatter.run(group, as_const(lambda), shared ? grad.data() : part.grad.data(), stride);
    }
  });
  if (!shared) add_parts(parts, grad);
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

}  // namespace

RowScratch::RowScratch(std::int64_t rows, std::int64_t columns)
    : stride_(padded(columns)),
      data_(static_cast<std::size_t>(rows * stride_), kCpu, MemoryTag::scratch) {}

SampleRows<float> RowScratch::rows(std::int64_t first_sample,
                                   std::int64_t samples,
                                   Columns columns) {
  return {data_.data(), padded(columns.count()), first_sample, samples, columns};
}

SampleRows<const float> as_const(const SampleRows<float>& rows) {
  return {rows.data, rows.stride, rows.first_sample, rows.samples, rows.columns};
}

Buffer<double> total_bias(const CurrentView& current) {
  if (current.biases.empty()) return {};
  auto total = Buffer<double>::zeros(
      static_cast<std::size_t>(padded(current.neurons)), kCpu, MemoryTag::scratch);
  for (const Tensor* bias : current.biases)
    for (std::int64_t j = 0; j < current.neurons; ++j)
      total.data()[j] += static_cast<double>(bias->data()[j]);
  return total;
}

void fill_current(const CurrentView& current,
                  const Buffer<double>& bias,
                  const std::function<bool(const CurrentView::Term&)>& wanted,
                  const SampleRows<float>& rows) {
  for (std::int64_t row = 0; row < rows.samples * current.steps; ++row) {
    float* const to = rows.data + row * rows.stride;
    if (bias.empty())
      std::fill_n(to, rows.stride, 0.0f);
    else
      std::transform(bias.data() + rows.columns.begin,
                     bias.data() + rows.columns.begin + rows.stride,
                     to,
                     [](double x) { return static_cast<float>(x); });
  }
  for (const CurrentView::Term& term : current.terms)
    if (wanted(term)) term.synapse.gather(term.source, term.weight, term.amplitude, rows);
}

void backpropagate(const CurrentView& current,
                   const SpikeTensor* own_spikes,
                   const FillLambda& fill_lambda,
                   const CurrentGradients& gradients) {
  sample_sources(current, fill_lambda, gradients.sources);
  for (std::size_t i = 0; i < current.terms.size(); ++i) {
    if (gradients.weights[i] == nullptr) continue;
    const CurrentView::Term& term = current.terms[i];
    const bool by_unit = term.synapse.wants_events_by_unit(term.source);
    const Scatter scatter{term.source,
                          by_unit,
                          term.synapse.column_grain(term.source),
                          [&](const Group& group,
                              const SampleRows<const float>& lambda,
                              float* grad,
                              std::int64_t stride) {
                            term.synapse.scatter(term.source,
                                                 by_unit ? &group.by_unit : nullptr,
                                                 lambda,
                                                 term.amplitude,
                                                 grad,
                                                 stride);
                          }};
    scatter_weights(current, fill_lambda, scatter, *gradients.weights[i]);
  }
  if (gradients.recurrence != nullptr)
    scatter_weights(
        current,
        fill_lambda,
        {*own_spikes,
         true,
         kRowAlignment,
         [&](const Group& group,
             const SampleRows<const float>& lambda,
             float* grad,
             std::int64_t stride) { scatter_events(group.by_unit, lambda, 1.0f, grad, stride); }},
        *gradients.recurrence);
  if (std::any_of(gradients.biases.begin(), gradients.biases.end(), [](const Tensor* grad) {
        return grad != nullptr;
      }))
    sum_into_biases(current, fill_lambda, gradients.biases);
}

Tensor dense_current(const CurrentView& current) {
  Tensor dense({current.batch, current.steps, current.neurons});
  const Buffer<double> bias = total_bias(current);
  parallel_for(current.batch, [&](std::int64_t sample) {
    RowScratch scratch(current.steps, current.neurons);
    const SampleRows<float> rows = scratch.rows(sample, 1, {0, current.neurons});
    fill_current(
        current, bias, [](const CurrentView::Term&) { return true; }, rows);
    for (std::int64_t step = 0; step < current.steps; ++step)
      std::copy_n(rows.data + step * rows.stride,
                  current.neurons,
                  dense.data() + (sample * current.steps + step) * current.neurons);
  });
  return dense;
}

}  // namespace spiketape::cpu
