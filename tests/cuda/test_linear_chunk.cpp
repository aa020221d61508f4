// The verbs of a projection over a chunk, on each card that is there, against plain loops in
// double. A build without CUDA has no such verbs to link, hence the #if.
#include "cuda/linear_chunk.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/device.hpp"

using namespace spiketape;

TEST_CASE("a chunk holds what fits its budget, one sample at least") {
  constexpr std::int64_t kSteps = 100;
  constexpr std::int64_t kNeurons = 200;
  constexpr std::int64_t kFitting = cuda::kChunkBytes / (kSteps * kNeurons * 4);
  static_assert(kFitting > 1);
  CHECK(cuda::chunk_samples(100000, kSteps, kNeurons) == kFitting);
  CHECK(cuda::chunk_samples(kFitting - 1, kSteps, kNeurons) == kFitting - 1);
  CHECK(cuda::chunk_samples(8, kMaxSteps, kMaxNeurons) == 1);
  CHECK(cuda::chunk_samples(0, kSteps, kNeurons) == 1);
  CHECK(cuda::chunk_samples(8, 0, 0) == 8);
}

#if SPIKETAPE_CUDA

namespace {

using cuda::ChunkRows;
using cuda::ChunkVerbs;

struct Path {
  std::string name;
  const ChunkVerbs* verbs;
};
const Path kPaths[] = {{"deterministic events", &cuda::kDeterministicEvents},
                       {"cuSPARSE", &cuda::kCusparse},
                       {"cuBLAS", &cuda::kCublas}};

/// What random spikes are like.
struct Shape3 {
  std::int64_t batch = 5;
  std::int64_t steps = 4;
  std::int64_t inputs = 33;
  std::int64_t neurons = 33;
  double rate = 0.2;     ///< mean entries per row and unit
  bool repeats = false;  ///< a unit may be named several times in a row, out of order
  float amplitude = 1.0f;
};

UnitRows random_rows(const Shape3& shape, std::mt19937& random) {
  std::vector<std::uint32_t> offsets{0};
  std::vector<UnitId> units;
  std::bernoulli_distribution named(shape.rate);
  std::bernoulli_distribution empty_row(0.25);
  for (std::int64_t row = 0; row < shape.batch * shape.steps; ++row) {
    const bool empty = empty_row(random);
    const auto first = static_cast<std::ptrdiff_t>(units.size());
    for (std::int64_t unit = 0; unit < shape.inputs; ++unit)
      for (int times = shape.repeats ? 3 : 1; times > 0; --times)
        if (!empty && named(random)) units.push_back(static_cast<UnitId>(unit));
    if (shape.repeats) std::shuffle(units.begin() + first, units.end(), random);
    offsets.push_back(static_cast<std::uint32_t>(units.size()));
  }
  return {std::make_shared<const Buffer<std::uint32_t>>(Buffer<std::uint32_t>::copy_of(offsets)),
          std::make_shared<const Buffer<UnitId>>(Buffer<UnitId>::copy_of(units))};
}

std::vector<float> random_values(std::int64_t count, std::mt19937& random) {
  std::uniform_real_distribution<float> value(-1.0f, 1.0f);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& x : values) x = value(random);
  return values;
}

/// What one path makes of a chunk: current, grad_weight and grad_source, added to what was there.
struct Results {
  std::vector<float> current;
  std::vector<float> grad_weight;
  std::vector<float> grad_source;

  bool operator==(const Results&) const = default;
};

struct Reference {
  std::vector<double> current;
  std::vector<double> grad_weight;
  std::vector<double> grad_source;
};

/// A projection of random spikes, and samples [first, first + samples) of the batch.
struct Chunk {
  Shape3 shape;
  std::int64_t first;
  std::int64_t samples;
  SpikeTensor source;
  Tensor weight;
  std::vector<float> lambda;
  Results before;

  Chunk(const Shape3& of, std::int64_t first_sample, std::int64_t sample_count, unsigned seed)
      : shape(of), first(first_sample), samples(sample_count) {
    std::mt19937 random(seed);
    UnitRows events = random_rows(of, random);
    UnitRows active = random_rows(of, random);
    source = SpikeTensor(of.batch, of.steps, of.inputs, std::move(events), std::move(active));
    weight =
        Tensor::from_values({of.inputs, of.neurons}, random_values(of.inputs * of.neurons, random));
    lambda = random_values(rows() * of.neurons, random);
    before = {random_values(rows() * of.neurons, random),
              random_values(of.inputs * of.neurons, random),
              random_values(source.active_count(), random)};
  }
  std::int64_t rows() const { return samples * shape.steps; }

