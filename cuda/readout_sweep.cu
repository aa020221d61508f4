#include <limits>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/kernels/sweep_errors.hpp"
#include "cuda/backpropagate.cuh"
#include "cuda/forward_kernel.cuh"
#include "cuda/recording.hpp"

namespace spiketape::cuda {
namespace {

struct IntegrateArguments {
  std::int64_t first_sample;
  std::int64_t steps;
  std::int64_t neurons;
  EventTerms terms;
  const float* current;  ///< rows of the terms that were summed before, of the chunk; or null
  const double* bias;    ///< [neurons] or null
  float decay;
  Score score;
  float share;                     ///< of each step in the score
  float* scores;                   ///< [batch, neurons], or null
  std::int32_t* at;                ///< [batch, neurons], or null
  float* trace;                    ///< [batch, steps, neurons], or null
  unsigned long long* not_finite;  ///< the lowest place_code()
  Spoiled spoiled;                 ///< set when there is one
};

/// The current of one step at column `j`, rounded to float as the CPU's is. `rows` stand there.
__device__ float row_current(const IntegrateArguments& g,
                             const TermRows& rows,
                             std::int64_t sample,
                             std::int64_t step,
                             std::int64_t j) {
  double input = g.bias != nullptr ? g.bias[j] : 0.0;
  if (g.current != nullptr)
    input += static_cast<double>(
        g.current[((sample - g.first_sample) * g.steps + step) * g.neurons + j]);
  return static_cast<float>(
      rows.sum(sample * g.steps + step, static_cast<int>(g.neurons), static_cast<int>(j), input));
}

/// O[0] = 0, O[t+1] = d O[t] + (1 - d) I[t] and its score: a warp owns 32 classes of one sample.
__global__ void __launch_bounds__(kWarp) integrate_kernel(IntegrateArguments g) {
  const std::int64_t sample = g.first_sample + blockIdx.x;
  const std::int64_t own = std::int64_t{blockIdx.y} * blockDim.x + threadIdx.x;
  const bool mine = own < g.neurons;
  const std::int64_t j = mine ? own : 0;  // lanes behind the last class help to read
  TermRows rows(g.terms, sample, g.steps);
  float trace = 0.0f;
  float score = g.score == Score::max ? -std::numeric_limits<float>::infinity() : 0.0f;
  std::int32_t at = 0;
  for (std::int64_t step = 0; step < g.steps; ++step) {
    if (step > 0) {
      rows.take();
      trace = fmaf(g.decay, trace, (1.0f - g.decay) * row_current(g, rows, sample, step - 1, j));
    }
    if (g.trace != nullptr && mine) g.trace[(sample * g.steps + step) * g.neurons + j] = trace;
    if (g.score == Score::max) {
      if (trace > score) at = static_cast<std::int32_t>(step);
      if (trace > score) score = trace;
    } else {
      score = g.score == Score::last ? trace : score + trace;
    }
  }
  if (!mine) return;
  const std::int64_t cell = sample * g.neurons + j;
  if (g.scores != nullptr) g.scores[cell] = g.share * score;
  if (g.at != nullptr) g.at[cell] = at;
  if (is_finite(static_cast<double>(trace))) return;
  g.spoiled.set();
  atomicMin(g.not_finite,
            place_code(sample, 0, 0, j, g.neurons, kind_of(static_cast<double>(trace))));
}

/// The current of each step without an integrator; the grid of integrate_kernel.
__global__ void __launch_bounds__(kWarp) current_kernel(IntegrateArguments g) {
  const std::int64_t sample = blockIdx.x;
  const std::int64_t own = std::int64_t{blockIdx.y} * blockDim.x + threadIdx.x;
  const bool mine = own < g.neurons;
  TermRows rows(g.terms, sample, g.steps);
  for (std::int64_t step = 0; step < g.steps; ++step) {
    const std::int64_t row = sample * g.steps + step;
    rows.take();
    const float current = row_current(g, rows, sample, step, mine ? own : 0);
    if (mine) g.trace[row * g.neurons + own] = current;
  }
}

/// What the kernels read of a current.
struct Input {
  explicit Input(const CurrentView& current) : bias(total_bias(current)), terms(current) {
    arguments.steps = current.steps;
    arguments.neurons = current.neurons;
    arguments.bias = bias.empty() ? nullptr : bias.data();
    arguments.terms = terms.by_events;
  }

