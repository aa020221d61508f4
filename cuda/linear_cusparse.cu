// Reading guide: the events (or the active set) of a chunk become a matrix in cuSPARSE's own
// format, CSR with 32-bit indices, and cuSPARSE does the rest. Where it may not be trusted with
// them (Csr::make), the verbs go event by event.
#include <cusparse.h>

#include <limits>
#include <optional>

#include "core/cuda_backend.hpp"
#include "cuda/chunk_entries.hpp"
#include "cuda/launch.cuh"
#include "cuda/linear_chunk.hpp"

namespace spiketape::cuda {
namespace {

using SparseMatrix = Handle<cusparseSpMatDescr_t, &cusparseDestroySpMat>;
using DenseMatrix = Handle<cusparseDnMatDescr_t, &cusparseDestroyDnMat>;
using ConstDenseMatrix = Handle<cusparseConstDnMatDescr_t, &cusparseDestroyDnMat>;

/// Offsets and units of a chunk, counted from its first entry. Sets *repeats when the units of some
/// row do not rise strictly.
__global__ void to_csr_kernel(EntryRows entries,
                              std::int32_t* offsets,
                              std::int32_t* columns,
                              std::uint32_t* repeats) {
  const std::uint32_t first = entries.offsets[0];
  for (std::int64_t row = thread_index() / kWarp; row < entries.rows;
       row += thread_stride() / kWarp) {
    const std::uint32_t begin = entries.offsets[row];
    const std::uint32_t end = entries.offsets[row + 1];
    if (lane_index() == 0) {
      offsets[row] = static_cast<std::int32_t>(begin - first);
      if (row == entries.rows - 1) offsets[row + 1] = static_cast<std::int32_t>(end - first);
    }
    for (std::uint32_t e = begin + static_cast<std::uint32_t>(lane_index()); e < end; e += kWarp) {
      columns[e - first] = entries.units[e];
      if (e > begin && entries.units[e - 1] >= entries.units[e]) atomicExch(repeats, 1u);
    }
  }
}

__global__ void add_scaled_kernel(const float* from, std::int64_t count, float factor, float* to) {
  for (std::int64_t i = thread_index(); i < count; i += thread_stride()) to[i] += factor * from[i];
}

/// The entries of a chunk as a matrix [rows, units] of one value per entry.
struct Csr {
  EntryRange range;
  Buffer<std::int32_t> offsets;
  Buffer<std::int32_t> columns;
  Buffer<float> values;
  SparseMatrix matrix;

