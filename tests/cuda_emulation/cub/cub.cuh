#pragma once

// A small part of CUB, on plain device pointers: DeviceScan::ExclusiveSum and InclusiveSum,
// DeviceReduce::Sum and Max, DeviceRadixSort::SortPairs, DeviceSegmentedReduce::Sum. Each is called
// twice, first with a null temporary storage to ask for its bytes. Sums accumulate in the type that
// CUB takes: that of the inputs for a scan, of input + output for a reduction.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <type_traits>
#include <vector>

#include "cuda_runtime.h"
#include "emulation/library.hpp"

namespace cuda_emulation {

inline constexpr std::size_t kCubStorage = 256;

/// The first of the two calls, or the check of the second and its work.
template <typename Work>
cudaError_t cub_call(void* storage, std::size_t& bytes, cudaStream_t stream, Work work) {
  if (storage == nullptr) {
    bytes = kCubStorage;
    return cudaSuccess;
  }
  if (bytes < kCubStorage) return cudaErrorInvalidValue;
  return enqueue_library(stream, [storage, work] {
    require_device_bytes(storage, kCubStorage, "cub: the temporary storage");
    work();
  });
}

template <typename In, typename Out>
using CubSum = std::decay_t<decltype(std::declval<In>() + std::declval<Out>())>;

}  // namespace cuda_emulation

namespace cub {

struct DeviceScan {
  template <typename In, typename Out, typename Count>
  static cudaError_t ExclusiveSum(void* storage,
                                  std::size_t& bytes,
                                  In* in,
                                  Out* out,
                                  Count count,
                                  cudaStream_t stream = nullptr) {
    return scan<false>(storage, bytes, in, out, count, stream);
  }

  template <typename In, typename Out, typename Count>
  static cudaError_t InclusiveSum(void* storage,
                                  std::size_t& bytes,
                                  In* in,
                                  Out* out,
                                  Count count,
                                  cudaStream_t stream = nullptr) {
    return scan<true>(storage, bytes, in, out, count, stream);
  }

 private:
  template <bool kInclusive, typename In, typename Out, typename Count>
  static cudaError_t scan(
      void* storage, std::size_t& bytes, In* in, Out* out, Count count, cudaStream_t stream) {
    return cuda_emulation::cub_call(storage, bytes, stream, [=] {
      const auto n = static_cast<std::size_t>(count);
      cuda_emulation::require_device(in, n, "cub::DeviceScan: the input");
      cuda_emulation::require_device(out, n, "cub::DeviceScan: the output");
      using Value = std::remove_const_t<In>;
      cuda_emulation::CubSum<Value, Value> sum{};
      for (std::size_t i = 0; i < n; ++i) {
        const Value value = in[i];  // out may be in
        if (!kInclusive) out[i] = static_cast<Out>(sum);
        sum = static_cast<decltype(sum)>(sum + value);
        if (kInclusive) out[i] = static_cast<Out>(sum);
      }
    });
  }
};

struct DeviceReduce {
  template <typename In, typename Out, typename Count>
  static cudaError_t Sum(void* storage,
                         std::size_t& bytes,
                         In* in,
                         Out* out,
                         Count count,
                         cudaStream_t stream = nullptr) {
    return cuda_emulation::cub_call(storage, bytes, stream, [=] {
      const auto n = static_cast<std::size_t>(count);
      cuda_emulation::require_device(in, n, "cub::DeviceReduce::Sum: the input");
      cuda_emulation::require_device(out, 1, "cub::DeviceReduce::Sum: the output");
      *out = static_cast<Out>(std::accumulate(in, in + n, cuda_emulation::CubSum<In, Out>{}));
    });
  }

