#include "core/kernels/gemm.hpp"

#include "core/kernels/simd.hpp"

namespace spiketape::cpu {

void gemm_baseline(
    float alpha, const MatrixView& a, const MatrixView& b, float* c, std::int64_t stride);
void gemm_avx2(
    float alpha, const MatrixView& a, const MatrixView& b, float* c, std::int64_t stride);
void gemm_avx512(
    float alpha, const MatrixView& a, const MatrixView& b, float* c, std::int64_t stride);

void gemm(float alpha, const MatrixView& a, const MatrixView& b, float* c, std::int64_t stride) {
#if defined(SPIKETAPE_GEMM_X86_VARIANTS)
  static const auto best = vector_target() == "AVX3"   ? &gemm_avx512
                           : vector_target() == "AVX2" ? &gemm_avx2
                                                       : &gemm_baseline;
  best(alpha, a, b, c, stride);
#else
  gemm_baseline(alpha, a, b, c, stride);
#endif
}

}  // namespace spiketape::cpu
