#pragma once

#include <cstdint>

namespace spiketape {

/// Whether an HDF5 file really holds what a data set claims: all its values, in the file itself, in
/// no more bytes than the file has (compressed ones at deflate's best ratio, 1,040). To be asked
/// before memory is: a file of a kilobyte can claim a shape of terabytes. `dataset` is an hid_t.
bool values_are_stored(std::int64_t dataset);

}  // namespace spiketape
