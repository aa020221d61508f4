#include "core/kernels/reduce.hpp"

#include <cmath>

#include "cuda/segments.cuh"
#include "cuda/walk.cuh"

namespace spiketape::cuda {
namespace {

/// Offsets in x and y.
using ReductionWalk = Walk<2>;

enum class Axes { all, kept, reduced };

ReductionWalk axes_of(const Reduction& walk, Axes wanted) {
  std::int64_t x_stride = 1;
  for (const Reduction::Axis& axis : walk.axes()) x_stride *= axis.size;
  ReductionWalk some;
  for (const Reduction::Axis& axis : walk.axes()) {
    x_stride = axis.size == 0 ? 0 : x_stride / axis.size;
    if (wanted == Axes::all || axis.reduced == (wanted == Axes::reduced))
      some.append({axis.size, {x_stride, axis.stride}});
  }
  return some;
}

/// The terms of the values of y, which are numbered as they lie.
struct Terms {
  ReductionWalk kept;
  ReductionWalk reduced;

  __device__ std::int64_t x_at(std::int64_t output, std::int64_t index) const {
    ReductionWalk::Offsets at;
    kept.advance(at, output);
    reduced.advance(at, index);
    return at.of[0];
  }
};

struct ScaledSum : SumInDouble {
  Terms terms;
  double factor;
  const float* x;
  float* y;

  __device__ double term(std::int64_t output, std::int64_t index) const {
    return static_cast<double>(x[terms.x_at(output, index)]);
  }
  __device__ void store(std::int64_t output, double total) const {
    y[output] = static_cast<float>(total * factor);
  }
};

__global__ void sum_backward_kernel(
    ReductionWalk walk, std::int64_t count, float factor, const float* grad_y, float* grad_x) {
  for (std::int64_t i = thread_index(); i < count; i += thread_stride()) {
    ReductionWalk::Offsets at;
    walk.advance(at, i);
    grad_x[i] += factor * grad_y[at.of[1]];
  }
}

/// A value of x and where it stands; nowhere is -1.
struct Candidate {
  float value;
  std::int64_t at;
};

struct FirstMaximum {
  using Value = Candidate;
  Terms terms;
  const float* x;
  float* y;
  std::int64_t* found;

  __device__ static Candidate identity() { return {0.0f, -1}; }
  // A NaN beats every number; the first one wins ties.
  __device__ static bool beats(const Candidate& a, const Candidate& b) {
    if (std::isnan(a.value) != std::isnan(b.value)) return std::isnan(a.value);
    return a.value > b.value || (!(b.value > a.value) && a.at < b.at);
  }
  __device__ static Candidate combine(const Candidate& a, const Candidate& b) {
    if (a.at < 0) return b;
    if (b.at < 0) return a;
    return beats(b, a) ? b : a;
  }
  __device__ Candidate term(std::int64_t output, std::int64_t index) const {
    const std::int64_t at = terms.x_at(output, index);
    return {x[at], at};
  }
  __device__ void store(std::int64_t output, const Candidate& best) const {
    y[output] = best.value;
    found[output] = best.at;
  }
};

__global__ void max_backward_kernel(std::int64_t count,
                                    const std::int64_t* found,
                                    const float* grad_y,
                                    float* grad_x) {
  for (std::int64_t i = thread_index(); i < count; i += thread_stride())
    grad_x[found[i]] += grad_y[i];  // each x belongs to one y, so no two threads meet
}

}  // namespace

void sum_forward(const SumForwardArguments& arguments) {
  ScaledSum segments;
  segments.terms = {axes_of(arguments.walk, Axes::kept), axes_of(arguments.walk, Axes::reduced)};
  segments.factor = arguments.factor;
  segments.x = arguments.x;
  segments.y = arguments.y;
  reduce_segments(
      arguments.y_count, segments.terms.reduced.count(), segments, Context::use(arguments.device));
}

void sum_backward(const SumBackwardArguments& arguments) {
  const ReductionWalk walk = axes_of(arguments.walk, Axes::all);
  const std::int64_t count = walk.count();
  launch(sum_backward_kernel,
         each_of(count, Context::use(arguments.device)),
         walk,
         count,
         arguments.factor,
         arguments.grad_y,
         arguments.grad_x);
}

void max_forward(const MaxForwardArguments& arguments) {
  const FirstMaximum segments{
      {axes_of(arguments.walk, Axes::kept), axes_of(arguments.walk, Axes::reduced)},
      arguments.x,
      arguments.y,
      arguments.found};
  reduce_segments(
      arguments.y_count, segments.terms.reduced.count(), segments, Context::use(arguments.device));
}

void max_backward(const MaxBackwardArguments& arguments) {
  launch(max_backward_kernel,
         each_of(arguments.y_count, Context::use(arguments.device)),
         arguments.y_count,
         arguments.found,
         arguments.grad_y,
         arguments.grad_x);
}

}  // namespace spiketape::cuda