  IntegrateArguments arguments{};
  Buffer<double> bias;
  GatherPlan terms;
};

/// A block, of one warp, for each 32 columns of each sample.
void launch_warps(void (*kernel)(IntegrateArguments),
                  const Context& context,
                  const IntegrateArguments& arguments,
                  std::int64_t samples) {
  launch(kernel,
         {.grid = dim3(static_cast<unsigned>(samples), blocks_for(arguments.neurons, kWarp)),
          .block = kWarp,
          .stream = context.stream()},
         arguments);
}

constexpr unsigned long long kNowhere = ~0ull;

void require_finite(std::string_view name, std::int64_t neurons, unsigned long long code) {
  if (code == kNowhere) return;
  const auto place = static_cast<std::int64_t>(code / 4);
  throw_readout_not_finite(name, place / neurons, place % neurons, not_finite_value(code));
}

/// Where a readout says that a number is not finite; the host looks there now, or after each
/// replay.
class Watch {
 public:
  Watch(const CurrentView& current, IntegrateArguments* kernel) : current_(current) {
    if (Recording* const recording = Recording::current()) {
      const auto code = recording->note(kNowhere, kNowhere);
      kernel->not_finite = code.on_card;
      kernel->spoiled = {recording->spoiled()};
      recording->judge(
          [on_host = code.on_host, name = std::string(current.name), neurons = current.neurons] {
            require_finite(name, neurons, *on_host);
            return true;
          });
    } else {
      now_ =
          Buffer<unsigned long long>::copy_of({&kNowhere, 1}, MemoryTag::scratch, current.device);
      kernel->not_finite = now_.data();
    }
  }
  void look() const {
    if (now_.empty()) return;
    unsigned long long code = 0;
    copy_bytes(&code, kCpu, now_.data(), now_.device(), sizeof(code));
    require_finite(current_.name, current_.neurons, code);
  }

 private:
  const CurrentView& current_;
  Buffer<unsigned long long> now_;  ///< empty in a recording
};

}  // namespace

void readout_forward(const ReadoutForwardArguments& arguments) {
  const CurrentView& current = arguments.current;
  require_steps(current.name, current.steps);
  const Context& context = Context::use(current.device);
  Input input(current);
  IntegrateArguments& kernel = input.arguments;
  const Watch watch(current, &kernel);
  kernel.decay = arguments.decay;
  kernel.score = arguments.score;
  kernel.share = arguments.score == Score::mean ? 1.0f / static_cast<float>(current.steps) : 1.0f;
  kernel.scores = arguments.scores != nullptr ? arguments.scores->data() : nullptr;
  kernel.at =
      arguments.at != nullptr && arguments.score == Score::max ? arguments.at->data() : nullptr;
  kernel.trace = arguments.trace != nullptr ? arguments.trace->data() : nullptr;
  if (input.terms.chunked.empty()) {
    launch_warps(integrate_kernel, context, kernel, current.batch);
  } else {
    for_each_chunk(current, [&](std::int64_t first, std::int64_t samples) {
      Tensor rows({samples, current.steps, current.neurons}, current.device, MemoryTag::scratch);
      for (const auto& [term, path] : input.terms.chunked)
        path->gather(*term, {rows.data(), first, samples, current.steps, current.neurons});
      kernel.first_sample = first;
      kernel.current = rows.data();
      launch_warps(integrate_kernel, context, kernel, samples);
    });
  }
  watch.look();
}

void readout_backward(const ReadoutBackwardArguments& arguments) {
  const auto data = [](const Tensor* tensor) {
    return tensor != nullptr ? tensor->data() : nullptr;
  };
  const ReadoutAdjoint adjoint{arguments.decay,
                               arguments.score,
                               data(arguments.grad_scores),
                               arguments.at != nullptr ? arguments.at->data() : nullptr,
                               data(arguments.grad_trace),
                               arguments.current.steps,
                               arguments.current.neurons};
  backpropagate(arguments.current, nullptr, adjoint, arguments.gradients);
}

Tensor dense_current(const CurrentView& current) {
  const Context& context = Context::use(current.device);
  Tensor dense({current.batch, current.steps, current.neurons}, current.device);
  if (dense.size() == 0) return dense;
  Input input(current);
  for (const auto& [term, path] : input.terms.chunked)
    path->gather(*term, {dense.data(), 0, current.batch, current.steps, current.neurons});
  input.arguments.current = input.terms.chunked.empty() ? nullptr : dense.data();
  input.arguments.trace = dense.data();
  launch_warps(current_kernel, context, input.arguments, current.batch);
  return dense;
}

}  // namespace spiketape::cuda
