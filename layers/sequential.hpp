#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "autograd/current.hpp"
#include "autograd/variable.hpp"
#include "layers/module.hpp"

namespace spiketape {

/// What flows between two layers.
using Signal = std::variant<SpikeVariable, Current, Variable>;

/// Layers one after another, chosen at run time:
///
///     Sequential net;
///     net.add<Linear>("fc1", 784, 200);
///     net.add<Lif>(LifOptions{.tau = 10e-3});
///     net.add<Linear>("out", 200, 10);
///     net.add<Readout>(ReadoutOptions{.score = Score::max});
///     Variable scores = net(spikes);
///
/// A layer is anything that can be called with spikes, a current or a dense variable and returns
/// one of these; layers that do not fit together are refused by add().
class Sequential : public Module {
 public:
  Sequential() = default;
  Sequential(Module& parent, std::string name) : Module(parent, std::move(name)) {}

  /// Makes a layer at the end and returns it. A module's arguments begin with its name; the parent
  /// is this.
  /// @throws Error when the layer does not take what the one before it returns.
  template <typename Layer, typename... Arguments>
  Layer& add(Arguments&&... arguments);

  /// Runs all layers. @throws Error when the last one does not return a dense variable; see run().
  Variable operator()(const SpikeVariable& spikes) const { return run<Variable>(spikes); }
  /// The same under the name that calibrate() and people use.
  Variable forward(const SpikeVariable& spikes) const { return run<Variable>(spikes); }
  /// Runs all layers and returns a SpikeVariable, Current or Variable, whichever the last one
  /// gives.
  /// @throws Error when that is something else, or when there are no layers.
  template <typename Result>
  Result run(const SpikeVariable& spikes) const;

  std::size_t size() const { return stages_.size(); }
  std::string summary() const override;

 private:
  struct Stage {
    std::shared_ptr<void> layer;
    std::function<Signal(const Signal&)> run;
    std::size_t takes;  ///< index in Signal
    std::size_t gives;
  };

  template <typename T>
  static constexpr std::size_t index_of() {
    if constexpr (std::same_as<T, SpikeVariable>) return 0;
    if constexpr (std::same_as<T, Current>) return 1;
    static_assert(
        std::same_as<T, SpikeVariable> || std::same_as<T, Current> || std::same_as<T, Variable>,
        "a layer takes and returns a SpikeVariable, a Current or a Variable");
    return 2;
  }
  template <typename Layer, typename Input>
  static Stage stage(std::shared_ptr<Layer> layer);
  /// What the last layer gives; spikes when there is none.
  std::size_t gives() const { return stages_.empty() ? 0 : stages_.back().gives; }
  void require_fit(std::size_t takes) const;
  Signal run_all(const SpikeVariable& spikes, std::size_t wanted) const;

  std::vector<Stage> stages_;
};

template <typename Layer, typename Input>
Sequential::Stage Sequential::stage(std::shared_ptr<Layer> layer) {
  using Output = std::remove_cvref_t<std::invoke_result_t<Layer&, const Input&>>;
  Layer* raw = layer.get();
  return {std::move(layer),
          [raw](const Signal& signal) -> Signal { return (*raw)(std::get<Input>(signal)); },
          index_of<Input>(),
          index_of<Output>()};
}

template <typename Layer, typename... Arguments>
Layer& Sequential::add(Arguments&&... arguments) {
  constexpr std::size_t takes = std::invocable<Layer&, const SpikeVariable&>
                                    ? index_of<SpikeVariable>()
                                : std::invocable<Layer&, const Current&> ? index_of<Current>()
                                                                         : index_of<Variable>();
  require_fit(takes);
  std::shared_ptr<Layer> layer;
  if constexpr (std::derived_from<Layer, Module>)
    layer = std::make_shared<Layer>(*this, std::forward<Arguments>(arguments)...);
  else
    layer = std::make_shared<Layer>(std::forward<Arguments>(arguments)...);
  Layer& added = *layer;
  stages_.push_back(stage<Layer, std::variant_alternative_t<takes, Signal>>(std::move(layer)));
  return added;
}

template <typename Result>
Result Sequential::run(const SpikeVariable& spikes) const {
  return std::get<Result>(run_all(spikes, index_of<Result>()));
}

}  // namespace spiketape
