// What a user is told when a card fails, by failures that the emulated card is asked for. Contexts
// and pools are made once per card and process, so a failure that must hit their making goes to a
// card that no other case uses.
#include <doctest/doctest.h>

#if SPIKETAPE_CUDA_EMULATED

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "autograd/adam.hpp"
#include "autograd/ops.hpp"
#include "autograd/tape.hpp"
#include "core/cuda_backend.hpp"
#include "core/error.hpp"
#include "cuda_emulation.hpp"
#include "layers/linear.hpp"
#include "layers/neurons.hpp"
#include "layers/readout.hpp"
#include "tests/layers/support.hpp"

using namespace spiketape;

namespace {

constexpr Device kCard{DeviceKind::cuda, 0};
constexpr const char* kNoCode =
    "no kernel image is available for execution on the device; this build holds no code for the "
    "card: configure with -DCMAKE_CUDA_ARCHITECTURES=native on the machine with the card";

/// Failures asked for in its life end with it. The first card works before.
struct Injection {
  Injection() { require_available(kCard); }
  ~Injection() { cuda_emulation::reset_settings(); }
  Injection(const Injection&) = delete;
  Injection& operator=(const Injection&) = delete;
};

/// A card that nothing in this process has used, plugged in until the Injection ends.
Device fresh_card() {
  static int index = 1;  // the second is for the tests that need two
  cuda_emulation::set_device_count(++index + 1);
  return {DeviceKind::cuda, index};
}

/// The words of the BackendError that `body` must throw.
template <typename Body>
std::string words_of(const Body& body) {
  try {
    body();
  } catch (const BackendError& error) {
    return error.what();
  }
  FAIL("no BackendError");
  return "";
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// Whether the message ends with a file of cuda/, such as "fill.cu", and a line.
bool names_place(const std::string& message, const std::string& file) {
  const auto place = message.rfind(" (at cuda/");
  const auto line = message.rfind(':');
  return place != std::string::npos && line != std::string::npos && line > place &&
         message.substr(place, line - place).ends_with(file) &&
         message.substr(line + 1).find_first_not_of("0123456789") + 1 ==
             message.size() - line - 1 &&
         message.ends_with(")");
}

bool is_listed(Device device) {
  const std::vector<Device> devices = available_devices();
  return std::find(devices.begin(), devices.end(), device) != devices.end();
}

/// Every way in to a card that cannot be used says `reason`.
void check_refused(Device device, const std::string& reason) {
  CAPTURE(to_string(device));
  CHECK(cuda::why_unavailable(device) == reason);
  CHECK_FALSE(is_listed(device));
  CHECK(words_of([&] { require_available(device); }) ==
        fmt::format("device: {} is not available: {}", to_string(device), reason));
  CHECK(contains(words_of([&] { Tensor({2}).to(device); }), reason));
  CHECK(contains(words_of([&] { device_in_words(device); }), reason));
}

void check_works(Device device) {
  CHECK(cuda::why_unavailable(device).empty());
  CHECK(is_listed(device));
  CHECK(Tensor::full({1}, 3.0f, device).item() == 3.0f);
}

/// A network, an optimiser and a batch on the first card.
struct Training {
  struct Net : Module {
    Linear fc1{*this, "fc1", 30, 40, {.bias = true}}, out{*this, "out", 40, 4};
    Lif lif{{.window = 1.0f}};
    Readout readout;
  };
  Net net;
  SpikeTensor spikes = testing::random_spikes(5, 12, 30, 0.3f).to(kCard);
  std::vector<std::int32_t> labels{0, 1, 2, 3, 0};
  Adam adam;

  Training() : adam((net.to(kCard), net.parameters())) {}
  float step() {
    Tape tape;
    const Variable loss = cross_entropy(net.readout(net.out(net.lif(net.fc1(spikes)))), labels);
    tape.backward(loss);
    adam.step();
    return loss.item();
  }
};

}  // namespace

TEST_CASE("without a driver, or with an old one, the error says so, until there is one") {
  const Injection injection;
  const Device fresh = fresh_card();
  const std::string reason =
      "CUDA driver version is insufficient for CUDA runtime version; the NVIDIA driver is missing "
      "or older than the CUDA toolkit of this build: update it, or use --device cpu";
  cuda_emulation::set_driver_missing(true);
  CHECK(available_devices() == std::vector<Device>{kCpu});
  for (const Device card : {kCard, fresh}) check_refused(card, reason);
  const std::string words = words_of([&] { Tensor({2}, fresh); });
  CHECK(contains(words, reason));
  CHECK(names_place(words, "context.cpp"));
  CHECK(contains(words_of([&] { Tensor({2}, kCard); }), reason));
  cuda_emulation::set_driver_missing(false);
  for (const Device card : {kCard, fresh}) check_works(card);
}

TEST_CASE("without a card the error says where to look") {
  const Injection injection;
  cuda_emulation::set_device_count(0);
  CHECK(available_devices() == std::vector<Device>{kCpu});
  const std::string reason =
      "no CUDA-capable device is detected; no NVIDIA card is visible: look at nvidia-smi and "
      "CUDA_VISIBLE_DEVICES, or use --device cpu";
  check_refused(kCard, reason);
  CHECK(contains(words_of([&] { Tensor({2}, kCard); }), reason));
  cuda_emulation::set_device_count(1);
  check_works(kCard);
}

TEST_CASE("a card that is not there is an error that says which are") {
  const Injection injection;
  const Device absent{DeviceKind::cuda, 4000};
  check_refused(absent, "this machine has 1 card: use cuda:0");
  cuda_emulation::set_device_count(2);
  check_refused(absent, "this machine has 2 cards: use one of cuda:0 to cuda:1");
  const std::string words = words_of([&] { Tensor({2}, absent); });
  CHECK(contains(words, "invalid device ordinal; this machine has no card of that number"));
  CHECK(names_place(words, "context.cpp"));
  check_works(kCard);
}

TEST_CASE("a card of a negative number is refused, and the others stay as they are") {
  const Injection injection;
  const Tensor before = Tensor::full({1}, 2.0f, kCard);
  const Device negative{DeviceKind::cuda, -1};
  check_refused(negative, "this machine has 1 card: use cuda:0");
  CHECK(contains(words_of([&] { Tensor({2}, negative); }), "invalid device ordinal"));
  CHECK(before.item() == 2.0f);
  check_works(kCard);
}

TEST_CASE("a card that this build holds no code for is found at its first use") {
  const Injection injection;
  const Device fresh = fresh_card();
  const std::size_t handles = cuda_emulation::live_handles();
  cuda_emulation::set_kernel_image_missing(true);
  const std::string reason = cuda::why_unavailable(fresh);
  CHECK(reason.starts_with(std::string("CUDA: ") + kNoCode));
  CHECK(names_place(reason, "fill.cu"));
  check_refused(fresh, reason);
  CHECK(contains(words_of([&] { Tensor({2}, fresh); }), kNoCode));
  CHECK(cuda_emulation::live_handles() == handles);
  CHECK(is_listed(kCard));  // whose first use was before
  cuda_emulation::set_kernel_image_missing(false);
  check_works(fresh);
}

TEST_CASE("a kernel that the build lacks for the card is found at its launch") {
  const Injection injection;
  Tensor tensor({3}, kCard);
  cuda_emulation::set_kernel_image_missing(true);
  const std::string words = words_of([&] { tensor.fill(1.0f); });
  CHECK(words.starts_with(std::string("CUDA: ") + kNoCode));
  CHECK(names_place(words, "fill.cu"));
  cuda_emulation::set_kernel_image_missing(false);
  check_works(kCard);
}

TEST_CASE("a launch that fails says why and where, and what to do about it") {
  const Injection injection;
  const std::string bug = "; this is a bug of spiketape; run it under compute-sanitizer and report";
  const auto fails = [](cudaError_t error) {
    Tensor tensor({3}, kCard);
    cuda_emulation::next_launch_fails(error);
    const std::string words = words_of([&] { tensor.fill(1.0f); });
    CHECK(words.starts_with(fmt::format("CUDA: {}; ", cudaGetErrorString(error))));
    CHECK(names_place(words, "fill.cu"));
    check_works(kCard);
    return words;
  };
  for (const cudaError_t error : {cudaErrorIllegalAddress,
                                  cudaErrorMisalignedAddress,
                                  cudaErrorInvalidConfiguration,
                                  cudaErrorLaunchOutOfResources,
                                  cudaErrorLaunchFailure})
    CHECK(contains(fails(error), bug));
  CHECK(contains(fails(cudaErrorMemoryAllocation), "use a smaller batch or model"));
}

TEST_CASE("a training step whose launch fails leaves no memory behind, and the next one runs") {
  const Injection injection;
  Training training;
  training.step();
  const std::size_t before = cuda_emulation::live_allocations();
  cuda_emulation::next_launch_fails(cudaErrorLaunchFailure);
  const std::string words = words_of([&] { training.step(); });
  CHECK(names_place(words, ".cu"));
  CHECK(cuda_emulation::live_allocations() == before);
  CHECK(Tape::current() == nullptr);
  CHECK_NOTHROW(training.step());
}

TEST_CASE("a card without memory left names amount, tag, use and remedy, and works on after") {
  const Injection injection;
  const std::size_t allocations = cuda_emulation::live_allocations();
  {
    const Tensor kept({1000}, kCard);
    const std::size_t used = memory_use(kCard).current;
    cuda_emulation::set_memory_limit(cuda_emulation::live_bytes() + 100);
    CHECK(words_of([] { Tensor({1234}, kCard, MemoryTag::data); }) ==
          fmt::format("memory: cuda:0 has no 4936 bytes left for 'data' ({} in use); use a smaller "
                      "batch or model",
                      used));
    CHECK(memory_use(kCard).current == used);
    CHECK(words_of([] {
            Tensor({std::int64_t{1} << 58}, kCard);
          }).starts_with("memory: cuda:0 has no 1152921504606846976 bytes left for 'other'"));
    check_works(kCard);  // 4 bytes are left
    const Tensor on_cpu({1234});
    CHECK(contains(words_of([&] { on_cpu.to(kCard); }), "memory: cuda:0 has no 4936 bytes"));
  }
  CHECK(cuda_emulation::live_allocations() == allocations);
  CHECK_NOTHROW(Tensor({1000}, kCard));  // in what was freed
}

TEST_CASE("a training step that finds no memory, wherever that is, can be repeated with more") {
  const Injection injection;
  Training training;
  training.step();
  reset_peak_memory(kCard);
  training.step();
  const MemoryUse use = memory_use(kCard);
  const std::size_t before = cuda_emulation::live_allocations();
  const std::size_t bytes = cuda_emulation::live_bytes();
  REQUIRE(use.peak > use.current);
  constexpr std::size_t kTries = 40;
  for (std::size_t i = 0; i < kTries; ++i) {
    cuda_emulation::set_memory_limit(bytes + (use.peak - use.current) * i / kTries);
    const std::string words = words_of([&] { training.step(); });
    CHECK(words.starts_with("memory: cuda:0 has no "));
    CHECK(memory_use(kCard).current == use.current);
    CHECK(cuda_emulation::live_allocations() == before);
  }
  cuda_emulation::reset_settings();
  CHECK(training.step() < 10.0f);
  CHECK(cuda_emulation::live_allocations() == before);
}

#else

TEST_CASE("failures of a card are asked for only where the card is emulated") {
  CHECK(true);  // build with -DSPIKETAPE_EMULATE_CUDA=ON, as the preset asan does
}

#endif
