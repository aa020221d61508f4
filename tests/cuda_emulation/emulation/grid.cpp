#include "emulation/grid.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/context/fiber.hpp>

#include "cuda_emulation.hpp"
#include "emulation/collective.hpp"
#include "emulation/sanitizer.hpp"
#include "emulation/stack_pool.hpp"
#include "emulation/state.hpp"
#include "emulation/thread.h"

namespace cuda_emulation {

Place current_place{};

namespace {

using boost::context::fiber;
using boost::context::stack_context;

/// Thrown through a thread whose block has failed.
struct Unwind {};

uint3 unflatten(std::size_t index, const dim3& shape) {
  return {static_cast<unsigned>(index % shape.x),
          static_cast<unsigned>(index / shape.x % shape.y),
          static_cast<unsigned>(index / shape.x / shape.y)};
}

std::vector<std::size_t> ordered(std::size_t count, std::uint64_t salt) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const Settings& s = settings();
  if (s.order == Order::backward) std::reverse(order.begin(), order.end());
  if (s.order == Order::shuffled)
    std::shuffle(order.begin(), order.end(), std::mt19937_64(s.seed + salt));
  return order;
}

/// A thread's fiber while the thread waits.
struct Suspended {
  fiber context;
  stack_context stack;
  void* fake_stack = nullptr;  // the address sanitizer's
};

class Block {
 public:
  Block(dim3 shape, const std::function<void()>& body)
      : shape_(shape),
        body_(body),
        waiters_(std::size_t{shape.x} * shape.y * shape.z),
        suspended_(waiters_.size()) {}

  void run(std::uint64_t number, const std::function<std::string()>& describe);
  std::uint64_t wait(const Waiter& request);
  std::size_t running() const { return running_; }

 private:
  void start_fiber();
  void enter(fiber next, const stack_context& stack);
  void run_thread(std::size_t thread);
  void set_place();

  dim3 shape_;
  const std::function<void()>& body_;
  std::vector<Waiter> waiters_;
  std::vector<Suspended> suspended_;
  std::vector<std::size_t> order_;
  std::size_t started_ = 0;  // of order_
  std::size_t running_ = 0;
  stack_context running_stack_;
  fiber scheduler_;
  const void* scheduler_bottom_ = nullptr;
  std::size_t scheduler_size_ = 0;
  bool failed_ = false;
  std::exception_ptr error_;
};

Block* current_block = nullptr;

void Block::set_place() { current_place.thread_idx = unflatten(running_, shape_); }

// On the scheduler's stack: goes to a fiber and comes back when its thread waits or all are
// started.
void Block::enter(fiber next, const stack_context& stack) {
  void* fake_stack = nullptr;
  running_stack_ = stack;
  start_switch(&fake_stack, static_cast<char*>(stack.sp) - stack.size, stack.size);
  fiber back = std::move(next).resume();
  finish_switch(fake_stack, nullptr, nullptr);
  if (back) {
    suspended_[running_].context = std::move(back);
    suspended_[running_].stack = stack;
  }
}

// A fiber takes threads that have not started, one after another, until one waits. A kernel without
// collectives needs a single fiber.
void Block::start_fiber() {
  const stack_context stack = take_stack();
  fiber next(std::allocator_arg,
             boost::context::preallocated(stack.sp, stack.size, stack),
             StackReturner{},
             [this](fiber&& scheduler) {
               finish_switch(nullptr, &scheduler_bottom_, &scheduler_size_);
               scheduler_ = std::move(scheduler);
               while (started_ < order_.size() && !failed_) run_thread(order_[started_++]);
               start_switch(nullptr, scheduler_bottom_, scheduler_size_);
               return std::move(scheduler_);
             });
  enter(std::move(next), stack);
}

void Block::run_thread(std::size_t thread) {
  running_ = thread;
  set_place();
  try {
    body_();
  } catch (const Unwind&) {
    // the block has failed already
  } catch (...) {
    failed_ = true;
    error_ = std::current_exception();
  }
  waiters_[thread].state = Waiter::State::done;
}

std::uint64_t Block::wait(const Waiter& request) {
  const std::size_t self = running_;
  waiters_[self] = request;
  start_switch(&suspended_[self].fake_stack, scheduler_bottom_, scheduler_size_);
  scheduler_ = std::move(scheduler_).resume();
  finish_switch(suspended_[self].fake_stack, &scheduler_bottom_, &scheduler_size_);
  if (failed_) throw Unwind{};
  set_place();
  waiters_[self].state = Waiter::State::running;
  return waiters_[self].answer;
}

void Block::run(std::uint64_t number, const std::function<std::string()>& describe) {
  order_ = ordered(waiters_.size(), number);
  started_ = 0;
  std::fill(waiters_.begin(), waiters_.end(), Waiter{});
  while (started_ < order_.size() && !failed_) start_fiber();
  for (;;) {
    const Release release = failed_ ? Release::all_done : release_complete(waiters_);
    if (release == Release::none) {
      failed_ = true;
      error_ = std::make_exception_ptr(EmulationError(describe() + explain_hang(waiters_, shape_)));
    }
    bool resumed = false;
    for (const std::size_t thread : order_) {
      const Waiter::State state = waiters_[thread].state;
      if (state != Waiter::State::released && !(failed_ && state == Waiter::State::waiting))
        continue;
      running_ = thread;
      resumed = true;
      enter(std::move(suspended_[thread].context), stack_context(suspended_[thread].stack));
    }
    if (!resumed) break;
  }
  if (error_) std::rethrow_exception(error_);
}

}  // namespace

