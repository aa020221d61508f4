#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "core/device.hpp"

namespace spiketape {

class MemoryResource;
class Replay;

/// What core asks of the CUDA backend. Declared here, because core includes nothing of cuda/;
/// defined in cuda/, and called only where kCudaBuilt.
namespace cuda {

/// The cards that this build can use, cuda:0 first; none without a driver or a card.
std::vector<Device> devices();

/// Empty when `device` can be used; else why not and what to do about it.
std::string why_unavailable(Device device);

/// What the maker calls the card, e.g. "NVIDIA H100 80GB HBM3".
std::string card_name(Device device);

/// The memory pool of a card. @throws BackendError when the card cannot be used.
MemoryResource& memory_resource(Device device);

/// Copies in the order of the card's stream. A host side is free for reuse, or complete, on return.
void copy_bytes(
    void* to, Device to_device, const void* from, Device from_device, std::size_t bytes);

/// Sets `count` floats.
void fill(Device device, float* values, std::size_t count, float value);

void synchronize(Device device);

/// A step of `device` to be recorded as a CUDA graph.
std::unique_ptr<Replay> make_recording(Device device);

}  // namespace cuda
}  // namespace spiketape
