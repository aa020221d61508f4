#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/synapse.hpp"

namespace spiketape {

/// What SynapsePath::automatic does on a card on the way back, by the width of the layer and the
/// density of what drives it; within a recorded step (StepGraph) events where it names cusparse,
/// for whose counts the host would have to wait. (It gathers by events, always: cuda/terms.cpp says
/// why. On the CPU it has a rule of its own, core/synapse.cpp.)
struct PathTable {
  struct Row {
    std::int64_t width;   ///< neurons that the projection drives; 1 or more
    double density;       ///< spikes (scatter) or active entries (sample) per place; above 0
    SynapsePath scatter;  ///< the fastest way to dL/dW here: event, cusparse or cublas
    SynapsePath sample;   ///< the fastest way to dL/dS
  };

  std::vector<Row> rows;
  /// A projection of fewer weights goes by events, whatever the rows say.
  std::int64_t least_weights = 0;

  /// The row whose width and density are nearest by ratio: ln^2(width / width') + ln^2(density /
  /// density') is least, the first of several. Any width and density has one, also outside of what
  /// the rows span. @pre there is a row
  const Row& nearest(std::int64_t width, double density) const;
};

/// The table that holds until set_path_table(). **Reckoned, not measured**: cuBLAS from a density
/// of 0.5 up, for 4,096 weights or more, as on the CPU; else events.
PathTable reckoned_path_table();

/// The table of this process. `spiketape bench --paths` measures one for a card. @throws Error for
/// a table without rows, and for a row that is not as Row says.
void set_path_table(PathTable table);
std::shared_ptr<const PathTable> path_table();

}  // namespace spiketape