  /// Of nothing: the lowest value.
  template <typename In, typename Out, typename Count>
  static cudaError_t Max(void* storage,
                         std::size_t& bytes,
                         In* in,
                         Out* out,
                         Count count,
                         cudaStream_t stream = nullptr) {
    return cuda_emulation::cub_call(storage, bytes, stream, [=] {
      const auto n = static_cast<std::size_t>(count);
      cuda_emulation::require_device(in, n, "cub::DeviceReduce::Max: the input");
      cuda_emulation::require_device(out, 1, "cub::DeviceReduce::Max: the output");
      std::remove_const_t<In> largest = std::numeric_limits<std::remove_const_t<In>>::lowest();
      for (std::size_t i = 0; i < n; ++i) largest = in[i] > largest ? in[i] : largest;
      *out = static_cast<Out>(largest);
    });
  }
};

struct DeviceRadixSort {
  /// Stable, by bits [begin_bit, end_bit) of the keys. Inputs and outputs must not overlap.
  template <typename Key, typename Value, typename Count>
  static cudaError_t SortPairs(void* storage,
                               std::size_t& bytes,
                               const Key* keys_in,
                               Key* keys_out,
                               const Value* values_in,
                               Value* values_out,
                               Count count,
                               int begin_bit = 0,
                               int end_bit = sizeof(Key) * 8,
                               cudaStream_t stream = nullptr) {
    static_assert(std::is_unsigned_v<Key>, "the emulation sorts unsigned keys");
    if (begin_bit < 0 || end_bit > static_cast<int>(sizeof(Key) * 8) || begin_bit > end_bit)
      return cudaErrorInvalidValue;
    return cuda_emulation::cub_call(storage, bytes, stream, [=] {
      const auto n = static_cast<std::size_t>(count);
      cuda_emulation::require_device(keys_in, n, "cub::SortPairs: the input keys");
      cuda_emulation::require_device(values_in, n, "cub::SortPairs: the input values");
      cuda_emulation::require_apart(keys_in, keys_out, n, "cub::SortPairs: the output keys");
      cuda_emulation::require_apart(values_in, values_out, n, "cub::SortPairs: the output values");
      const int width = end_bit - begin_bit;
      const std::uint64_t mask = width >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
      const auto digit = [=](std::size_t i) {
        return begin_bit >= 64 ? 0 : (static_cast<std::uint64_t>(keys_in[i]) >> begin_bit) & mask;
      };
      std::vector<std::size_t> order(n);
      std::iota(order.begin(), order.end(), std::size_t{0});
      std::stable_sort(order.begin(), order.end(), [&digit](std::size_t a, std::size_t b) {
        return digit(a) < digit(b);
      });
      for (std::size_t i = 0; i < n; ++i) {
        keys_out[i] = keys_in[order[i]];
        values_out[i] = values_in[order[i]];
      }
    });
  }
};

struct DeviceSegmentedReduce {
  /// out[s] = sum of in[begin_offsets[s] .. end_offsets[s]), 0 where that is empty.
  template <typename In, typename Out, typename BeginOffset, typename EndOffset>
  static cudaError_t Sum(void* storage,
                         std::size_t& bytes,
                         In* in,
                         Out* out,
                         std::int64_t segments,
                         BeginOffset* begin_offsets,
                         EndOffset* end_offsets,
                         cudaStream_t stream = nullptr) {
    return cuda_emulation::cub_call(storage, bytes, stream, [=] {
      const auto n = static_cast<std::size_t>(segments);
      cuda_emulation::require_device(out, n, "cub::DeviceSegmentedReduce: the output");
      cuda_emulation::require_device(begin_offsets, n, "cub::DeviceSegmentedReduce: the begins");
      cuda_emulation::require_device(end_offsets, n, "cub::DeviceSegmentedReduce: the ends");
      for (std::size_t s = 0; s < n; ++s) {
        const auto begin = static_cast<std::size_t>(begin_offsets[s]);
        const auto end = std::max(begin, static_cast<std::size_t>(end_offsets[s]));
        cuda_emulation::require_device(
            in + begin, end - begin, "cub::DeviceSegmentedReduce: a segment");
        out[s] = static_cast<Out>(
            std::accumulate(in + begin, in + end, cuda_emulation::CubSum<In, Out>{}));
      }
    });
  }
};

}  // namespace cub
