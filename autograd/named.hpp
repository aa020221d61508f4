#pragma once

#include <string>

#include "autograd/variable.hpp"
#include "core/tensor.hpp"

namespace spiketape {

/// A variable and the name that it is saved under, e.g. "fc1/weight".
struct NamedVariable {
  std::string name;
  Variable variable;
};

/// A tensor and the name that it is saved under, e.g. "fc1/weight/m".
struct NamedTensor {
  std::string name;
  Tensor tensor;
};

}  // namespace spiketape
