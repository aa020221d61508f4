#pragma once

// Device functions of one thread. A kernel's threads share one OS thread, so that an atomic is a
// plain update and a fence is nothing.

#include <bit>
#include <cmath>
#include <cstdint>

// ---- bits ---------------------------------------------------------------------------------------
inline int __popc(unsigned x) { return std::popcount(x); }
inline int __popcll(unsigned long long x) { return std::popcount(x); }
inline int __ffs(int x) { return x == 0 ? 0 : std::countr_zero(static_cast<unsigned>(x)) + 1; }
inline int __ffsll(long long x) {
  return x == 0 ? 0 : std::countr_zero(static_cast<unsigned long long>(x)) + 1;
}
inline int __clz(int x) { return std::countl_zero(static_cast<unsigned>(x)); }
inline int __clzll(long long x) { return std::countl_zero(static_cast<unsigned long long>(x)); }
unsigned __brev(unsigned x);
inline unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
inline float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
inline int __float_as_int(float x) { return std::bit_cast<int>(x); }
inline float __int_as_float(int x) { return std::bit_cast<float>(x); }

// ---- rounding: defined out of line, so that no product is contracted with a sum
// -------------------
float __fmul_rn(float x, float y);
float __fadd_rn(float x, float y);
float __fsub_rn(float x, float y);
double __dmul_rn(double x, double y);
double __dadd_rn(double x, double y);
inline float __fmaf_rn(float x, float y, float z) { return std::fma(x, y, z); }
inline double __fma_rn(double x, double y, double z) { return std::fma(x, y, z); }
inline float __fdiv_rn(float x, float y) { return x / y; }
/// To the nearest, ties to even; saturates, and NaN is 0.
int __float2int_rn(float x);

// ---- memory
// ---------------------------------------------------------------------------------------
template <typename T>
T __ldg(const T* pointer) {
  return *pointer;
}
inline void __threadfence() {}
inline void __threadfence_block() {}

namespace cuda_emulation {

/// *address = f(*address); returns what was there.
template <typename T, typename F>
T update(T* address, F f) {
  const T old = *address;
  *address = f(old);
  return old;
}

template <typename T>
T add(T* address, T value) {
  return update(address, [=](T old) { return static_cast<T>(old + value); });
}
template <typename T>
T minimum(T* address, T value) {
  return update(address, [=](T old) { return value < old ? value : old; });
}
template <typename T>
T maximum(T* address, T value) {
  return update(address, [=](T old) { return old < value ? value : old; });
}
template <typename T>
T exchange(T* address, T value) {
  return update(address, [=](T) { return value; });
}
template <typename T>
T compare_and_swap(T* address, T expected, T value) {
  return update(address, [=](T old) { return old == expected ? value : old; });
}

}  // namespace cuda_emulation

using cuda_emulation_ull = unsigned long long;

/// Wraps around, as on the card.
inline int atomicAdd(int* address, int value) {
  return cuda_emulation::update(address, [=](int old) {
    return static_cast<int>(static_cast<unsigned>(old) + static_cast<unsigned>(value));
  });
}
inline unsigned atomicAdd(unsigned* address, unsigned value) {
  return cuda_emulation::add(address, value);
}
inline cuda_emulation_ull atomicAdd(cuda_emulation_ull* address, cuda_emulation_ull value) {
  return cuda_emulation::add(address, value);
}
inline float atomicAdd(float* address, float value) { return cuda_emulation::add(address, value); }
inline double atomicAdd(double* address, double value) {
  return cuda_emulation::add(address, value);
}

inline int atomicMin(int* address, int value) { return cuda_emulation::minimum(address, value); }
inline unsigned atomicMin(unsigned* address, unsigned value) {
  return cuda_emulation::minimum(address, value);
}
inline cuda_emulation_ull atomicMin(cuda_emulation_ull* address, cuda_emulation_ull value) {
  return cuda_emulation::minimum(address, value);
}
inline int atomicMax(int* address, int value) { return cuda_emulation::maximum(address, value); }
inline unsigned atomicMax(unsigned* address, unsigned value) {
  return cuda_emulation::maximum(address, value);
}
inline cuda_emulation_ull atomicMax(cuda_emulation_ull* address, cuda_emulation_ull value) {
  return cuda_emulation::maximum(address, value);
}

inline int atomicExch(int* address, int value) { return cuda_emulation::exchange(address, value); }
inline unsigned atomicExch(unsigned* address, unsigned value) {
  return cuda_emulation::exchange(address, value);
}
inline cuda_emulation_ull atomicExch(cuda_emulation_ull* address, cuda_emulation_ull value) {
  return cuda_emulation::exchange(address, value);
}
inline float atomicExch(float* address, float value) {
  return cuda_emulation::exchange(address, value);
}

inline int atomicOr(int* address, int value) {
  return cuda_emulation::update(address, [=](int old) { return old | value; });
}
inline unsigned atomicOr(unsigned* address, unsigned value) {
  return cuda_emulation::update(address, [=](unsigned old) { return old | value; });
}
inline cuda_emulation_ull atomicOr(cuda_emulation_ull* address, cuda_emulation_ull value) {
  return cuda_emulation::update(address, [=](cuda_emulation_ull old) { return old | value; });
}

inline int atomicCAS(int* address, int expected, int value) {
  return cuda_emulation::compare_and_swap(address, expected, value);
}
inline unsigned atomicCAS(unsigned* address, unsigned expected, unsigned value) {
  return cuda_emulation::compare_and_swap(address, expected, value);
}
inline cuda_emulation_ull atomicCAS(cuda_emulation_ull* address,
                                    cuda_emulation_ull expected,
                                    cuda_emulation_ull value) {
  return cuda_emulation::compare_and_swap(address, expected, value);
}

// ---- min and max at global scope; NaN loses, as with fmin
// ------------------------------------------
constexpr int min(int x, int y) { return y < x ? y : x; }
constexpr unsigned min(unsigned x, unsigned y) { return y < x ? y : x; }
constexpr long min(long x, long y) { return y < x ? y : x; }
constexpr unsigned long min(unsigned long x, unsigned long y) { return y < x ? y : x; }
constexpr long long min(long long x, long long y) { return y < x ? y : x; }
constexpr cuda_emulation_ull min(cuda_emulation_ull x, cuda_emulation_ull y) {
  return y < x ? y : x;
}
inline float min(float x, float y) { return std::fmin(x, y); }
inline double min(double x, double y) { return std::fmin(x, y); }

constexpr int max(int x, int y) { return x < y ? y : x; }
constexpr unsigned max(unsigned x, unsigned y) { return x < y ? y : x; }
constexpr long max(long x, long y) { return x < y ? y : x; }
constexpr unsigned long max(unsigned long x, unsigned long y) { return x < y ? y : x; }
constexpr long long max(long long x, long long y) { return x < y ? y : x; }
constexpr cuda_emulation_ull max(cuda_emulation_ull x, cuda_emulation_ull y) {
  return x < y ? y : x;
}
inline float max(float x, float y) { return std::fmax(x, y); }
inline double max(double x, double y) { return std::fmax(x, y); }
