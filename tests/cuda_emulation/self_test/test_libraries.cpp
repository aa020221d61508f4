#include <cstdint>
#include <random>

#include <cublas_v2.h>
#include <cusparse.h>
#include <cub/cub.cuh>

#include "support.hpp"

namespace cuda_emulation::testing {
namespace {

std::vector<float> random_values(std::size_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::vector<float> values(count);
  for (float& v : values) v = static_cast<float>(static_cast<int>(generator() % 17) - 8);
  return values;
}

/// Calls f twice, as CUB wants it.
template <typename F>
cudaError_t with_storage(F f) {
  std::size_t bytes = 0;
  REQUIRE(f(nullptr, bytes) == cudaSuccess);
  const DeviceArray<char> storage{std::vector<char>(bytes)};
  return f(storage.data(), bytes);
}

TEST_CASE("CUB scans, reduces and sorts") {
  const DeviceArray<std::uint32_t> x({3, 1, 4, 1, 5}), y({0, 0, 0, 0, 0});
  CHECK(with_storage([&](void* storage, std::size_t& bytes) {
          return cub::DeviceScan::ExclusiveSum(storage, bytes, x.data(), y.data(), 5, nullptr);
        }) == cudaSuccess);
  CHECK(y.values() == std::vector<std::uint32_t>{0, 3, 4, 8, 9});
  CHECK(with_storage([&](void* storage, std::size_t& bytes) {
          return cub::DeviceScan::InclusiveSum(storage, bytes, x.data(), x.data(), 5, nullptr);
        }) == cudaSuccess);
  CHECK(x.values() == std::vector<std::uint32_t>{3, 4, 8, 9, 14});
  CHECK(with_storage([&](void* storage, std::size_t& bytes) {
          return cub::DeviceReduce::Sum(storage, bytes, x.data(), y.data(), 5, nullptr);
        }) == cudaSuccess);
  CHECK(with_storage([&](void* storage, std::size_t& bytes) {
          return cub::DeviceReduce::Max(storage, bytes, x.data(), y.data() + 1, 5, nullptr);
        }) == cudaSuccess);
  CHECK(y.values()[0] == 38);
  CHECK(y.values()[1] == 14);

  const DeviceArray<std::uint16_t> keys({0x21, 0x12, 0x31, 0x02}), sorted({0, 0, 0, 0});
  const DeviceArray<std::uint32_t> values({0, 1, 2, 3}), order({0, 0, 0, 0});
  CHECK(with_storage([&](void* storage, std::size_t& bytes) {
          return cub::DeviceRadixSort::SortPairs(storage,
                                                 bytes,
                                                 keys.data(),
                                                 sorted.data(),
                                                 values.data(),
                                                 order.data(),
                                                 4,
                                                 0,
                                                 4,
                                                 nullptr);
        }) == cudaSuccess);
  CHECK(order.values() == std::vector<std::uint32_t>{0, 2, 1, 3});
  CHECK(sorted.values() == std::vector<std::uint16_t>{0x21, 0x31, 0x12, 0x02});

  const DeviceArray<int> offsets({0, 2, 2, 4});
  const DeviceArray<float> f({1, 2, 3, 4}), sums({9, 9, 9});
  CHECK(
      with_storage([&](void* storage, std::size_t& bytes) {
        return cub::DeviceSegmentedReduce::Sum(
            storage, bytes, f.data(), sums.data(), 3, offsets.data(), offsets.data() + 1, nullptr);
      }) == cudaSuccess);
  CHECK(sums.values() == std::vector<float>{3, 0, 7});
}

TEST_CASE("CUB refuses host memory and too little storage") {
  std::vector<std::uint32_t> host(5);
  const DeviceArray<std::uint32_t> y({0, 0, 0, 0, 0});
  const auto scan = [&](void* storage, std::size_t& bytes) {
    return cub::DeviceScan::ExclusiveSum(storage, bytes, host.data(), y.data(), 5, nullptr);
  };
  CHECK_THROWS_WITH_AS(
      with_storage(scan), doctest::Contains("cub::DeviceScan: the input"), EmulationError);
  std::size_t few = 1;
  CHECK(scan(y.data(), few) == cudaErrorInvalidValue);
}

TEST_CASE("cuBLAS multiplies as plain loops do") {
  constexpr int kM = 5, kN = 3, kK = 7, kLd = 9;
  cublasHandle_t handle = nullptr;
  REQUIRE(cublasCreate(&handle) == CUBLAS_STATUS_SUCCESS);
  CHECK(cublasSetMathMode(handle, CUBLAS_PEDANTIC_MATH) == CUBLAS_STATUS_SUCCESS);
  CHECK(cublasSetPointerMode(handle, CUBLAS_POINTER_MODE_DEVICE) == CUBLAS_STATUS_NOT_SUPPORTED);
  CHECK(cublasSetStream(handle, nullptr) == CUBLAS_STATUS_SUCCESS);
  const std::vector<float> a = random_values(kLd * 7, 1), b = random_values(kLd * 7, 2);
  const DeviceArray<float> da(a), db(b);
  const float alpha = 2, beta = 3, zero = 0;
  for (const bool ta : {false, true})
    for (const bool tb : {false, true}) {
      std::vector<float> c = random_values(kLd * kN, 3);
      const DeviceArray<float> dc(c);
      CHECK(cublasSgemm(handle,
                        ta ? CUBLAS_OP_T : CUBLAS_OP_N,
                        tb ? CUBLAS_OP_T : CUBLAS_OP_N,
                        kM,
                        kN,
                        kK,
                        &alpha,
                        da.data(),
                        kLd,
                        db.data(),
                        kLd,
                        &beta,
                        dc.data(),
                        kLd) == CUBLAS_STATUS_SUCCESS);
      for (std::size_t i = 0; i < kM; ++i)
        for (std::size_t j = 0; j < kN; ++j) {
          float sum = 0;
          for (std::size_t k = 0; k < kK; ++k)
            sum += (ta ? a[k + i * kLd] : a[i + k * kLd]) * (tb ? b[j + k * kLd] : b[k + j * kLd]);
          c[i + j * kLd] = alpha * sum + beta * c[i + j * kLd];
        }
      CHECK(dc.values() == c);
    }

  // y = A^T x over every second element, where y was garbage.
  const DeviceArray<float> y(std::vector<float>(5, NAN));
  CHECK(
      cublasSgemv(
          handle, CUBLAS_OP_T, kM, kN, &alpha, da.data(), kLd, db.data(), 1, &zero, y.data(), 2) ==
      CUBLAS_STATUS_SUCCESS);
  for (std::size_t j = 0; j < kN; ++j) {
    float sum = 0;
    for (std::size_t i = 0; i < kM; ++i) sum += a[i + j * kLd] * b[i];
    CHECK(y.values()[j * 2] == alpha * sum);
  }
  CHECK(std::isnan(y.values()[1]));

  CHECK(cublasSgemv(
            handle, CUBLAS_OP_N, kM, kN, &alpha, da.data(), 4, db.data(), 1, &zero, y.data(), 1) ==
        CUBLAS_STATUS_INVALID_VALUE);
  CHECK_THROWS_WITH_AS(
      cublasSgemv(
          handle, CUBLAS_OP_N, kM, kN, &alpha, a.data(), kLd, db.data(), 1, &zero, y.data(), 1),
      doctest::Contains("cublasSgemv: A"),
      EmulationError);
  CHECK(cublasDestroy(handle) == CUBLAS_STATUS_SUCCESS);
}

/// A CSR matrix of 4 x 3 with an empty row, and a column that comes twice in the last.
const std::vector<std::int32_t> kOffsets = {0, 2, 2, 3, 6};
const std::vector<std::int32_t> kColumns = {0, 2, 1, 0, 2, 2};
constexpr std::size_t kRows = 4, kCols = 3, kWidth = 5;

class Sparse {
 public:
  explicit Sparse(const std::vector<float>& values)
      : offsets_(kOffsets), columns_(kColumns), values_(values), storage_(std::vector<char>(256)) {
    REQUIRE(cusparseCreate(&handle_) == CUSPARSE_STATUS_SUCCESS);
    REQUIRE(cusparseCreateCsr(&matrix_,
                              kRows,
                              kCols,
                              6,
                              offsets_.data(),
                              columns_.data(),
                              values_.data(),
                              CUSPARSE_INDEX_32I,
                              CUSPARSE_INDEX_32I,
                              CUSPARSE_INDEX_BASE_ZERO,
                              CUDA_R_32F) == CUSPARSE_STATUS_SUCCESS);
  }
  ~Sparse() {
    cusparseDestroySpMat(matrix_);
    cusparseDestroy(handle_);
  }
  Sparse(const Sparse&) = delete;
  Sparse& operator=(const Sparse&) = delete;

