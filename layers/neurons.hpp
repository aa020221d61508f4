#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "autograd/spiking.hpp"
#include "core/neuron.hpp"
#include "layers/activity.hpp"

/// Spiking neurons as layers. They hold no parameters, so one object can serve several layers of a
/// network; it keeps the activity of each apart by the name of the current that comes in.
namespace spiketape {

/// Any neuron model as a layer: the base of those below, and the way to use a model of your own.
class NeuronLayer {
 public:
  /// `kind` is what describe() calls it. @throws Error (see NeuronModel::check) when the model
  /// makes no sense.
  explicit NeuronLayer(NeuronModel model, std::string kind = "NeuronLayer");

  /// The spikes [batch, step, neuron] that `current` causes. @throws as spike() does.
  SpikeVariable operator()(const Current& current);

  const NeuronModel& model() const { return model_; }
  /// Activity since the last reset_monitors(): one entry per named current, in order of first use.
  std::span<const LayerActivity> monitors() const { return monitors_; }
  /// All of them added up.
  Monitor monitor() const;
  void reset_monitors();
  /// e.g. "Lif tau 10 ms, dt 1 ms, threshold 1, window 0.2"
  const std::string& describe() const { return kind_; }

 private:
  const std::shared_ptr<Monitor>& monitor_of(const std::string& name);

  NeuronModel model_;
  std::string kind_;
  std::vector<LayerActivity> monitors_;
};

/// Times in seconds; threshold and window in the unit of the membrane.
struct LifOptions {
  double tau = 10e-3;  ///< membrane time constant; decay a = exp(-dt / tau)
  double dt = 1e-3;    ///< one step
  float threshold = 1.0f;
  float window = 0.2f;  ///< half width of the active window; infinity = dense backprop
  Surrogate surrogate = FastSigmoid{};
  bool reset_gradient = false;  ///< whether gradient flows through the reset
};

/// Leaky integrate-and-fire: V' = a V + I - threshold S.
class Lif : public NeuronLayer {
 public:
  /// @throws Error unless tau, dt, threshold and window are above 0 (and finite, the window apart).
  explicit Lif(LifOptions options = {});
};

struct CubaLifOptions {
  double tau = 10e-3;         ///< membrane time constant
  double tau_synapse = 5e-3;  ///< of the synaptic current; decay s = exp(-dt / tau_synapse)
  double dt = 1e-3;
  float threshold = 1.0f;
  float window = 0.2f;
  Surrogate surrogate = FastSigmoid{};
  bool reset_gradient = false;
};

/// Current-based LIF: spikes drive a synaptic current Y' = s Y + I, which drives the membrane V' =
/// a V + Y' - threshold S.
class CubaLif : public NeuronLayer {
 public:
  /// @throws Error as Lif does, also for tau_synapse.
  explicit CubaLif(CubaLifOptions options = {});
};

struct AdaptiveLifOptions {
  double tau = 10e-3;              ///< membrane time constant
  double tau_adaptation = 100e-3;  ///< of the adaptation; decay rho = exp(-dt / tau_adaptation)
  double dt = 1e-3;
  float kappa = 0.2f;  ///< how much one spike lifts the threshold
  float threshold = 1.0f;
  float window = 0.2f;
  Surrogate surrogate = FastSigmoid{};
  bool reset_gradient = false;  ///< of the reset; gradient always flows through the adaptation
};

/// LIF whose threshold rises with each own spike: Q' = rho Q + S, fires where V - kappa Q >
/// threshold.
class AdaptiveLif : public NeuronLayer {
 public:
  /// @throws Error as Lif does, also for tau_adaptation, and unless kappa is finite and not below
  /// 0.
  explicit AdaptiveLif(AdaptiveLifOptions options = {});
};

/// exp(-dt / tau), both in seconds. @throws Error unless both are above 0 and finite; `owner`
/// begins the message.
double decay_of(const std::string& owner,
                double dt,
                double tau,
                const std::string& tau_name = "tau");

}  // namespace spiketape
