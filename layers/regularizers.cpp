// The penalty straight from the spikes, without a [batch, neuron] array: each sample counts its
// events into a scratch row, and backward counts again. For sample b with counts z_j, mean m =
// mean_j z_j, N neurons, B samples:
//
//     L     = 1/B sum_b [ lambda_upper relu(m - upper)^p + lambda_lower / N sum_j relu(lower -
//     z_j)^2 ] dL/dz_j = 1/(B N) [ lambda_upper p relu(m - upper)^(p-1) [m > upper] - 2
//     lambda_lower relu(lower - z_j) ] dL/dS[b,t,j] = dL/dz_j at the active entries, nowhere else
#include "layers/regularizers.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include <fmt/format.h>

#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "core/parallel.hpp"

namespace spiketape {
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
float penalty(const ActivityRegularizerOptions& options,
              const std::vector<float>& counts,
              float mean) {
  return options.lambda_upper * std::pow(relu(mean - options.upper), options.power) +
         options.lambda_lower * shortfall(counts, options.lower) /
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

Tensor forward(const ActivityRegularizerOptions& options, const SpikeTensor& spikes) {
  std::vector<float> penalties(static_cast<std::size_t>(spikes.batch()));
  parallel_ranges(
      spikes.batch(), samples_per_task(spikes), [&](std::int64_t begin, std::int64_t end) {
        std::vector<float> counts;
        for (std::int64_t b = begin; b < end; ++b) {
          count_spikes(spikes, b, counts);
          penalties[static_cast<std::size_t>(b)] = penalty(options, counts, mean_count(spikes, b));
        }
      });
  double sum = 0.0;
  for (const float p : penalties) sum += static_cast<double>(p);
  return Tensor::scalar(static_cast<float>(sum / static_cast<double>(spikes.batch())));
}

void backward(const ActivityRegularizerOptions& options,
              const SpikeVariable& spikes,
              float grad_loss) {
  const SpikeTensor& value = spikes.value();
  const auto offsets = value.active_offsets();
  if (offsets.empty()) return;
  const auto units = value.active_units();
  float* grad = spikes.grad().data();
  const float share = grad_loss / static_cast<float>(value.batch() * value.neurons());
  parallel_ranges(
      value.batch(), samples_per_task(value), [&](std::int64_t begin, std::int64_t end) {
        std::vector<float> counts;
        for (std::int64_t b = begin; b < end; ++b) {
          const auto first = static_cast<std::size_t>(b * value.steps());
          const std::uint32_t last = offsets[first + static_cast<std::size_t>(value.steps())];
          if (offsets[first] == last) continue;
          count_spikes(value, b, counts);
          const float excess = mean_count(value, b) - options.upper;
          const float upper = excess > 0.0f ? options.lambda_upper * options.power *
                                                  std::pow(excess, options.power - 1.0f)
                                            : 0.0f;
          for (float& count : counts)  // becomes dL/dz of this sample
            count = share * (upper - 2.0f * options.lambda_lower * relu(options.lower - count));
          const float* const grad_count = counts.data();
          for (std::uint32_t e = offsets[first]; e < last; ++e) grad[e] += grad_count[units[e]];
        }
      });
}

}  // namespace

ActivityRegularizer::ActivityRegularizer(ActivityRegularizerOptions options) : options_(options) {
  const auto require = [](const char* what, float value, float least) {
    if (!std::isfinite(value) || value < least)
      throw Error(fmt::format(
          "activity regularizer: {} must be finite and at least {}, got {}", what, least, value));
  };
  require("lambda_upper", options.lambda_upper, 0.0f);
  require("lambda_lower", options.lambda_lower, 0.0f);
  require("upper", options.upper, 0.0f);
  require("lower", options.lower, 0.0f);
  require("power", options.power, 1.0f);
}

Variable ActivityRegularizer::operator()(const SpikeVariable& spikes) const {
  if (spikes.batch() == 0 || spikes.neurons() == 0)
    throw ShapeError(fmt::format(
        "activity regularizer: expected spikes of at least one sample and one neuron, got {}",
        to_string(spikes.value().shape())));
  const bool records = recording(spikes);
  Variable loss(forward(options_, spikes.value()), records);
  if (records)
    Tape::current()->record("activity_regularizer", [options = options_, spikes, loss] {
      if (loss.has_grad()) backward(options, spikes, loss.grad().item());
    });
  return loss;
}

}  // namespace spiketape
