#include "layers/linear.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"
#include "layers/init.hpp"

namespace spiketape {
namespace {

void require_width(const std::string& name, const char* what, std::int64_t width) {
  if (width < 1 || width > kMaxNeurons)
    throw ShapeError(
        fmt::format("{}: {} must be in 1..{}, got {}", name, what, kMaxNeurons, width));
}

}  // namespace

Linear::Linear(Module& parent,
               std::string name,
               std::int64_t inputs,
               std::int64_t outputs,
               LinearOptions options)
    : Module(parent, std::move(name)) {
  require_width(path(), "inputs", inputs);
  require_width(path(), "outputs", outputs);
  synapse_ = linear_synapse(inputs, outputs, options.path);
  weight_ = Variable(Tensor({inputs, outputs}, kCpu, MemoryTag::parameter), true);
  add_parameter("weight", weight_);
  if (options.bias) {
    bias_ = Variable(Tensor({outputs}, kCpu, MemoryTag::parameter), true);
    add_parameter("bias", bias_);
  }
  Linear::draw_parameters(0);
}

void Linear::draw_parameters(std::uint64_t seed) {
  uniform_by_fan_in(weight_, 1.0f, seed, full_name("weight"));
  if (bias_.defined()) bias_.value().fill(0.0f);
}

Current Linear::operator()(const SpikeVariable& spikes) const {
  Current current = Current::from_synapse(path(), spikes, weight_, synapse_);
  return bias_.defined() ? std::move(current) + Current::from_bias(path(), bias_) : current;
}

std::string Linear::summary() const {
  return fmt::format("Linear {} -> {}{}", inputs(), outputs(), bias_.defined() ? ", bias" : "");
}

}  // namespace spiketape
