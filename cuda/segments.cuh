#pragma once

#include <cstdint>

#include "core/buffer.hpp"
#include "cuda/launch.cuh"

/// Reductions with a fixed order, so that they have the same bits from run to run and on every
/// card. Each of `outputs` results is the combination of `terms` terms; what is combined is a
/// struct of these members:
///
///     using Value = ...;                                                 trivially copyable
///     __device__ static Value identity();
///     __device__ static Value combine(Value, Value);
///     __device__ Value term(std::int64_t output, std::int64_t index) const;
///     __device__ void store(std::int64_t output, Value) const;           called once for each
///
/// Few terms are combined by one thread, more by a block, very many by several blocks whose results
/// a second kernel combines. Which way is chosen by the number of terms alone.
namespace spiketape::cuda {

inline constexpr std::int64_t kSegmentSerial = 32;        ///< terms that one thread combines
inline constexpr std::int64_t kSegmentPiece = 16 * 1024;  ///< terms that one block combines
inline constexpr int kSegmentBlock = 256;

template <typename Segments>
__global__ void segments_by_thread(Segments segments, std::int64_t outputs, std::int64_t terms) {
  for (std::int64_t o = thread_index(); o < outputs; o += thread_stride()) {
    typename Segments::Value value = Segments::identity();
    for (std::int64_t i = 0; i < terms; ++i) value = Segments::combine(value, segments.term(o, i));
    segments.store(o, value);
  }
}

template <typename Segments>
__global__ void segments_by_block(Segments segments, std::int64_t outputs, std::int64_t terms) {
  __shared__ typename Segments::Value shared[kSegmentBlock];
  const int thread = static_cast<int>(threadIdx.x);
  for (std::int64_t o = blockIdx.x; o < outputs; o += gridDim.x) {
    typename Segments::Value value = Segments::identity();
    for (std::int64_t i = thread; i < terms; i += kSegmentBlock)
      value = Segments::combine(value, segments.term(o, i));
    shared[thread] = value;
    __syncthreads();
    for (int half = kSegmentBlock / 2; half > 0; half /= 2) {
      if (thread < half) shared[thread] = Segments::combine(shared[thread], shared[thread + half]);
      __syncthreads();
    }
    if (thread == 0) segments.store(o, shared[0]);
    __syncthreads();
  }
}

/// The pieces of each output, to `partial`.
template <typename Segments>
struct SegmentPieces {
  using Value = typename Segments::Value;
  Segments segments;
  std::int64_t terms;
  std::int64_t pieces;
  Value* partial;

  __device__ static Value identity() { return Segments::identity(); }
  __device__ static Value combine(Value a, Value b) { return Segments::combine(a, b); }
  __device__ Value term(std::int64_t piece, std::int64_t index) const {
    const std::int64_t output = piece / pieces;
    const std::int64_t i = (piece - output * pieces) * kSegmentPiece + index;
    return i < terms ? segments.term(output, i) : Segments::identity();
  }
  __device__ void store(std::int64_t piece, Value value) const { partial[piece] = value; }
};

/// The results from `partial`.
template <typename Segments>
struct SegmentTotals {
  using Value = typename Segments::Value;
  Segments segments;
  std::int64_t pieces;
  const Value* partial;

  __device__ static Value identity() { return Segments::identity(); }
  __device__ static Value combine(Value a, Value b) { return Segments::combine(a, b); }
  __device__ Value term(std::int64_t output, std::int64_t piece) const {
    return partial[output * pieces + piece];
  }
  __device__ void store(std::int64_t output, Value value) const { segments.store(output, value); }
};

/// One block for each of `outputs`, fewer for very many.
inline LaunchShape block_for_each(std::int64_t outputs, const Context& context, Place place) {
  constexpr std::int64_t kMost = 1 << 20;
  return {.grid = static_cast<unsigned>(std::min(outputs, kMost)),
          .block = kSegmentBlock,
          .stream = context.stream(),
          .place = place};
}

template <typename Segments>
void reduce_segments(std::int64_t outputs,
                     std::int64_t terms,
                     const Segments& segments,
                     const Context& context,
                     Place place = Place::current()) {
  if (terms <= kSegmentSerial) {
    launch(
        segments_by_thread<Segments>, each_of(outputs, context, place), segments, outputs, terms);
    return;
  }
  if (terms <= kSegmentPiece) {
    launch(segments_by_block<Segments>,
           block_for_each(outputs, context, place),
           segments,
           outputs,
           terms);
    return;
  }
  const std::int64_t pieces = (terms + kSegmentPiece - 1) / kSegmentPiece;
  Buffer<typename Segments::Value> partial(
      static_cast<std::size_t>(outputs * pieces), context.device(), MemoryTag::scratch);
  launch(segments_by_block<SegmentPieces<Segments>>,
         block_for_each(outputs * pieces, context, place),
         SegmentPieces<Segments>{segments, terms, pieces, partial.data()},
         outputs * pieces,
         kSegmentPiece);
  launch(segments_by_block<SegmentTotals<Segments>>,
         block_for_each(outputs, context, place),
         SegmentTotals<Segments>{segments, pieces, partial.data()},
         outputs,
         pieces);
}

/// The part of a reduction that sums in double.
struct SumInDouble {
  using Value = double;
  __device__ static double identity() { return 0.0; }
  __device__ static double combine(double a, double b) { return a + b; }
};

}  // namespace spiketape::cuda
