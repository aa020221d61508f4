#pragma once

/// Marks a function that the CPU's and the card's kernels share: one definition of the arithmetic.
/// `std::` functions of <cmath> work in it.
#if defined(__CUDACC__)
#define SPIKETAPE_HOST_DEVICE __host__ __device__
#else
#define SPIKETAPE_HOST_DEVICE
#endif
