#include "core/synapse.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/kernels/linear_events.hpp"
#include "core/kernels/linear_gemm.hpp"

namespace spiketape {
namespace {

/// Spikes per neuron and step from which the matrix product is the faster path, as `spiketape bench
/// --paths` shows (docs/engine.md, "Two paths").
constexpr double kGemmDensity = 0.5;
/// Weights below which a matrix product is not worth its set-up.
constexpr std::int64_t kGemmWeights = 4096;

class LinearSynapse final : public Synapse {
 public:
  LinearSynapse(std::int64_t inputs, std::int64_t outputs, SynapsePath path)
      : inputs_(inputs), outputs_(outputs), path_(path) {}

  std::string_view name() const override { return "linear"; }
  std::int64_t inputs() const override { return inputs_; }
  std::int64_t outputs() const override { return outputs_; }
  Shape weight_shape() const override { return {inputs_, outputs_}; }
  SynapsePath path() const override { return path_; }
  // Eigen sums a column in an order that depends on its place among the columns, hence fixed places
  // for gemm.
  std::int64_t column_grain(const SpikeTensor& source) const override {
    return by_gemm(source, source.event_count()) ? 96 : 16;
  }
  double multiply_adds(double events) const override {
    return events * static_cast<double>(outputs_);
  }
  // A product sums in float, and an error of a current is magnified by the slope (docs/engine.md,
  // "Numbers"): it gathers only when asked for by name.
  bool sums_weight_rows(const SpikeTensor& /*source*/) const override {
    return path_ == SynapsePath::automatic || path_ == SynapsePath::event;
  }

  void gather(const SpikeTensor& source,
              const Tensor& weight,
              float amplitude,
              const SampleRows<float>& current) const override {
    require_path_of_cpu();
    const auto gather = path_ == SynapsePath::gemm ? &cpu::gather_gemm : &cpu::gather_events;
    gather(source, weight.data(), outputs_, amplitude, current);
  }
  bool wants_events_by_unit(const SpikeTensor& source) const override {
    return !by_gemm(source, source.event_count());
  }
  void scatter(const SpikeTensor& source,
               const EventsByUnit* by_unit,
               const SampleRows<const float>& lambda,
               float amplitude,
               float* grad,
               std::int64_t stride) const override {
    require_path_of_cpu();
    if (by_unit != nullptr)
      cpu::scatter_events(*by_unit, lambda, amplitude, grad, stride);
    else
      cpu::scatter_gemm(source, lambda, amplitude, grad, stride);
  }
  void sample(const SpikeTensor& source,
              const Tensor& weight,
              const SampleRows<const float>& lambda,
              float amplitude,
              float* grad_source) const override {
    require_path_of_cpu();
    const auto sample =
        by_gemm(source, source.active_count()) ? &cpu::sample_gemm : &cpu::sample_active;
    sample(source, weight.data(), outputs_, lambda, amplitude, grad_source);
  }

 private:
  void require_path_of_cpu() const {
    if (path_ == SynapsePath::cusparse || path_ == SynapsePath::cublas)
      throw BackendError(
          fmt::format("linear synapse: path {} needs --device cuda; use auto, event or gemm",
                      to_string(path_)));
  }
  bool by_gemm(const SpikeTensor& source, std::int64_t entries) const {
    if (path_ != SynapsePath::automatic) return path_ == SynapsePath::gemm;
    if (inputs_ * outputs_ < kGemmWeights) return false;
    const auto places = static_cast<double>(source.rows()) * static_cast<double>(inputs_);
    return static_cast<double>(entries) > kGemmDensity * places;
  }

  std::int64_t inputs_;
  std::int64_t outputs_;
  SynapsePath path_;
};

}  // namespace

std::string_view to_string(SynapsePath path) {
  switch (path) {
    case SynapsePath::event:
      return "event";
    case SynapsePath::gemm:
      return "gemm";
    case SynapsePath::cusparse:
      return "cusparse";
    case SynapsePath::cublas:
      return "cublas";
    default:
      return "auto";
  }
}

SynapsePath parse_synapse_path(std::string_view text) {
  for (const SynapsePath path : kSynapsePaths)
    if (text == to_string(path)) return path;
  throw Error(fmt::format("path: expected auto, event, gemm, cusparse or cublas, got '{}'", text));
}

std::shared_ptr<const Synapse> linear_synapse(std::int64_t inputs,
                                              std::int64_t outputs,
                                              SynapsePath path) {
  if (inputs < 1 || outputs < 1 || inputs > kMaxNeurons || outputs > kMaxNeurons)
    throw ShapeError(
        fmt::format("linear synapse: expected 1 to {} inputs and outputs, got {} and {}",
                    kMaxNeurons,
                    inputs,
                    outputs));
  return std::make_shared<LinearSynapse>(inputs, outputs, path);
}

}  // namespace spiketape