  cusparseHandle_t handle() const { return handle_; }
  cusparseSpMatDescr_t matrix() const { return matrix_; }
  std::vector<float> values() const { return values_.values(); }
  void* buffer() const { return storage_.data(); }

 private:
  DeviceArray<std::int32_t> offsets_, columns_;
  DeviceArray<float> values_;
  DeviceArray<char> storage_;
  cusparseHandle_t handle_ = nullptr;
  cusparseSpMatDescr_t matrix_ = nullptr;
};

class Dense {
 public:
  Dense(const DeviceArray<float>& values, std::size_t rows, std::size_t cols, bool by_rows) {
    REQUIRE(cusparseCreateDnMat(&matrix_,
                                static_cast<std::int64_t>(rows),
                                static_cast<std::int64_t>(cols),
                                static_cast<std::int64_t>(by_rows ? cols : rows),
                                values.data(),
                                CUDA_R_32F,
                                by_rows ? CUSPARSE_ORDER_ROW : CUSPARSE_ORDER_COL) ==
            CUSPARSE_STATUS_SUCCESS);
  }
  ~Dense() { cusparseDestroyDnMat(matrix_); }
  Dense(const Dense&) = delete;
  Dense& operator=(const Dense&) = delete;
  operator cusparseDnMatDescr_t() const { return matrix_; }

