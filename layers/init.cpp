#include "layers/init.hpp"

#include <cmath>
#include <string>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/parallel.hpp"
#include "core/random.hpp"

namespace spiketape {
namespace {

constexpr std::int64_t kGrain = 4096;

/// gain / sqrt(fan_in), checked.
float scale_of(const char* op, const Variable& weight, float gain) {
  if (!std::isfinite(gain) || gain < 0.0f)
    throw Error(fmt::format("{}: the gain must be finite and at least 0, got {}", op, gain));
  return gain / std::sqrt(static_cast<float>(fan_in(weight)));
}

/// value[k] = draw(k) for every k; draw is a pure function, so threads do not matter. Drawn on the
/// host, so that a card gets the same bits.
template <typename Draw>
void fill_by_index(Variable& weight, const Draw& draw) {
  Tensor drawn = weight.value().to(kCpu);
  float* value = drawn.data();
  parallel_ranges(drawn.size(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t k = begin; k < end; ++k) value[k] = draw(static_cast<std::uint64_t>(k));
  });
  if (weight.value().device() != kCpu) weight.value().copy_from(drawn);
}

}  // namespace

std::int64_t fan_in(const Variable& weight) {
  const Shape& shape = weight.shape();
  if (shape.empty() || weight.value().size() == 0)
    throw ShapeError(
        fmt::format("fan_in: expected weights [inputs, outputs], got {}", to_string(shape)));
  return shape.size() == 1 ? 1 : weight.value().size() / shape.back();
}

void normal_by_fan_in(Variable weight, float gain, std::uint64_t seed, std::string_view stream) {
  const float deviation = scale_of("normal_by_fan_in", weight, gain);
  const std::uint64_t number = random_stream(std::string(stream).c_str());
  fill_by_index(weight,
                [=](std::uint64_t k) { return deviation * random_normal(seed, number, k); });
}

void uniform_by_fan_in(Variable weight, float gain, std::uint64_t seed, std::string_view stream) {
  const float bound = scale_of("uniform_by_fan_in", weight, gain);
  const std::uint64_t number = random_stream(std::string(stream).c_str());
  fill_by_index(weight, [=](std::uint64_t k) {
    return bound * (2.0f * random_uniform(seed, number, k) - 1.0f);
  });
}

}  // namespace spiketape
