// Memory of a card through the types that own it: copies keep values, the books balance, and what
// is brought there beside the kernels arrives before those that come later.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "autograd/spiking.hpp"
#include "autograd/tape.hpp"
#include "core/error.hpp"
#include "layers/linear.hpp"
#include "layers/neurons.hpp"
#include "tests/layers/support.hpp"
#if SPIKETAPE_CUDA
#include "cuda/upload.hpp"
#endif
#if SPIKETAPE_CUDA_EMULATED
#include "cuda_emulation.hpp"
#endif

using namespace spiketape;

namespace {

constexpr std::size_t kMebibyte = std::size_t{1} << 20;

/// Counted where the card is emulated.
std::size_t live_allocations() {
#if SPIKETAPE_CUDA_EMULATED
  return cuda_emulation::live_allocations();
#else
  return 0;
#endif
}

/// Where the card is emulated there is a second one in its life.
struct SecondCard {
#if SPIKETAPE_CUDA_EMULATED
  SecondCard() {
    cuda_emulation::set_device_count(2);
    CHECK(available_devices().size() == 3);
  }
  ~SecondCard() { cuda_emulation::reset_settings(); }
#else
  SecondCard() {}
#endif
  SecondCard(const SecondCard&) = delete;
  SecondCard& operator=(const SecondCard&) = delete;
};

/// Runs `body` on each card; afterwards nothing more is allocated or booked there than before.
void on_each_card(const std::function<void(Device)>& body) {
  for (const Device device : available_devices()) {
    if (device == kCpu) continue;
    CAPTURE(to_string(device));
    const std::size_t allocations = live_allocations();
    const std::size_t bytes = memory_use(device).current;
    body(device);
    CHECK(live_allocations() == allocations);
    CHECK(memory_use(device).current == bytes);
  }
}

template <typename T>
std::vector<T> counted(std::size_t size) {
  std::vector<T> values(size);
  std::iota(values.begin(), values.end(), T{1});
  return values;
}

bool same(const auto& a, const auto& b) { return std::ranges::equal(a, b); }

template <typename T>
void check_round_trip(std::size_t size, Device device) {
  CAPTURE(size);
  const std::vector<T> values = counted<T>(size);
  const auto there = Buffer<T>::copy_of(values, MemoryTag::data, device);
  CHECK(there.device() == device);
  CHECK(there.size() == size);
  CHECK(same(there.copy_to(kCpu).span(), values));
  CHECK(same(there.copy_to(device).copy_to(kCpu).span(), values));
  const Buffer<T> zeros = Buffer<T>::zeros(size, device).copy_to(kCpu);
  CHECK(same(zeros.span(), std::vector<T>(size)));
}

/// Spikes of a layer: events, active set and slopes, with room behind the CPU's lists.
SpikeTensor layer_spikes() {
  Module root;
  const Linear fc(root, "fc", 20, 33);
  const Tape tape;  // else the layer keeps no active set
  return Lif({.threshold = 0.5f, .window = 0.4f})(fc(testing::random_spikes(3, 7, 20, 0.4f)))
      .value();
}

void check_same(const SpikeTensor& got, const SpikeTensor& expected) {
  REQUIRE(got.shape() == expected.shape());
  CHECK_NOTHROW(got.validate());
  const auto events = static_cast<std::size_t>(expected.event_count());
  const auto active = static_cast<std::size_t>(expected.active_count());
  CHECK(same(got.event_offsets(), expected.event_offsets()));
  CHECK(same(got.event_units().first(events), expected.event_units().first(events)));
  CHECK(same(got.active_offsets(), expected.active_offsets()));
  REQUIRE(got.active_count() == expected.active_count());
  if (expected.active().units)
    CHECK(same(got.active_units().first(active), expected.active_units().first(active)));
  if (expected.slope()) CHECK(same(got.slopes().first(active), expected.slopes().first(active)));
}

}  // namespace

TEST_CASE("a buffer keeps its values to a card, within it and back") {
  on_each_card([](Device device) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{33}, kMebibyte}) {
      check_round_trip<float>(size / sizeof(float) + size % 2, device);
      check_round_trip<std::uint16_t>(size / 2 + size % 2, device);
      check_round_trip<char>(size, device);
    }
  });
}

