#pragma once

/// Marks small functions that kernels of both devices call: nvcc compiles them for the card, too.
#ifdef __CUDACC__
#define SPIKETAPE_HOST_DEVICE __host__ __device__
#else
#define SPIKETAPE_HOST_DEVICE
#endif
