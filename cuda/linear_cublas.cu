// Reading guide: the steps of a chunk are densified, slice by slice, and multiplied. cuBLAS reads
// matrices by columns, so a row-major matrix is its transpose there: C = A B is asked for as
// C^T = B^T A^T.
#include <cublas_v2.h>

#include "cuda/chunk_entries.hpp"
#include "cuda/launch.cuh"
#include "cuda/linear_chunk.hpp"

namespace spiketape::cuda {
namespace {

/// Most bytes of a slice of dense rows, unless one row alone has more.
constexpr std::int64_t kSliceBytes = 16 * 1024 * 1024;

/// dense[row, unit] += 1 for each event; counts are small whole numbers, so their order is no
/// matter.
__global__ void densify_kernel(EntryRows events, std::int64_t inputs, float* dense) {
  for (std::int64_t row = thread_index() / kWarp; row < events.rows;
       row += thread_stride() / kWarp) {
    const std::uint32_t end = events.offsets[row + 1];
    for (std::uint32_t e = events.offsets[row] + static_cast<std::uint32_t>(lane_index()); e < end;
         e += kWarp)
      atomicAdd(dense + row * inputs + events.units[e], 1.0f);
  }
}

/// values[e] += dense[row, unit] for each entry e
__global__ void pick_kernel(EntryRows active,
                            std::int64_t inputs,
                            const float* dense,
                            float* values) {
  for (std::int64_t row = thread_index() / kWarp; row < active.rows;
       row += thread_stride() / kWarp) {
    const std::uint32_t end = active.offsets[row + 1];
    for (std::uint32_t e = active.offsets[row] + static_cast<std::uint32_t>(lane_index()); e < end;
         e += kWarp)
      values[e] += dense[row * inputs + active.units[e]];
  }
}

/// A row-major matrix on the card, or its transpose.
struct Operand {
  const float* data;
  std::int64_t row_length;  ///< of the matrix as it lies in memory
  bool transposed = false;
};

/// result = scale left right + keep result; `result` is [rows, columns] and row-major.
void multiply(const Context& context,
              float scale,
              const Operand& left,
              const Operand& right,
              std::int64_t inner,
              float keep,
              float* result,
              std::int64_t rows,
              std::int64_t columns) {
  const auto operation = [](const Operand& of) {
    return of.transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
  };
  check(cublasSgemm(context.blas(),
                    operation(right),
                    operation(left),
                    static_cast<int>(columns),
                    static_cast<int>(rows),
                    static_cast<int>(inner),
                    &scale,
                    right.data,
                    static_cast<int>(right.row_length),
                    left.data,
                    static_cast<int>(left.row_length),
                    &keep,
                    result,
                    static_cast<int>(columns)));
}

/// A slice of a chunk's rows, with room for its dense inputs.
struct Slice {
  EntryRows entries;
  std::int64_t first;  ///< row, counted from the chunk's first
  float* dense;        ///< [entries.rows, inputs], undefined
};

/// Calls body(slice) for slices that cover the chunk.
template <typename T, typename Body>
void for_each_slice(const UnitRows& entries,
                    const ChunkRows<T>& chunk,
                    std::int64_t inputs,
                    Device device,
                    const Body& body) {
  const std::int64_t fitting = kSliceBytes / (inputs * static_cast<std::int64_t>(sizeof(float)));
  const std::int64_t most = std::min(chunk.rows(), std::max<std::int64_t>(1, fitting));
  Buffer<float> dense(static_cast<std::size_t>(most * inputs), device, MemoryTag::scratch);
  const EntryRows all = entry_rows(entries, chunk);
  for (std::int64_t first = 0; first < all.rows; first += most)
    body(Slice{
        {all.offsets + first, all.units, std::min(most, all.rows - first)}, first, dense.data()});
}

void densify(const Context& context, const Slice& slice, std::int64_t inputs) {
  const auto bytes = static_cast<std::size_t>(slice.entries.rows * inputs) * sizeof(float);
  check(cudaMemsetAsync(slice.dense, 0, bytes, context.stream()));
  launch(densify_kernel,
         each_of(slice.entries.rows * kWarp, context),
         slice.entries,
         inputs,
         slice.dense);
}

void gather(const CurrentView::Term& term, const ChunkRows<float>& current) {
  if (term.source.events().room() == 0) return;
  const Context& context = Context::use(term.weight.device());
  const std::int64_t inputs = term.source.neurons();
  const std::int64_t neurons = current.neurons;
  for_each_slice(term.source.events(), current, inputs, context.device(), [&](const Slice& slice) {
    densify(context, slice, inputs);
    multiply(context,
             term.amplitude,
             {slice.dense, inputs},
             {term.weight.data(), neurons},
             inputs,
             1.0f,
             current.data + slice.first * neurons,
             slice.entries.rows,
             neurons);
  });
}

void scatter(const CurrentView::Term& term,
             const ChunkRows<const float>& lambda,
             float* grad_weight) {
  if (term.source.events().room() == 0) return;
  const Context& context = Context::use(term.weight.device());
  const std::int64_t inputs = term.source.neurons();
  const std::int64_t neurons = lambda.neurons;
  for_each_slice(term.source.events(), lambda, inputs, context.device(), [&](const Slice& slice) {
    densify(context, slice, inputs);
    multiply(context,
             term.amplitude,
             {slice.dense, inputs, true},
             {lambda.data + slice.first * neurons, neurons},
             slice.entries.rows,
             1.0f,
             grad_weight,
             inputs,
             neurons);
  });
}

void sample(const CurrentView::Term& term,
            const ChunkRows<const float>& lambda,
            float* grad_source) {
  if (term.source.active().room() == 0) return;
  const Context& context = Context::use(term.weight.device());
  const std::int64_t inputs = term.source.neurons();
  const std::int64_t neurons = lambda.neurons;
  for_each_slice(term.source.active(), lambda, inputs, context.device(), [&](const Slice& slice) {
    multiply(context,
             term.amplitude,
             {lambda.data + slice.first * neurons, neurons},
             {term.weight.data(), neurons, true},
             neurons,
             0.0f,
             slice.dense,
             slice.entries.rows,
             inputs);
    launch(pick_kernel,
           each_of(slice.entries.rows * kWarp, context),
           slice.entries,
           inputs,
           slice.dense,
           grad_source);
  });
}

}  // namespace

const ChunkVerbs kCublas{&gather, &scatter, &sample};

}  // namespace spiketape::cuda