TEST_CASE("a tensor keeps values, shape and tag to a card and back") {
  on_each_card([](Device device) {
    for (const std::int64_t size : {0, 1, 1025, 262144}) {
      const Tensor here =
          Tensor::from_values({size, 1}, counted<float>(static_cast<std::size_t>(size)));
      const Tensor there = here.to(device);
      CHECK(there.device() == device);
      CHECK(there.shape() == here.shape());
      CHECK(there.to(device).data() == there.data());
      CHECK(same(here.values(), there.to(kCpu).values()));
    }
  });
}

TEST_CASE("a card's tensor fills, clones, copies, reshapes and gives its only value") {
  on_each_card([](Device device) {
    for (const std::int64_t size : {0, 1, 33, 100000}) {
      CAPTURE(size);
      Tensor tensor({size}, device);
      const auto is_all = [size](const Tensor& of, float value) {
        const Tensor host = of.to(kCpu);
        return host.size() == size && std::ranges::count(host.values(), value) == size;
      };
      CHECK(is_all(tensor, 0.0f));
      tensor.fill(-2.5f);
      CHECK(is_all(tensor, -2.5f));
      const Tensor copy = tensor.clone();
      tensor.fill(1.0f);
      CHECK(copy.device() == device);
      CHECK(is_all(copy, -2.5f));
      tensor.copy_from(copy);
      CHECK(is_all(tensor, -2.5f));
      tensor.copy_from(Tensor::full({size}, 7.0f));
      CHECK(is_all(tensor.reshape({1, -1}), 7.0f));
      Tensor back({size});
      back.copy_from(tensor);
      CHECK(is_all(back, 7.0f));
    }
    CHECK(Tensor::scalar(4.0f, device).item() == 4.0f);
    CHECK_THROWS_AS(Tensor({2}, device).item(), ShapeError);
    CHECK_THROWS_AS(Tensor({2}, device).copy_from(Tensor({3})), ShapeError);
  });
}

TEST_CASE("values on a card are no host view: the error says how to bring them") {
  on_each_card([](Device device) {
    Tensor tensor({3}, device);
    const std::string words = "expected everything on cpu, but a part is on " + to_string(device) +
                              "; move it there by to(device)";
    CHECK_THROWS_WITH_AS(tensor.values(), ("tensor: values(): " + words).c_str(), BackendError);
    CHECK_THROWS_AS(std::as_const(tensor).values(), BackendError);
    const SpikeTensor spikes = layer_spikes().to(device);
    CHECK_THROWS_WITH_AS(spikes.event_offsets(), doctest::Contains(words.c_str()), BackendError);
    CHECK_THROWS_AS(spikes.event_units(), BackendError);
    CHECK_THROWS_AS(spikes.active_units(), BackendError);
    CHECK_THROWS_AS(spikes.slopes(), BackendError);
  });
}

TEST_CASE("spikes keep events, active set and slopes to a card and back") {
  REQUIRE(layer_spikes().active_count() > 0);
  on_each_card([](Device device) {
    for (const SpikeTensor& spikes : {layer_spikes(),
                                      testing::random_layer(2, 3, 70, 0.1f, 0.2f),
                                      testing::random_spikes(1, 1, 1, 1.0f),
                                      testing::random_spikes(3, 4, 5, 0.0f),
                                      testing::random_spikes(0, 4, 5, 0.0f)}) {
      const SpikeTensor there = spikes.to(device);
      CHECK(there.device() == device);
      CHECK(there.event_count() == spikes.event_count());
      CHECK(there.active_count() == spikes.active_count());
      check_same(there.to(kCpu), spikes);
      CHECK(same(there.to_dense().values(), spikes.to_dense().values()));
    }
    CHECK(SpikeTensor().to(device).rows() == 0);
  });
}

TEST_CASE("values go from any device to any other, from one card to the next") {
  const SecondCard plugged_in;
  const std::vector<Device> devices = available_devices();
  const SpikeTensor spikes = layer_spikes();
  for (const Device from : devices)
    for (const Device to : devices) {
      CAPTURE(to_string(from));
      CAPTURE(to_string(to));
      const Tensor there = Tensor::full({1001}, 3.0f, from).to(to);
      CHECK(there.device() == to);
      const Tensor back = there.to(kCpu);
      CHECK(std::ranges::count(back.values(), 3.0f) == 1001);
      Tensor taken({1001}, to);
      taken.copy_from(Tensor::full({1001}, 4.0f, from));
      CHECK(taken.to(kCpu).values()[1000] == 4.0f);
      check_same(spikes.to(from).to(to).to(kCpu), spikes);
    }
}

