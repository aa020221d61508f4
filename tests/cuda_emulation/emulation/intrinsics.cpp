#include "emulation/intrinsics.h"

#include <limits>

unsigned __brev(unsigned x) {
  unsigned reversed = 0;
  for (int bit = 0; bit < 32; ++bit) reversed |= (x >> bit & 1u) << (31 - bit);
  return reversed;
}

float __fmul_rn(float x, float y) { return x * y; }
float __fadd_rn(float x, float y) { return x + y; }
float __fsub_rn(float x, float y) { return x - y; }
double __dmul_rn(double x, double y) { return x * y; }
double __dadd_rn(double x, double y) { return x + y; }

int __float2int_rn(float x) {
  if (std::isnan(x)) return 0;
  const double rounded = std::nearbyint(static_cast<double>(x));
  if (rounded >= std::numeric_limits<int>::max()) return std::numeric_limits<int>::max();
  if (rounded <= std::numeric_limits<int>::min()) return std::numeric_limits<int>::min();
  return static_cast<int>(rounded);
}
