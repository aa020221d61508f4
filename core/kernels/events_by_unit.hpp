#pragma once

#include "core/spike_tensor.hpp"

namespace spiketape {

/// The events of some consecutive samples sorted by unit, only units that fired: unit units[i]
/// fired at the rows rows[begins[i]] ... rows[begins[i + 1]], row = sample * steps + step counted
/// from the first of the samples, rising.
struct EventsByUnit {
  std::int64_t fired = 0;  ///< how many units are listed
  Buffer<UnitId> units;
  Buffer<std::uint32_t> begins;  ///< fired + 1 values
  Buffer<UnitId> rows;           ///< at most 65,536 rows, so a unit id's 16 bits serve
};

/// @pre samples * steps <= 65536
EventsByUnit sort_by_unit(const SpikeTensor& source,
                          std::int64_t first_sample,
                          std::int64_t samples);

}  // namespace spiketape
