#include "layers/bias.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape {

Bias::Bias(Module& parent, std::string name, std::int64_t neurons)
    : Module(parent, std::move(name)) {
  if (neurons < 1 || neurons > kMaxNeurons)
    throw ShapeError(
        fmt::format("{}: neurons must be in 1..{}, got {}", path(), kMaxNeurons, neurons));
  bias_ = Variable(Tensor({neurons}, kCpu, MemoryTag::parameter), true);
  add_parameter("bias", bias_);
}

void Bias::draw_parameters(std::uint64_t /*seed*/) { bias_.value().fill(0.0f); }

Bias::operator Current() const { return Current::from_bias(path(), bias_); }

Current Bias::operator()(const Current& current) const { return current + *this; }

std::string Bias::summary() const { return fmt::format("Bias {}", bias_.value().size()); }

}  // namespace spiketape