std::uint64_t collective(Collective kind,
                         std::uint32_t mask,
                         std::uint64_t value,
                         unsigned source_lane,
                         const Where& where) {
  if (current_block == nullptr)
    throw EmulationError(fmt::format("{} outside a kernel", collective_name(kind)));
  const unsigned lane = static_cast<unsigned>(current_block->running() % warpSize);
  if (is_of_warp(kind) && (mask >> lane & 1u) == 0)
    throw EmulationError(fmt::format("lane {} calls {} ({}:{}) with mask {:#010x}, which lacks it",
                                     lane,
                                     collective_name(kind),
                                     where.file,
                                     where.line,
                                     mask));
  return current_block->wait({.state = Waiter::State::waiting,
                              .kind = kind,
                              .mask = mask,
                              .source_lane = source_lane,
                              .value = value,
                              .where = where});
}

unsigned shuffle_source(Collective kind, unsigned operand, int width) {
  if (width < 1 || width > warpSize || (width & (width - 1)) != 0)
    throw EmulationError(fmt::format(
        "{}: width is {}; expected a power of two up to 32", collective_name(kind), width));
  if (current_block == nullptr) return 0;  // collective() will complain
  const unsigned lane = static_cast<unsigned>(current_block->running() % warpSize);
  const unsigned segment = static_cast<unsigned>(width);
  const unsigned offset = lane % segment;
  const unsigned first = lane - offset;
  switch (kind) {
    case Collective::shfl_up:
      return offset < operand ? lane : lane - operand;
    case Collective::shfl_down:
      return operand >= segment - offset ? lane : lane + operand;
    case Collective::shfl_xor:
      return (lane ^ operand) >= first + segment ? lane : lane ^ operand;
    default:
      return first + operand % segment;
  }
}

void run_grid(dim3 grid,
              dim3 block,
              const std::function<void()>& thread,
              const std::function<std::string()>& kernel_name) {
  const std::size_t blocks = std::size_t{grid.x} * grid.y * grid.z;
  current_place = {.thread_idx = {}, .block_idx = {}, .block_dim = block, .grid_dim = grid};
  Block runner(block, thread);
  struct Current {
    explicit Current(Block* block) { current_block = block; }
    ~Current() { current_block = nullptr; }
  } const current(&runner);
  const auto describe = [&kernel_name] {
    const uint3& b = current_place.block_idx;
    return fmt::format("kernel {}, block ({}, {}, {}): ", kernel_name(), b.x, b.y, b.z);
  };
  for (const std::size_t number : ordered(blocks, ~std::uint64_t{0})) {
    current_place.block_idx = unflatten(number, grid);
    runner.run(number, describe);
  }
}

}  // namespace cuda_emulation
