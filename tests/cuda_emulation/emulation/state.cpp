#include "emulation/state.hpp"

#include <atomic>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

namespace cuda_emulation {
namespace {

Settings default_settings() {
  Settings result;
  const char* name = std::getenv("SPIKETAPE_EMULATION_ORDER");
  if (name == nullptr || std::string_view(name) == "forward") return result;
  if (std::string_view(name) == "backward") {
    result.order = Order::backward;
  } else if (std::string_view(name) == "shuffled") {
    result.order = Order::shuffled;
  } else {
    throw EmulationError(fmt::format(
        "SPIKETAPE_EMULATION_ORDER is {}; expected forward, backward or shuffled", name));
  }
  return result;
}

std::atomic<std::uint64_t> launch_count{0};

}  // namespace

std::recursive_mutex& mutex() {
  static auto* const instance = new std::recursive_mutex;  // outlives static objects
  return *instance;
}

Settings& settings() {
  static Settings instance = default_settings();
  return instance;
}

cudaError_t device_error() {
  const Lock lock;
  if (settings().driver_missing) return cudaErrorInsufficientDriver;
  return settings().device_count == 0 ? cudaErrorNoDevice : cudaSuccess;
}

void count_launch() { ++launch_count; }

std::uint64_t launches() { return launch_count; }

void set_thread_order(Order order, std::uint64_t seed) {
  const Lock lock;
  settings().order = order;
  settings().seed = seed;
}

Order thread_order() {
  const Lock lock;
  return settings().order;
}

void set_device_count(int count) {
  const Lock lock;
  settings().device_count = count;
}

void set_driver_missing(bool missing) {
  const Lock lock;
  settings().driver_missing = missing;
}

void set_kernel_image_missing(bool missing) {
  const Lock lock;
  settings().kernel_image_missing = missing;
}

void next_launch_fails(cudaError_t error) {
  const Lock lock;
  settings().next_launch_error = error;
}

void set_memory_limit(std::size_t bytes) {
  const Lock lock;
  settings().memory_limit = bytes;
}

void reset_settings() {
  const Lock lock;
  settings() = default_settings();
}

}  // namespace cuda_emulation
