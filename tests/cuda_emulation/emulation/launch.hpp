#pragma once

#include <cstddef>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "cuda_runtime_api.h"

namespace cuda_emulation {

/// Which argument of which kernel, on which card.
struct ArgumentPlace {
  const void* kernel;
  std::size_t number;
  int card;
};

/// Searches the aligned words of a kernel's argument for an address of the host, or of memory of
/// another card.
/// @throws EmulationError "argument N of the kernel NAME holds a host pointer".
void check_argument(const ArgumentPlace& place, const void* bytes, std::size_t size);

/// The card that a launch is for.
int card_of_launch(const cudaLaunchConfig_t* config);

/// Checks the configuration, then runs `thread` for every thread of the grid, or captures that.
/// Errors are recorded for cudaGetLastError.
cudaError_t launch(const cudaLaunchConfig_t* config,
                   const void* kernel,
                   std::function<void()> thread);

/// What lies between members may be half of an old address, and with the member before it look like
/// one.
template <typename T>
void clear_padding([[maybe_unused]] T* value) {
#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
  __builtin_clear_padding(value);
#endif
#endif
}

template <typename T>
void check_argument(const ArgumentPlace& place, T argument) {
  static_assert(std::is_trivially_copyable_v<T>, "a kernel takes its arguments as bytes");
  if constexpr (!std::is_arithmetic_v<T> && !std::is_enum_v<T>) {
    clear_padding(&argument);
    check_argument(place, &argument, sizeof(T));
  }
}

}  // namespace cuda_emulation

/// The launch of CUDA's C++ API. Runs the kernel at once.
template <typename... Parameters, typename... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config,
                               void (*kernel)(Parameters...),
                               Arguments&&... arguments) {
  const std::tuple<Parameters...> packed(std::forward<Arguments>(arguments)...);
  const auto* const address = reinterpret_cast<const void*>(kernel);
  std::apply(
      [&](const Parameters&... parameter) {
        [[maybe_unused]] const int card = cuda_emulation::card_of_launch(config);
        std::size_t number = 0;
        (cuda_emulation::check_argument({address, ++number, card}, parameter), ...);
      },
      packed);
  return cuda_emulation::launch(config, address, [=] { std::apply(kernel, packed); });
}