  /// The source on a card, with events whose number only the card knows, as in a recorded step.
  SpikeTensor uncounted(Device device) const {
    std::vector<UnitId> units(source.events().units->span().begin(),
                              source.events().units->span().end());
    units.resize(units.size() + 37, static_cast<UnitId>(shape.inputs - 1));
    const UnitRows events{source.events().to(device).offsets,
                          std::make_shared<const Buffer<UnitId>>(
                              Buffer<UnitId>::copy_of(units, MemoryTag::scratch, device)),
                          std::make_shared<const std::uint64_t>(0)};
    return {shape.batch, shape.steps, shape.inputs, events, source.active().to(device)};
  }

  Results run(const ChunkVerbs& verbs, Device device) const {
    return run(verbs, device, source.to(device));
  }
  Results run(const ChunkVerbs& verbs, Device device, const SpikeTensor& spikes) const {
    const auto on_card = [&](const std::vector<float>& values) {
      return Buffer<float>::copy_of(values, MemoryTag::scratch, device);
    };
    const auto on_host = [](const Buffer<float>& values) {
      const Buffer<float> copy = values.copy_to(kCpu);
      return std::vector<float>(copy.span().begin(), copy.span().end());
    };
    const auto synapse = linear_synapse(shape.inputs, shape.neurons);
    const Tensor weights = weight.to(device);
    const CurrentView::Term term{spikes, weights, *synapse, shape.amplitude};
    const Buffer<float> lambda_there = on_card(lambda);
    Buffer<float> current = on_card(before.current);
    Buffer<float> grad_weight = on_card(before.grad_weight);
    Buffer<float> grad_source = on_card(before.grad_source);
    const ChunkRows<const float> lambda_rows{
        lambda_there.data(), first, samples, shape.steps, shape.neurons};
    verbs.gather(term, {current.data(), first, samples, shape.steps, shape.neurons});
    verbs.scatter(term, lambda_rows, grad_weight.data());
    verbs.sample(term, lambda_rows, grad_source.data());
    return {on_host(current), on_host(grad_weight), on_host(grad_source)};
  }

  /// Calls body(entry, row of the chunk, unit) for the chunk's entries.
  template <typename Body>
  void for_each_entry(const UnitRows& of, const Body& body) const {
    for (std::int64_t row = 0; row < rows(); ++row) {
      const std::uint32_t* const offsets = of.offsets->data() + first * shape.steps + row;
      for (std::uint32_t e = offsets[0]; e < offsets[1]; ++e)
        body(std::size_t{e}, row, std::int64_t{(*of.units)[e]});
    }
  }

  Reference reference() const {
    const auto widened = [](const std::vector<float>& x) {
      return std::vector<double>(x.begin(), x.end());
    };
    Reference r{widened(before.current), widened(before.grad_weight), widened(before.grad_source)};
    const double amplitude = shape.amplitude;
    const std::int64_t n = shape.neurons;
    const auto at = [n](std::int64_t row, std::int64_t column) {
      return static_cast<std::size_t>(row * n + column);
    };
    for_each_entry(source.events(), [&](std::size_t, std::int64_t row, std::int64_t unit) {
      for (std::int64_t j = 0; j < n; ++j) {
        r.current[at(row, j)] += amplitude * double{weight.values()[at(unit, j)]};
        r.grad_weight[at(unit, j)] += amplitude * double{lambda[at(row, j)]};
      }
    });
    for_each_entry(source.active(), [&](std::size_t e, std::int64_t row, std::int64_t unit) {
      for (std::int64_t j = 0; j < n; ++j)
        r.grad_source[e] +=
            amplitude * double{weight.values()[at(unit, j)]} * double{lambda[at(row, j)]};
    });
    return r;
  }
};

double norm_error(const std::vector<float>& got, const std::vector<double>& expected) {
  REQUIRE(got.size() == expected.size());
  double error = 0.0;
  double norm = 0.0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    error += std::pow(double{got[i]} - expected[i], 2.0);
    norm += std::pow(expected[i], 2.0);
  }
  return norm == 0.0 ? std::sqrt(error) : std::sqrt(error / norm);
}

/// Calls body(card, verbs) for each card and each path.
template <typename Body>
void for_each_path(const Body& body) {
  for (const Device device : available_devices()) {
    if (device == kCpu) continue;
    for (const Path& path : kPaths) {
      CAPTURE(to_string(device));
      CAPTURE(path.name);
      body(device, *path.verbs);
    }
  }
}

void check_chunk(const Chunk& chunk) {
  const Reference expected = chunk.reference();
  for_each_path([&](Device device, const ChunkVerbs& verbs) {
    const Results got = chunk.run(verbs, device);
    CHECK(norm_error(got.current, expected.current) < 1e-6);
    CHECK(norm_error(got.grad_weight, expected.grad_weight) < 1e-6);
    CHECK(norm_error(got.grad_source, expected.grad_source) < 1e-6);
  });
}

}  // namespace

