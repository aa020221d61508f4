#pragma once

#include <cstdint>

#include "core/sweep.hpp"

/// The leaky integrators of a readout: O[0] = 0, O[t+1] = decay O[t] + (1 - decay) I[t].
namespace spiketape::cpu {

/// One sample's readout; arrays are padded to whole vectors (`stride`) and 64-byte aligned.
struct Integration {
  const float* current;  ///< I, [steps, stride]
  std::int64_t steps;
  std::int64_t stride;
  float decay;
  Score score;
  float* scores;           ///< [stride]: the largest, the sum (also for the mean) or the last of O
  std::int32_t* at;        ///< [stride]: the step of the largest; only for Score::max
  float* last;             ///< [stride]: O[steps - 1]
  float* trace = nullptr;  ///< O, [steps, stride], or null
};

void integrate(const Integration& arguments);

/// Back through the integrators, in place: rows hold dL/dO and become lambda = dL/dI. With
/// p[steps] = 0: lambda[k] = (1 - decay) p[k+1],   p[k] = decay p[k+1] + dL/dO[k].
void integrate_back(float decay, std::int64_t steps, const SampleRows<float>& rows);

}  // namespace spiketape::cpu
