#include "layers/checkpoint.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"

namespace spiketape {
namespace {

std::string list(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 8;
  const std::size_t shown = std::min(names.size(), kShown);
  std::string text = fmt::format(
      "{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

/// The values now, in memory of their own on the host.
Tensor host_copy(const Tensor& tensor) {
  return tensor.device() == kCpu ? tensor.clone() : tensor.to(kCpu);
}

/// What keeps the checkpoint from fitting, or "".
std::string differences(const std::map<std::string, const Tensor*>& saved,
                        const std::vector<NamedVariable>& parameters) {
  std::vector<std::string> missing;
  std::vector<std::string> unexpected;
  std::vector<std::string> misshaped;
  std::set<std::string> known;
  for (const NamedVariable& parameter : parameters) {
    known.insert(parameter.name);
    const auto found = saved.find(parameter.name);
    if (found == saved.end())
      missing.push_back(parameter.name);
    else if (found->second->shape() != parameter.variable.shape())
      misshaped.push_back(fmt::format("{} is {} in the checkpoint and {} in the network",
                                      parameter.name,
                                      to_string(found->second->shape()),
                                      to_string(parameter.variable.shape())));
  }
  for (const auto& [name, tensor] : saved)
    if (!known.contains(name)) unexpected.push_back(name);
  std::string text;
  if (!missing.empty()) text += "; missing: " + list(missing);
  if (!unexpected.empty()) text += "; unexpected: " + list(unexpected);
  if (!misshaped.empty()) text += "; other shape: " + list(misshaped);
  return text;
}

}  // namespace

Checkpoint snapshot(const Module& net, const Optimizer* optimizer) {
  Checkpoint checkpoint;
  for (const NamedVariable& parameter : net.parameters())
    checkpoint.parameters.push_back({parameter.name, host_copy(parameter.variable.value())});
  for (const NamedCounter& counter : net.counters())
    checkpoint.counters[counter.name] = *counter.value;
  if (optimizer != nullptr)
    for (const NamedTensor& state : optimizer->state())
      checkpoint.optimizer.push_back({state.name, host_copy(state.tensor)});
  return checkpoint;
}

void restore(const Checkpoint& checkpoint, Module& net, Optimizer* optimizer) {
  std::map<std::string, const Tensor*> saved;
  for (const NamedTensor& parameter : checkpoint.parameters)
    saved[parameter.name] = &parameter.tensor;
  const std::vector<NamedVariable> parameters = net.parameters();
  std::string problems = differences(saved, parameters);
  const std::vector<NamedCounter> counters = net.counters();
  for (const NamedCounter& counter : counters)
    if (!checkpoint.counters.contains(counter.name))
      problems += "; missing counter: " + counter.name;
  if (!problems.empty())
    throw DataError(fmt::format(
        "{}: it is of another network{}; build the network with the layers and sizes that it was "
        "saved with",
        checkpoint.file,
        problems));
  // load_state() changes nothing when it throws, so it goes first.
  try {
    if (optimizer != nullptr) optimizer->load_state(checkpoint.optimizer);
  } catch (const Error& error) {  // of a checkpoint, also a ShapeError is an error of the data
    throw DataError(fmt::format("{}: {}", checkpoint.file, error.what()));
  }
  for (const NamedVariable& parameter : parameters) {
    Variable variable = parameter.variable;
    variable.value().copy_from(*saved.at(parameter.name));
  }
  for (const NamedCounter& counter : counters)
    *counter.value = checkpoint.counters.at(counter.name);
}

}  // namespace spiketape
