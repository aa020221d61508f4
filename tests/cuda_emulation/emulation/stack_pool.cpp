#include "emulation/stack_pool.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <new>
#include <vector>

#include "emulation/sanitizer.hpp"

namespace cuda_emulation {
namespace {

constexpr std::size_t kStackSize = std::size_t{kAddressSanitizer ? 128 : 64} << 10;
// Frames of Boost's entry function never return, so that their red zones stay; they lie here.
constexpr std::size_t kEntryFrames = 4096;

// Never destroyed, like the stacks.
std::vector<boost::context::stack_context>& idle_stacks() {
  static auto* const stacks = new std::vector<boost::context::stack_context>;
  return *stacks;
}

}  // namespace

boost::context::stack_context take_stack() {
  boost::context::stack_context stack;
  if (!idle_stacks().empty()) {
    stack = idle_stacks().back();
    idle_stacks().pop_back();
    unpoison(reinterpret_cast<std::uintptr_t>(stack.sp) - kEntryFrames, kEntryFrames);
    return stack;
  }
  const auto guard = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* memory =
      mmap(nullptr, guard + kStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || mprotect(memory, guard, PROT_NONE) != 0) throw std::bad_alloc();
  stack.sp = static_cast<char*>(memory) + guard + kStackSize;
  stack.size = kStackSize;
  return stack;
}

void give_stack_back(const boost::context::stack_context& stack) { idle_stacks().push_back(stack); }

}  // namespace cuda_emulation
