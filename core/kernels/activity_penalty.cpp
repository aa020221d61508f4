// Straight from the spikes, without a [batch, neuron] array: each sample counts its events into a
// scratch row, and backward counts again.
#include "core/kernels/activity_penalty.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include "core/parallel.hpp"

namespace spiketape::cpu {
namespace {

/// Samples whose counts are worth waking a thread for.
std::int64_t samples_per_task(const SpikeTensor& spikes) {
  return std::max<std::int64_t>(65'536 / std::max<std::int64_t>(spikes.neurons(), 1), 8);
}

/// Counts of one sample's spikes, [neuron].
void count_spikes(const SpikeTensor& spikes, std::int64_t sample, std::vector<float>& counts) {
  counts.assign(static_cast<std::size_t>(spikes.neurons()), 0.0f);
  const auto offsets = spikes.event_offsets();
  if (offsets.empty()) return;
  const auto first = static_cast<std::size_t>(sample * spikes.steps());
  const std::uint32_t end = offsets[first + static_cast<std::size_t>(spikes.steps())];
  const auto units = spikes.event_units();
  float* const count = counts.data();
  for (std::uint32_t e = offsets[first]; e < end; ++e) count[units[e]] += 1.0f;
}

float relu(float x) { return x > 0.0f ? x : 0.0f; }

/// sum_j relu(lower - counts_j)^2, in lanes that a compiler can put into one vector.
float shortfall(const std::vector<float>& counts, float lower) {
  constexpr std::size_t kLanes = 16;
  std::array<float, kLanes> sums{};
  const auto add = [&](std::size_t lane, float count) {
    const float missing = relu(lower - count);
    sums[lane] += missing * missing;
  };
  std::size_t j = 0;
  for (; j + kLanes <= counts.size(); j += kLanes)
    for (std::size_t lane = 0; lane < kLanes; ++lane) add(lane, counts[j + lane]);
  for (std::size_t lane = 0; j < counts.size(); ++j, ++lane) add(lane, counts[j]);
  return std::accumulate(sums.begin(), sums.end(), 0.0f);
}

/// The penalty of one sample.
float penalty_of(const ActivityPenalty& penalty, const std::vector<float>& counts, float mean) {
  return penalty.lambda_upper * std::pow(relu(mean - penalty.upper), penalty.power) +
         penalty.lambda_lower * shortfall(counts, penalty.lower) /
             static_cast<float>(counts.size());
}

float mean_count(const SpikeTensor& spikes, std::int64_t sample) {
  const auto offsets = spikes.event_offsets();
  if (offsets.empty()) return 0.0f;
  const auto first = static_cast<std::size_t>(sample * spikes.steps());
  const std::uint32_t events =
      offsets[first + static_cast<std::size_t>(spikes.steps())] - offsets[first];
  return static_cast<float>(events) / static_cast<float>(spikes.neurons());
}

}  // namespace

void activity_penalty_forward(const ActivityPenaltyForwardArguments& arguments) {
  const SpikeTensor& spikes = arguments.spikes;
  std::vector<float> penalties(static_cast<std::size_t>(spikes.batch()));
  parallel_ranges(
      spikes.batch(), samples_per_task(spikes), [&](std::int64_t begin, std::int64_t end) {
        std::vector<float> counts;
        for (std::int64_t b = begin; b < end; ++b) {
          count_spikes(spikes, b, counts);
          penalties[static_cast<std::size_t>(b)] =
              penalty_of(arguments.penalty, counts, mean_count(spikes, b));
        }
      });
  double sum = 0.0;
  for (const float p : penalties) sum += static_cast<double>(p);
  arguments.loss.fill(static_cast<float>(sum / static_cast<double>(spikes.batch())));
}

void activity_penalty_backward(const ActivityPenaltyBackwardArguments& arguments) {
  const ActivityPenalty& penalty = arguments.penalty;
  const SpikeTensor& spikes = arguments.spikes;
  const auto offsets = spikes.active_offsets();
  if (offsets.empty()) return;
  const auto units = spikes.active_units();
  float* const grad = arguments.grad;
  const float share =
      arguments.grad_loss.item() / static_cast<float>(spikes.batch() * spikes.neurons());
  parallel_ranges(
      spikes.batch(), samples_per_task(spikes), [&](std::int64_t begin, std::int64_t end) {
        std::vector<float> counts;
        for (std::int64_t b = begin; b < end; ++b) {
          const auto first = static_cast<std::size_t>(b * spikes.steps());
          const std::uint32_t last = offsets[first + static_cast<std::size_t>(spikes.steps())];
          if (offsets[first] == last) continue;
          count_spikes(spikes, b, counts);
          const float excess = mean_count(spikes, b) - penalty.upper;
          const float upper = excess > 0.0f ? penalty.lambda_upper * penalty.power *
                                                  std::pow(excess, penalty.power - 1.0f)
                                            : 0.0f;
          for (float& count : counts)  // becomes dL/dz of this sample
            count = share * (upper - 2.0f * penalty.lambda_lower * relu(penalty.lower - count));
          const float* const grad_count = counts.data();
          for (std::uint32_t e = offsets[first]; e < last; ++e) grad[e] += grad_count[units[e]];
        }
      });
}

}  // namespace spiketape::cpu
