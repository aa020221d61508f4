#include "layers/recurrent.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"
#include "layers/init.hpp"

namespace spiketape {

Recurrent::Recurrent(Module& parent, std::string name, std::int64_t neurons)
    : Module(parent, std::move(name)) {
  if (neurons < 1 || neurons > kMaxNeurons)
    throw ShapeError(
        fmt::format("{}: neurons must be in 1..{}, got {}", path(), kMaxNeurons, neurons));
  weight_ = Variable(Tensor({neurons, neurons}, kCpu, MemoryTag::parameter), true);
  add_parameter("weight", weight_);
  Recurrent::draw_parameters(0);
}

void Recurrent::draw_parameters(std::uint64_t seed) {
  uniform_by_fan_in(weight_, 1.0f, seed, full_name("weight"));
}

Recurrent::operator Current() const { return Current::from_recurrence(path(), weight_); }

Current Recurrent::operator()(const Current& current) const { return current + *this; }

std::string Recurrent::summary() const {
  return fmt::format("Recurrent {}", weight_.value().dim(0));
}

}  // namespace spiketape
