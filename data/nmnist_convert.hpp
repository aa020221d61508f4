#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

namespace spiketape {

/// One half of N-MNIST and the event file that is made of it.
struct NmnistConversion {
  std::filesystem::path folder;
  std::filesystem::path file;
};

/// What `spiketape convert nmnist FOLDER OUT` has to do. A FOLDER that holds Train and Test makes
/// two files: train_NAME.h5 and test_NAME.h5 beside each other when OUT is a file NAME.h5,
/// train_nmnist.h5 and test_nmnist.h5 when OUT is a folder. A FOLDER that is one half, with the
/// folders 0 to 9 of its digits, makes the file OUT.
/// @throws DataError when FOLDER is neither, or one half would have to become a folder.
std::vector<NmnistConversion> plan_nmnist_conversion(const std::filesystem::path& folder,
                                                     const std::filesystem::path& out);

/// What a conversion has written.
struct NmnistConverted {
  std::int64_t recordings = 0;
  std::int64_t events = 0;
  std::int64_t outside = 0;  ///< events of pixels that the camera does not have: left out
  std::int64_t bytes = 0;
};

/// Told how many recordings of how many are done; what it throws ends the conversion.
using ConversionProgress = std::function<void(std::int64_t done, std::int64_t recordings)>;

/// Writes the recordings of a half, in the order of NmnistFolder, as the paper's converter does:
/// units x + 34 y + 1156 p, seconds in float32. The file appears when it is whole; see AtomicFile.
/// @throws DataError when a recording cannot be read, has an event so late that float32 seconds
/// cannot tell its microsecond (about 16 s), or the file cannot be written; names the file.
NmnistConverted convert_nmnist(const NmnistConversion& conversion,
                               const ConversionProgress& progress = {});

}  // namespace spiketape
