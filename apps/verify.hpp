#pragma once

#include <string>
#include <vector>

#include "core/device.hpp"
#include "core/synapse.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 chose it
class App;
}

namespace spiketape::apps {

/// The largest norm-wise relative error ||x - reference|| / ||reference|| that passes.
inline constexpr double kVerifyTolerance = 1e-5;

/// One thing compared with the reference.
struct VerifiedQuantity {
  std::string name;     ///< "loss", "grad_w0", "layer 0 spikes", ...
  bool is_set = false;  ///< a set of entries, identical or not; else numbers with an error
  double error = 0.0;   ///< norm-wise relative; of a set 0 when identical, else infinity
  std::string note;     ///< how many entries, and where sets differ

  bool passed() const { return error <= kVerifyTolerance; }
};

struct CaseReport {
  std::string path;
  std::string network;  ///< one line for people
  std::vector<VerifiedQuantity> quantities;

  bool passed() const;
  /// The quantity of largest error; NaN counts as largest.
  const VerifiedQuantity& worst() const;
};

/// Reads a case that oracle.py wrote, runs it forward and backward on `device`, and compares
/// spikes, active sets, readout, scores, loss, and the gradient of every weight and of every
/// layer's spikes. A reference of zeros must be met exactly.
/// @throws DataError when the file is no such case; BackendError for a device that is not there;
/// what the network's ops throw.
CaseReport verify_case(const std::string& path,
                       SynapsePath synapse_path = SynapsePath::automatic,
                       Device device = kCpu);

/// The lines that `spiketape verify` prints for one case.
std::string to_text(const CaseReport& report);

/// Adds `spiketape verify CASE.h5...`; its exit status is 1 when a case does not pass.
void add_verify(CLI::App& app);

}  // namespace spiketape::apps