TEST_CASE("what a card holds is booked by tag, returns to where it was, and the peak is kept") {
  on_each_card([](Device device) {
    const auto data = [&] { return memory_use(device, MemoryTag::data); };
    reset_peak_memory(device);
    const std::size_t before = data().current;
    const std::size_t total = memory_use(device).current;
    {
      const Tensor values({1000}, device, MemoryTag::data);
      CHECK(data().current == before + 4000);
      const Tensor other({10}, device, MemoryTag::scratch);
      const Tensor host = values.to(kCpu);
      CHECK(data().current == before + 4000);
      const MemoryTagScope scope(MemoryTag::data);
      const Tensor more({5}, device);
      CHECK(data().current == before + 4020);
      CHECK(memory_use(device).current == total + 4060);
    }
    CHECK(data().current == before);
    CHECK(data().peak == before + 4020);
    CHECK(memory_use(device).current == total);
    CHECK(memory_use(device).peak == total + 4060);
    memory_resource(device).release_unused();
    CHECK(memory_use(device).peak == total + 4060);
    reset_peak_memory(device);
    CHECK(data().peak == before);
  });
}

TEST_CASE("the host's memory is free at once, with more uploads in flight than staging blocks") {
  on_each_card([](Device device) {
    constexpr std::size_t kUploads = 50;
    std::vector<float> source(kMebibyte / 8);
    std::vector<Buffer<float>> there;
    for (std::size_t i = 0; i < kUploads; ++i) {
      const std::size_t size = i % 3 == 0 ? source.size() : 10 * i + 1;
      std::fill_n(source.begin(), size, static_cast<float>(i));
      there.push_back(
          Buffer<float>::copy_of(std::span(source).first(size), MemoryTag::data, device));
    }
    for (std::size_t i = 0; i < kUploads; ++i) {
      const Buffer<float> back = there[i].copy_to(kCpu);
      CHECK(std::ranges::count(back.span(), static_cast<float>(i)) ==
            static_cast<std::ptrdiff_t>(back.size()));
    }
  });
}

#if SPIKETAPE_CUDA

TEST_CASE("spikes that were brought beside the kernels are whole for the kernels after") {
  on_each_card([](Device device) {
    constexpr std::uint64_t kBatches = 6;  // four arrays each: more than staging blocks
    std::vector<SpikeTensor> sources;
    std::vector<SpikeTensor> there;
    Tensor busy({100000}, device);
    for (std::uint64_t i = 0; i < kBatches; ++i) {
      sources.push_back(testing::random_layer(4, 10, 60, 0.2f, 0.1f, i));
      busy.fill(static_cast<float>(i));
      const cuda::UploadScope beside_the_kernels(device);
      there.push_back(sources.back().to(device));
    }
    for (std::size_t i = 0; i < kBatches; ++i) {
      const Tensor counts = spike_count(there[i]).value().to(kCpu);
      const Tensor expected = spike_count(sources[i]).value();
      CHECK(same(counts.values(), expected.values()));
      check_same(there[i].to(kCpu), sources[i]);
    }
  });
}

TEST_CASE("an upload scope of the CPU changes nothing, and scopes may follow one another") {
  const Tensor here = Tensor::full({9}, 2.0f);
  {
    const cuda::UploadScope nothing(kCpu);
    CHECK(here.to(kCpu).data() == here.data());
  }
  on_each_card([&](Device device) {
    for (int i = 0; i < 3; ++i) {
      Tensor there;
      {
        const cuda::UploadScope scope(device);
        there = here.to(device);
        const cuda::UploadScope of_the_cpu(kCpu);  // does not end the other
      }
      CHECK(there.to(kCpu).values()[8] == 2.0f);
    }
  });
}

TEST_CASE("two threads bring values to a card at once") {
  on_each_card([](Device device) {
    const auto bring = [device](float value) {
      for (int i = 0; i < 30; ++i) {
        Tensor there;
        {
          const cuda::UploadScope scope(device);
          there = Tensor::full({500 * i + 1}, value).to(device);
        }
        const Tensor back = there.to(kCpu);
        if (std::ranges::count(back.values(), value) != back.size()) return false;
      }
      return true;
    };
    bool second = false;
    std::thread thread([&] { second = bring(2.0f); });
    CHECK(bring(1.0f));
    thread.join();
    CHECK(second);
  });
}

#endif
