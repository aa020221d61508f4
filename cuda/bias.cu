// Reading guide: a bias' gradient is a column sum over all rows of a chunk. It is taken in two
// levels, each in a fixed order: blocks sum 256 rows of 32 columns, then the pieces of a column are
// summed by cuda/segments.cuh. The same bits from run to run, on any card.
#include "cuda/bias.hpp"

#include "cuda/segments.cuh"

namespace spiketape::cuda {
namespace {

/// Rows that one block sums. A constant, so that the order of a sum does not depend on the card.
constexpr std::int64_t kPieceRows = 256;
/// Warps of a block that share them.
constexpr int kParts = 8;

/// partial[piece, j] = the lambdas of column j in the rows of the piece: a block for each piece and
/// 32 columns.
__global__ void piece_sums_kernel(ChunkRows<const float> lambda,
                                  std::int64_t tiles,
                                  double* partial) {
  __shared__ double sums[kParts][kWarp];
  const std::int64_t neurons = lambda.neurons;
  const std::int64_t piece = blockIdx.x / tiles;
  const std::int64_t j = blockIdx.x % tiles * kWarp + lane_index();
  const int part = static_cast<int>(threadIdx.x) / kWarp;
  const std::int64_t begin = piece * kPieceRows;
  const std::int64_t rows = lambda.samples * lambda.steps - begin;
  const std::int64_t end = begin + (rows < kPieceRows ? rows : kPieceRows);
  double sum = 0.0;
  if (j < neurons)
    for (std::int64_t row = begin + part; row < end; row += kParts)
      sum += static_cast<double>(lambda.data[row * neurons + j]);
  sums[part][lane_index()] = sum;
  __syncthreads();
  if (part != 0 || j >= neurons) return;
  for (int p = 1; p < kParts; ++p) sum += sums[p][lane_index()];
  partial[piece * neurons + j] = sum;
}

/// sums[j] += the pieces of column j
struct PieceTotals : SumInDouble {
  std::int64_t neurons;
  const double* partial;
  double* sums;

  __device__ double term(std::int64_t j, std::int64_t piece) const {
    return partial[piece * neurons + j];
  }
  __device__ void store(std::int64_t j, double total) const { sums[j] += total; }
};

__global__ void add_bias_kernel(const double* sums, std::int64_t count, float* grad) {
  for (std::int64_t j = thread_index(); j < count; j += thread_stride())
    grad[j] += static_cast<float>(sums[j]);
}

__global__ void add_to_total_kernel(const float* bias, std::int64_t count, double* total) {
  for (std::int64_t j = thread_index(); j < count; j += thread_stride())
    total[j] += static_cast<double>(bias[j]);
}

}  // namespace

Buffer<double> total_bias(const CurrentView& current) {
  if (current.biases.empty()) return {};
  const Context& context = Context::use(current.device);
  auto total = Buffer<double>::zeros(
      static_cast<std::size_t>(current.neurons), current.device, MemoryTag::scratch);
  for (const Tensor* const bias : current.biases)
    launch(add_to_total_kernel,
           each_of(current.neurons, context),
           bias->data(),
           current.neurons,
           total.data());
  return total;
}

void add_column_sums(const Context& context, const ChunkRows<const float>& lambda, double* sums) {
  const std::int64_t pieces = (lambda.rows() + kPieceRows - 1) / kPieceRows;
  const std::int64_t tiles = (lambda.neurons + kWarp - 1) / kWarp;
  if (pieces == 0) return;
  Buffer<double> partial(
      static_cast<std::size_t>(pieces * lambda.neurons), context.device(), MemoryTag::scratch);
  launch(
      piece_sums_kernel,
      {.grid = blocks_for(pieces * tiles, 1), .block = kParts * kWarp, .stream = context.stream()},
      lambda,
      tiles,
      partial.data());
  reduce_segments(
      lambda.neurons, pieces, PieceTotals{{}, lambda.neurons, partial.data(), sums}, context);
}

void add_bias_gradient(const Context& context,
                       const double* sums,
                       std::int64_t count,
                       float* grad) {
  launch(add_bias_kernel, each_of(count, context), sums, count, grad);
}

}  // namespace spiketape::cuda