  /// Nothing when cuSPARSE promises no result for these entries: a unit is repeated in a row, or
  /// there are more than 32-bit offsets count. @pre range.count() > 0
  static std::optional<Csr> make(const Context& context,
                                 const EntryRows& entries,
                                 const EntryRange& range,
                                 std::int64_t units,
                                 float value) {
    if (range.count() > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
    const Device device = context.device();
    const auto rows = static_cast<std::size_t>(entries.rows);
    const auto count = static_cast<std::size_t>(range.count());
    Csr csr{range,
            Buffer<std::int32_t>(rows + 1, device, MemoryTag::scratch),
            Buffer<std::int32_t>(count, device, MemoryTag::scratch),
            Buffer<float>(count, device, MemoryTag::scratch),
            {}};
    auto repeats = Buffer<std::uint32_t>::zeros(1, device, MemoryTag::scratch);
    launch(to_csr_kernel,
           each_of(entries.rows * kWarp, context),
           entries,
           csr.offsets.data(),
           csr.columns.data(),
           repeats.data());
    std::uint32_t repeated = 0;
    spiketape::copy_bytes(&repeated, kCpu, repeats.data(), device, sizeof repeated);
    if (repeated != 0) return std::nullopt;
    fill(device, csr.values.data(), count, value);
    csr.matrix = SparseMatrix::make(&cusparseCreateCsr,
                                    entries.rows,
                                    units,
                                    range.count(),
                                    csr.offsets.data(),
                                    csr.columns.data(),
                                    csr.values.data(),
                                    CUSPARSE_INDEX_32I,
                                    CUSPARSE_INDEX_32I,
                                    CUSPARSE_INDEX_BASE_ZERO,
                                    CUDA_R_32F);
    return csr;
  }
};

DenseMatrix dense(float* data, std::int64_t rows, std::int64_t columns) {
  return DenseMatrix::make(
      &cusparseCreateDnMat, rows, columns, columns, data, CUDA_R_32F, CUSPARSE_ORDER_ROW);
}

ConstDenseMatrix dense(const float* data, std::int64_t rows, std::int64_t columns) {
  return ConstDenseMatrix::make(
      &cusparseCreateConstDnMat, rows, columns, columns, data, CUDA_R_32F, CUSPARSE_ORDER_ROW);
}

Buffer<std::byte> workspace(std::size_t bytes, const Context& context) {
  return Buffer<std::byte>(bytes, context.device(), MemoryTag::scratch);
}

/// result += factor operation(spikes) right
void add_product(const Context& context,
                 float factor,
                 cusparseOperation_t operation,
                 const Csr& spikes,
                 const ConstDenseMatrix& right,
                 const DenseMatrix& result) {
  // The third algorithm gives the same bits from run to run, but does not transpose; the second is
  // the one for row-major matrices.
  const cusparseSpMMAlg_t algorithm = operation == CUSPARSE_OPERATION_NON_TRANSPOSE
                                          ? CUSPARSE_SPMM_CSR_ALG3
                                          : CUSPARSE_SPMM_CSR_ALG2;
  const float keep = 1.0f;
  std::size_t bytes = 0;
  check(cusparseSpMM_bufferSize(context.sparse(),
                                operation,
                                CUSPARSE_OPERATION_NON_TRANSPOSE,
                                &factor,
                                spikes.matrix.get(),
                                right.get(),
                                &keep,
                                result.get(),
                                CUDA_R_32F,
                                algorithm,
                                &bytes));
  Buffer<std::byte> scratch = workspace(bytes, context);
  check(cusparseSpMM(context.sparse(),
                     operation,
                     CUSPARSE_OPERATION_NON_TRANSPOSE,
                     &factor,
                     spikes.matrix.get(),
                     right.get(),
                     &keep,
                     result.get(),
                     CUDA_R_32F,
                     algorithm,
                     scratch.data()));
}

/// values of `at` = left right^T at its entries; they must be zero before.
void sample_product(const Context& context,
                    const ConstDenseMatrix& left,
                    const ConstDenseMatrix& right,
                    const Csr& at) {
  const float factor = 1.0f;
  const float keep = 0.0f;
  std::size_t bytes = 0;
  check(cusparseSDDMM_bufferSize(context.sparse(),
                                 CUSPARSE_OPERATION_NON_TRANSPOSE,
                                 CUSPARSE_OPERATION_TRANSPOSE,
                                 &factor,
                                 left.get(),
                                 right.get(),
                                 &keep,
                                 at.matrix.get(),
                                 CUDA_R_32F,
                                 CUSPARSE_SDDMM_ALG_DEFAULT,
                                 &bytes));
  Buffer<std::byte> scratch = workspace(bytes, context);
  check(cusparseSDDMM(context.sparse(),
                      CUSPARSE_OPERATION_NON_TRANSPOSE,
                      CUSPARSE_OPERATION_TRANSPOSE,
                      &factor,
                      left.get(),
                      right.get(),
                      &keep,
                      at.matrix.get(),
                      CUDA_R_32F,
                      CUSPARSE_SDDMM_ALG_DEFAULT,
                      scratch.data()));
}

void gather(const CurrentView::Term& term, const ChunkRows<float>& current) {
  const UnitRows& events = term.source.events();
  if (events.room() == 0) return;
  const EntryRange range = entry_range(events, current.first_row(), current.rows());
  if (range.count() == 0) return;
  const Context& context = Context::use(term.weight.device());
  const std::int64_t inputs = term.source.neurons();
  const auto spikes = Csr::make(context, entry_rows(events, current), range, inputs, 1.0f);
  if (!spikes) return kDeterministicEvents.gather(term, current);
  add_product(context,
              term.amplitude,
              CUSPARSE_OPERATION_NON_TRANSPOSE,
              *spikes,
              dense(term.weight.data(), inputs, current.neurons),
              dense(current.data, current.rows(), current.neurons));
}

void scatter(const CurrentView::Term& term,
             const ChunkRows<const float>& lambda,
             float* grad_weight) {
  const UnitRows& events = term.source.events();
  if (events.room() == 0) return;
  const EntryRange range = entry_range(events, lambda.first_row(), lambda.rows());
  if (range.count() == 0) return;
  const Context& context = Context::use(term.weight.device());
  const std::int64_t inputs = term.source.neurons();
  const auto spikes = Csr::make(context, entry_rows(events, lambda), range, inputs, 1.0f);
  if (!spikes) return kDeterministicEvents.scatter(term, lambda, grad_weight);
  add_product(context,
              term.amplitude,
              CUSPARSE_OPERATION_TRANSPOSE,
              *spikes,
              dense(lambda.data, lambda.rows(), lambda.neurons),
              dense(grad_weight, inputs, lambda.neurons));
}

void sample(const CurrentView::Term& term,
            const ChunkRows<const float>& lambda,
            float* grad_source) {
  const UnitRows& active = term.source.active();
  if (active.room() == 0) return;
  const EntryRange range = entry_range(active, lambda.first_row(), lambda.rows());
  if (range.count() == 0) return;
  const Context& context = Context::use(term.weight.device());
  const std::int64_t inputs = term.source.neurons();
  const auto at = Csr::make(context, entry_rows(active, lambda), range, inputs, 0.0f);
  if (!at) return kDeterministicEvents.sample(term, lambda, grad_source);
  sample_product(context,
                 dense(lambda.data, lambda.rows(), lambda.neurons),
                 dense(term.weight.data(), inputs, lambda.neurons),
                 *at);
  launch(add_scaled_kernel,
         each_of(range.count(), context),
         at->values.data(),
         range.count(),
         term.amplitude,
         grad_source + range.begin);
}

}  // namespace

const ChunkVerbs kCusparse{&gather, &scatter, &sample};

}  // namespace spiketape::cuda
