#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/spike_tensor.hpp"
#include "core/tensor.hpp"

namespace spiketape {

struct EventsByUnit;

/// A run of neurons (columns) of the layer that a sweep works on.
struct Columns {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t count() const { return end - begin; }
};

/// Rows of one or more consecutive samples, restricted to some columns: the value of (sample, step,
/// column) lies at data[((sample - first_sample) * steps + step) * stride + column -
/// columns.begin]. Rows are 64-byte aligned, `stride` is a multiple of 16, and the padding behind
/// the columns is zero.
template <typename T>
struct SampleRows {
  T* data = nullptr;
  std::int64_t stride = 0;
  std::int64_t first_sample = 0;
  std::int64_t samples = 1;
  Columns columns;
};

/// The path of a linear projection: event by event, by matrix product of densified steps (gemm), or
/// by density. On a card the products are those of cuBLAS, whether asked for as gemm or as cublas,
/// and cuSPARSE's sparse products are one more path; the CPU has neither by these names.
enum class SynapsePath { automatic, event, gemm, cusparse, cublas };
inline constexpr std::array kSynapsePaths{SynapsePath::automatic,
                                          SynapsePath::event,
                                          SynapsePath::gemm,
                                          SynapsePath::cusparse,
                                          SynapsePath::cublas};

/// "auto", "event", "gemm", "cusparse", "cublas"
std::string_view to_string(SynapsePath path);
/// Reads what to_string() writes. @throws Error for anything else.
SynapsePath parse_synapse_path(std::string_view text);

/// How spikes become current (a projection): three verbs. Those here are the CPU's; a card has its
/// own, chosen by name() and path(), and refuses a name that it does not know. A synapse holds no
/// numbers; the weights come as a tensor of shape weight_shape(). All verbs add to their result and
/// scale by `amplitude`. Implementations are stateless: calls come from many threads at once.
class Synapse {
 public:
  virtual ~Synapse() = default;

  virtual std::string_view name() const = 0;
  virtual std::int64_t inputs() const = 0;
  virtual std::int64_t outputs() const = 0;
  virtual Shape weight_shape() const = 0;
  /// The path asked for by name; sweeps on a card choose their kernels by it.
  virtual SynapsePath path() const { return SynapsePath::automatic; }

  /// current[t, columns] += amplitude * sum over the events (t, i) of weights from i, for each
  /// sample in `current`. The current of row t drives the state of step t + 1.
  virtual void gather(const SpikeTensor& source,
                      const Tensor& weight,
                      float amplitude,
                      const SampleRows<float>& current) const = 0;
  /// grad += amplitude * sum over the events (t, i) of lambda[t, columns], lambda = dL/dI. `grad`
  /// holds the gradient of these columns alone: of weight (i, j) at grad[i * stride + j -
  /// columns.begin], rows 64-byte aligned and padded like lambda's (the padding may be written);
  /// with column_grain() 0 that is all of them. `by_unit` holds the events of lambda's samples
  /// sorted by unit when wants_events_by_unit(), else it is null.
  virtual void scatter(const SpikeTensor& source,
                       const EventsByUnit* by_unit,
                       const SampleRows<const float>& lambda,
                       float amplitude,
                       float* grad,
                       std::int64_t stride) const = 0;
  /// grad_source[e] += amplitude * (weights from i) . lambda[t, columns] for each active entry e =
  /// (t, i) of the samples in `lambda`; nowhere else. `grad_source` has one value per active entry
  /// of the whole source.
  virtual void sample(const SpikeTensor& source,
                      const Tensor& weight,
                      const SampleRows<const float>& lambda,
                      float amplitude,
                      float* grad_source) const = 0;

  /// True when gather() of `source` is the plain sum of the weight rows [inputs, outputs] of the
  /// units that fired: the forward sweep then sums them itself, without a buffer in between.
  virtual bool sums_weight_rows(const SpikeTensor& /*source*/) const { return false; }
  /// Whether scatter() reads the events by unit; they are sorted once for all columns.
  virtual bool wants_events_by_unit(const SpikeTensor& /*source*/) const { return false; }
  /// Columns may be split between parallel calls of scatter() at multiples of this number; 0: not
  /// at all, because columns share weights (convolution). How they are split must not change any
  /// bit of the result.
  virtual std::int64_t column_grain(const SpikeTensor& /*source*/) const { return 16; }
  /// Multiply-adds of one forward gather of `events` spikes.
  virtual double multiply_adds(double events) const = 0;
};

/// A full projection, weights [inputs, outputs]. `automatic` gathers by events, and on the way back
/// chooses for each call by the density of the source. On the CPU its verbs throw BackendError for
/// cusparse and cublas.
std::shared_ptr<const Synapse> linear_synapse(std::int64_t inputs,
                                              std::int64_t outputs,
                                              SynapsePath path = SynapsePath::automatic);

}  // namespace spiketape