TEST_CASE("a case reckoned by hand: two spikes, one of them double, and two active units") {
  Chunk chunk({.batch = 1, .steps = 1, .inputs = 3, .neurons = 2, .amplitude = 2.0f}, 0, 1, 1);
  const auto rows = [](std::vector<UnitId> units) {
    const std::vector<std::uint32_t> offsets{0, static_cast<std::uint32_t>(units.size())};
    return UnitRows{
        std::make_shared<const Buffer<std::uint32_t>>(Buffer<std::uint32_t>::copy_of(offsets)),
        std::make_shared<const Buffer<UnitId>>(Buffer<UnitId>::copy_of(units))};
  };
  chunk.source = SpikeTensor(1, 1, 3, rows({0, 2, 2}), rows({1, 2}));
  chunk.weight = Tensor::from_values({3, 2}, std::vector<float>{1, 2, 3, 4, 5, 6});
  chunk.lambda = {1, 10};
  chunk.before = {{0.5f, 0}, {0, 0, 0, 0, 0, 100}, {0, 7}};
  const Results expected{{22.5f, 28}, {2, 20, 0, 0, 4, 140}, {86, 137}};
  for_each_path(
      [&](Device device, const ChunkVerbs& verbs) { CHECK(chunk.run(verbs, device) == expected); });
}

TEST_CASE("every path equals plain loops, for widths around a warp") {
  unsigned seed = 10;
  for (const std::int64_t inputs : {1, 33, 100})
    for (const std::int64_t neurons : {1, 31, 33, 100}) {
      CAPTURE(inputs);
      CAPTURE(neurons);
      check_chunk({{.inputs = inputs, .neurons = neurons}, 0, 5, ++seed});
    }
}

TEST_CASE("a chunk in the middle of a batch touches its own rows and entries alone") {
  for (const float amplitude : {1.0f, -0.37f})
    for (const bool repeats : {false, true}) {
      CAPTURE(amplitude);
      CAPTURE(repeats);
      check_chunk({{.repeats = repeats, .amplitude = amplitude}, 2, 2, 3});
      check_chunk({{.repeats = repeats, .amplitude = amplitude}, 4, 1, 4});
    }
}

TEST_CASE("units that repeat in a row count as often as they are named") {
  check_chunk({{.inputs = 5, .rate = 0.5, .repeats = true}, 0, 5, 5});
}

TEST_CASE("dense spikes, more than a block's rows and more inputs than 8 bits hold") {
  check_chunk({{.batch = 3, .steps = 40, .inputs = 300, .neurons = 20, .rate = 0.6}, 0, 3, 6});
}

TEST_CASE("rows that exceed a slice of the matrix product are taken in several") {
  check_chunk({{.batch = 2, .steps = 280, .inputs = 8000, .neurons = 2, .rate = 0.001}, 0, 2, 9});
}

TEST_CASE("cuSPARSE is asked only where a row's units rise strictly, else events are summed") {
  const Chunk chunk({{.rate = 0.5, .repeats = true, .amplitude = 0.7f}, 1, 3, 10});
  for_each_path([&](Device device, const ChunkVerbs& verbs) {
    if (&verbs != &cuda::kCusparse) return;
    CHECK(chunk.run(verbs, device) == chunk.run(cuda::kDeterministicEvents, device));
  });
}

TEST_CASE("without entries in the chunk, or in the whole source, nothing changes") {
  Chunk silent({.rate = 0.0}, 1, 3, 7);
  const SpikeTensor input = SpikeTensor::from_events(5, 4, 33, std::vector<Event>{{0, 0, 1}});
  for_each_path([&](Device device, const ChunkVerbs& verbs) {
    CHECK(silent.run(verbs, device) == silent.before);
    Chunk elsewhere = silent;  // its one event is in a sample before the chunk, no active set
    elsewhere.source = input;
    CHECK(elsewhere.run(verbs, device) == silent.before);
  });
}

TEST_CASE("the deterministic path gives the same bits from run to run") {
  const Chunk chunk({.steps = 30, .inputs = 50, .neurons = 70, .amplitude = 0.7f}, 1, 4, 8);
  for_each_path([&](Device device, const ChunkVerbs& verbs) {
    if (&verbs != &cuda::kDeterministicEvents) return;
    CHECK(chunk.run(verbs, device) == chunk.run(verbs, device));
  });
}

TEST_CASE("the deterministic path sums events that nobody has counted to the same bits") {
  for (const std::int64_t inputs : {1, 33, 300})
    for (const std::int64_t first : {0, 2, 4}) {
      const Chunk chunk({{.inputs = inputs, .amplitude = 0.7f}, first, 1, 8});
      for_each_path([&](Device device, const ChunkVerbs& verbs) {
        if (&verbs != &cuda::kDeterministicEvents) return;
        CHECK(chunk.run(verbs, device, chunk.uncounted(device)) == chunk.run(verbs, device));
      });
    }
}

#endif