 private:
  cusparseDnMatDescr_t matrix_ = nullptr;
};

std::size_t at(std::size_t i, std::size_t j, std::size_t rows, std::size_t cols, bool by_rows) {
  return by_rows ? i * cols + j : j * rows + i;
}

TEST_CASE("cuSPARSE multiplies a sparse matrix and its transpose as plain loops do") {
  const std::vector<float> values = random_values(6, 4);
  const Sparse a(values);
  const float alpha = 2, beta = -1;
  for (const bool transposed : {false, true})
    for (const bool by_rows : {false, true}) {
      const std::size_t in_rows = transposed ? kRows : kCols, out_rows = transposed ? kCols : kRows;
      const std::vector<float> b = random_values(in_rows * kWidth, 5);
      std::vector<float> c = random_values(out_rows * kWidth, 6);
      const DeviceArray<float> db(b), dc(c);
      const Dense mb(db, in_rows, kWidth, by_rows), mc(dc, out_rows, kWidth, by_rows);
      const auto op = transposed ? CUSPARSE_OPERATION_TRANSPOSE : CUSPARSE_OPERATION_NON_TRANSPOSE;
      std::size_t bytes = 0;
      CHECK(cusparseSpMM_bufferSize(a.handle(),
                                    op,
                                    CUSPARSE_OPERATION_NON_TRANSPOSE,
                                    &alpha,
                                    a.matrix(),
                                    mb,
                                    &beta,
                                    mc,
                                    CUDA_R_32F,
                                    CUSPARSE_SPMM_CSR_ALG2,
                                    &bytes) == CUSPARSE_STATUS_SUCCESS);
      CHECK(bytes == 256);
      CHECK(cusparseSpMM(a.handle(),
                         op,
                         CUSPARSE_OPERATION_NON_TRANSPOSE,
                         &alpha,
                         a.matrix(),
                         mb,
                         &beta,
                         mc,
                         CUDA_R_32F,
                         CUSPARSE_SPMM_CSR_ALG2,
                         a.buffer()) == CUSPARSE_STATUS_SUCCESS);
      for (float& x : c) x *= beta;
      for (std::size_t row = 0; row < kRows; ++row)
        for (auto e = static_cast<std::size_t>(kOffsets[row]);
             e < static_cast<std::size_t>(kOffsets[row + 1]);
             ++e)
          for (std::size_t j = 0; j < kWidth; ++j) {
            const auto col = static_cast<std::size_t>(kColumns[e]);
            const std::size_t from = transposed ? row : col, to = transposed ? col : row;
            c[at(to, j, out_rows, kWidth, by_rows)] +=
                alpha * values[e] * b[at(from, j, in_rows, kWidth, by_rows)];
          }
      CHECK(dc.values() == c);
    }
}

TEST_CASE("cuSPARSE samples a dense product at the entries of a sparse matrix") {
  constexpr std::size_t kDepth = 3;
  const float alpha = 2, beta = -1;
  for (const bool ta : {false, true})
    for (const bool tb : {false, true}) {
      std::vector<float> values = random_values(6, 7);
      const Sparse c(values);
      const std::vector<float> a = random_values(kRows * kDepth, 8);
      const std::vector<float> b = random_values(kDepth * kCols, 9);
      const DeviceArray<float> da(a), db(b);
      const Dense ma(da, ta ? kDepth : kRows, ta ? kRows : kDepth, true);
      const Dense mb(db, tb ? kCols : kDepth, tb ? kDepth : kCols, false);
      CHECK(cusparseSDDMM(c.handle(),
                          ta ? CUSPARSE_OPERATION_TRANSPOSE : CUSPARSE_OPERATION_NON_TRANSPOSE,
                          tb ? CUSPARSE_OPERATION_TRANSPOSE : CUSPARSE_OPERATION_NON_TRANSPOSE,
                          &alpha,
                          ma,
                          mb,
                          &beta,
                          c.matrix(),
                          CUDA_R_32F,
                          CUSPARSE_SDDMM_ALG_DEFAULT,
                          c.buffer()) == CUSPARSE_STATUS_SUCCESS);
      for (std::size_t row = 0; row < kRows; ++row)
        for (auto e = static_cast<std::size_t>(kOffsets[row]);
             e < static_cast<std::size_t>(kOffsets[row + 1]);
             ++e) {
          const auto col = static_cast<std::size_t>(kColumns[e]);
          float sum = 0;
          for (std::size_t k = 0; k < kDepth; ++k)
            sum += a[ta ? k * kRows + row : row * kDepth + k] *
                   b[tb ? k * kCols + col : col * kDepth + k];
          values[e] = alpha * sum + beta * values[e];
        }
      CHECK(c.values() == values);
    }
}

TEST_CASE("cuSPARSE refuses what does not fit") {
  const Sparse a(random_values(6, 4));
  const float one = 1;
  const DeviceArray<float> data(std::vector<float>(20));
  const Dense b(data, kRows, kWidth, true), c(data, kRows, kWidth, true);
  CHECK(cusparseSpMM(a.handle(),
                     CUSPARSE_OPERATION_NON_TRANSPOSE,
                     CUSPARSE_OPERATION_NON_TRANSPOSE,
                     &one,
                     a.matrix(),
                     b,
                     &one,
                     c,
                     CUDA_R_32F,
                     CUSPARSE_SPMM_ALG_DEFAULT,
                     a.buffer()) == CUSPARSE_STATUS_INVALID_VALUE);
  CHECK(std::string(cusparseGetErrorString(CUSPARSE_STATUS_INVALID_VALUE)) ==
        "CUSPARSE_STATUS_INVALID_VALUE");
}

TEST_CASE("nothing is left behind by the libraries' tests") {
  CHECK(live_allocations() == 0);
  CHECK(live_handles() == 0);
}

}  // namespace
}  // namespace cuda_emulation::testing
