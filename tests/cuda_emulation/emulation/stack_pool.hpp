#pragma once

#include <boost/context/stack_context.hpp>

/// Stacks for fibers, each with a guard page below it, kept for reuse.
namespace cuda_emulation {

boost::context::stack_context take_stack();
void give_stack_back(const boost::context::stack_context& stack);

/// As Boost's fiber wants it.
struct StackReturner {
  void deallocate(boost::context::stack_context& stack) { give_stack_back(stack); }
};

}  // namespace cuda_emulation
