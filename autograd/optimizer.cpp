#include "autograd/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/replay.hpp"

namespace spiketape {
namespace {

constexpr std::int64_t kDigit = 1 << 24;  // float32 holds every whole number up to it

Tensor to_tensor(std::int64_t count) {
  Tensor tensor = Tensor::uninitialized({2});
  const std::int64_t high = count / kDigit;
  tensor.data()[0] = static_cast<float>(count % kDigit);
  tensor.data()[1] = static_cast<float>(high);
  return tensor;
}

std::int64_t to_count(const Tensor& tensor) {
  return static_cast<std::int64_t>(tensor.data()[0]) +
         static_cast<std::int64_t>(tensor.data()[1]) * kDigit;
}

/// A count is two whole numbers in [0, 2^24).
bool is_count(const Tensor& tensor) {
  return std::all_of(tensor.data(), tensor.data() + tensor.size(), [](float digit) {
    return digit >= 0.0f && digit < static_cast<float>(kDigit) && digit == std::floor(digit);
  });
}

}  // namespace

Optimizer::Optimizer(std::string name,
                     std::vector<NamedVariable> parameters,
                     float learning_rate,
                     std::vector<std::string> slots)
    : name_(std::move(name)),
      parameters_(std::move(parameters)),
      slot_names_(std::move(slots)),
      slots_(parameters_.size()),
      parameter_steps_(parameters_.size(), 0) {
  set_learning_rate(learning_rate);
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const auto& [parameter_name, variable] = parameters_[i];
    if (!variable.defined())
      throw Error(fmt::format(
          "{}: parameter '{}' is undefined; give it a Tensor first", name_, parameter_name));
    if (!names.insert(parameter_name).second)
      throw Error(fmt::format(
          "{}: two parameters are named '{}'; give each a name of its own", name_, parameter_name));
    for (std::size_t k = 0; k < i; ++k)
      if (variable.same_as(parameters_[k].variable))
        throw Error(fmt::format("{}: '{}' and '{}' are the same variable; pass it once",
                                name_,
                                parameters_[k].name,
                                parameter_name));
    if (i == 0) device_ = variable.value().device();
    require_same_device(name_, device_, variable.value().device());
    for (std::size_t slot = 0; slot < slot_names_.size(); ++slot)
      slots_[i].emplace_back(variable.shape(), device_, MemoryTag::optimizer);
  }
}

void Optimizer::step() {
  const Indices which = with_gradients();
  const bool can_be_recorded = refresh_for(which);
  Replay* const replay = Replay::recording();
  if (replay == nullptr) {
    update(updates(which));
    finish_step(which);
    return;
  }
  if (!can_be_recorded)
    throw NotRecordable(
        fmt::format("{}: its updates cannot be recorded; call step() after the step", name_));
  if (std::exchange(recorded_in_, replay->id()) == replay->id())
    throw NotRecordable(fmt::format("{}: makes two updates in one step", name_));
  replay->require([this, alive = std::weak_ptr<const bool>(alive_)] {
    return !alive.expired() && with_gradients().empty();
  });
  replay->before([this, which] { refresh_for(which); });
  update(updates(which));
  replay->update_recorded();
  replay->after([this, which] { finish_step(which); });
}

Optimizer::Indices Optimizer::with_gradients() const {
  Indices which;
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    if (parameters_[i].variable.has_grad()) which.push_back(i);
  return which;
}

bool Optimizer::refresh_for(const Indices& which) {
  std::vector<std::int64_t> steps;
  steps.reserve(which.size());
  for (const std::size_t i : which) steps.push_back(parameter_steps_[i] + 1);
  return refresh(steps);
}

