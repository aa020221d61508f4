#pragma once

#include <cstddef>
#include <cstdint>

// The address sanitizer, where it is on; nothing where it is off.
#if defined(__SANITIZE_ADDRESS__)
#define SPIKETAPE_EMULATION_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SPIKETAPE_EMULATION_ASAN 1
#endif
#endif

#ifdef SPIKETAPE_EMULATION_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
extern "C" int __sanitizer_get_ownership(const volatile void* pointer);
#endif

namespace cuda_emulation {

#ifdef SPIKETAPE_EMULATION_ASAN
inline constexpr bool kAddressSanitizer = true;

inline void poison(std::uintptr_t address, std::size_t size) {
  __asan_poison_memory_region(reinterpret_cast<void*>(address), size);
}
inline void unpoison(std::uintptr_t address, std::size_t size) {
  __asan_unpoison_memory_region(reinterpret_cast<void*>(address), size);
}
/// Whether the host's heap gave out a block that begins here. Only the sanitizer knows; what lies
/// between the members of an argument may look like any other address.
inline bool host_owns(const void* pointer) { return __sanitizer_get_ownership(pointer) != 0; }
/// Before a switch to another stack. A null `save` says that this stack is left for good.
inline void start_switch(void** save, const void* bottom, std::size_t size) {
  __sanitizer_start_switch_fiber(save, bottom, size);
}
/// After the switch, on the other stack; tells which stack was left.
inline void finish_switch(void* saved, const void** bottom_left, std::size_t* size_left) {
  __sanitizer_finish_switch_fiber(saved, bottom_left, size_left);
}
#else
inline constexpr bool kAddressSanitizer = false;

inline void poison(std::uintptr_t, std::size_t) {}
inline void unpoison(std::uintptr_t, std::size_t) {}
inline bool host_owns(const void*) { return false; }
inline void start_switch(void**, const void*, std::size_t) {}
inline void finish_switch(void*, const void**, std::size_t*) {}
#endif

}  // namespace cuda_emulation