std::vector<Optimizer::Update> Optimizer::updates(const Indices& which) {
  std::vector<Update> updates;
  updates.reserve(which.size());
  for (const std::size_t i : which) {
    Variable& variable = parameters_[i].variable;
    Tensor& value = variable.value();
    if (value.device() != device_)
      throw BackendError(fmt::format(
          "{}: parameter '{}' is on {}, but the optimiser was made for {}; make it after the "
          "network was moved",
          name_,
          parameters_[i].name,
          to_string(value.device()),
          to_string(device_)));
    updates.push_back({value.data(), variable.grad().data(), value.size(), slots_[i]});
  }
  return updates;
}

void Optimizer::finish_step(const Indices& which) {
  for (const std::size_t i : which) ++parameter_steps_[i];
  zero_grad();
  ++steps_done_;
}

bool Optimizer::refresh(std::span<const std::int64_t> /*steps*/) { return false; }

void Optimizer::follow(std::span<const std::byte> numbers) {
  if (Replay* const replay = Replay::recording()) replay->follow(numbers.data(), numbers.size());
}

void Optimizer::zero_grad() {
  for (const NamedVariable& parameter : parameters_) parameter.variable.clear_grad();
}

void Optimizer::set_learning_rate(float learning_rate) {
  if (!std::isfinite(learning_rate) || learning_rate < 0.0f)
    throw Error(fmt::format(
        "{}: expected a finite learning rate of at least 0, got {}", name_, learning_rate));
  learning_rate_ = learning_rate;
}

std::vector<NamedTensor> Optimizer::state() const {
  std::vector<NamedTensor> state = {{"steps", to_tensor(steps_done_)}};
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const std::string& parameter = parameters_[i].name;
    state.push_back({parameter + "/steps", to_tensor(parameter_steps_[i])});
    for (std::size_t slot = 0; slot < slot_names_.size(); ++slot)
      state.push_back({parameter + "/" + slot_names_[slot], slots_[i][slot]});
  }
  return state;
}

void Optimizer::load_state(std::span<const NamedTensor> state) {
  constexpr std::string_view kRemedy =
      "load a state that was saved by the same optimiser for the same network, or start without "
      "one";
  std::map<std::string_view, Tensor> given;
  for (const NamedTensor& each : state)
    if (!given.emplace(each.name, each.tensor).second)
      throw DataError(fmt::format("{}: the state holds '{}' twice; {}", name_, each.name, kRemedy));

  // Everything is checked before anything is changed. own[k] and loaded[k] belong together.
  const std::vector<NamedTensor> own = this->state();
  std::vector<Tensor> loaded;
  for (const NamedTensor& each : own) {
    const auto found = given.find(each.name);
    if (found == given.end())
      throw DataError(fmt::format("{}: the state has no '{}'; {}", name_, each.name, kRemedy));
    if (found->second.shape() != each.tensor.shape())
      throw ShapeError(fmt::format("{}: '{}' of the state is {}, expected {}; {}",
                                   name_,
                                   each.name,
                                   to_string(found->second.shape()),
                                   to_string(each.tensor.shape()),
                                   kRemedy));
    loaded.push_back(each.tensor.device() == kCpu ? found->second.to(kCpu) : found->second);
    given.erase(found);
  }
  if (!given.empty())
    throw DataError(fmt::format("{}: the state holds '{}', which belongs to no parameter here; {}",
                                name_,
                                given.begin()->first,
                                kRemedy));
  const std::size_t stride = 1 + slot_names_.size();
  for (std::size_t k = 0; k < own.size(); ++k)
    if ((k == 0 || (k - 1) % stride == 0) && !is_count(loaded[k]))
      throw DataError(fmt::format("{}: '{}' of the state is no step count (two whole numbers); {}",
                                  name_,
                                  own[k].name,
                                  kRemedy));

  steps_done_ = to_count(loaded[0]);
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const std::size_t first = 1 + i * stride;
    parameter_steps_[i] = to_count(loaded[first]);
    for (std::size_t slot = 0; slot < slot_names_.size(); ++slot)
      slots_[i][slot].copy_from(loaded[first + 1 + slot]);
  }
}

}  // namespace spiketape
