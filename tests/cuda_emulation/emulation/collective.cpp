#include "emulation/collective.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <string_view>

#include <fmt/format.h>

namespace cuda_emulation {
namespace {

constexpr std::uint64_t kGarbage = 0xCBCB'CBCB'CBCB'CBCB;

bool waits(const Waiter& w) { return w.state == Waiter::State::waiting; }

bool same_line(const Where& a, const Where& b) {
  return a.line == b.line && std::string_view(a.file) == b.file;
}

/// Whether `other`, whom `w` waits for, has come.
bool joins(const Waiter& w, const Waiter& other) {
  if (!waits(other) || other.kind != w.kind) return false;
  return is_of_warp(w.kind) ? other.mask == w.mask : same_line(w.where, other.where);
}

void answer(Waiter& w, std::uint64_t value) {
  w.answer = value;
  w.state = Waiter::State::released;
}

bool release_block(std::span<Waiter> threads) {
  const Waiter first = threads[0];
  for (const Waiter& w : threads)
    if (!waits(w) || is_of_warp(w.kind) || !joins(first, w)) return false;
  const auto count = static_cast<std::uint64_t>(
      std::count_if(threads.begin(), threads.end(), [](const Waiter& w) { return w.value != 0; }));
  const std::uint64_t result = first.kind == Collective::syncthreads_or    ? count > 0
                               : first.kind == Collective::syncthreads_and ? count == threads.size()
                                                                           : count;
  for (Waiter& w : threads) answer(w, result);
  return true;
}

std::uint32_t existing_lanes(std::span<const Waiter> warp) {
  return warp.size() == 32 ? ~0u : (1u << warp.size()) - 1u;
}

bool release_mask(std::span<Waiter> warp, std::size_t lane) {
  const Waiter leader = warp[lane];
  const std::uint32_t members = leader.mask & existing_lanes(warp);
  std::uint32_t votes = 0;
  std::uint64_t values[32] = {};
  for (std::uint32_t rest = members; rest != 0; rest &= rest - 1) {
    const auto other = static_cast<std::size_t>(std::countr_zero(rest));
    if (!joins(leader, warp[other])) return false;
    values[other] = warp[other].value;
    if (values[other] != 0) votes |= 1u << other;
  }
  for (std::uint32_t rest = members; rest != 0; rest &= rest - 1) {
    Waiter& w = warp[static_cast<std::size_t>(std::countr_zero(rest))];
    switch (w.kind) {
      case Collective::ballot:
        answer(w, votes);
        break;
      case Collective::any:
        answer(w, votes != 0);
        break;
      case Collective::all:
        answer(w, votes == members);
        break;
      case Collective::syncwarp:
        answer(w, 0);
        break;
      default:
        answer(w, (members >> w.source_lane & 1u) != 0 ? values[w.source_lane] : kGarbage);
    }
  }
  return true;
}

std::string doing(const Waiter& w) {
  if (!waits(w)) return "has exited";
  const std::string mask = is_of_warp(w.kind) ? fmt::format(" with mask {:#010x}", w.mask) : "";
  return fmt::format(
      "waits at {}{} ({}:{})", collective_name(w.kind), mask, w.where.file, w.where.line);
}

}  // namespace

const char* collective_name(Collective kind) {
  constexpr const char* kNames[] = {"__syncthreads",
                                    "__syncthreads_or",
                                    "__syncthreads_and",
                                    "__syncthreads_count",
                                    "__syncwarp",
                                    "__ballot_sync",
                                    "__any_sync",
                                    "__all_sync",
                                    "__shfl_sync",
                                    "__shfl_up_sync",
                                    "__shfl_down_sync",
                                    "__shfl_xor_sync"};
  return kNames[static_cast<std::size_t>(kind)];
}

bool is_of_warp(Collective kind) { return kind >= Collective::syncwarp; }

Release release_complete(std::span<Waiter> threads) {
  bool any_waits = false;
  bool released = false;
  for (std::size_t first = 0; first < threads.size(); first += 32) {
    const auto warp = threads.subspan(first, std::min<std::size_t>(32, threads.size() - first));
    for (std::size_t lane = 0; lane < warp.size(); ++lane) {
      if (!waits(warp[lane])) continue;
      any_waits = true;
      if (is_of_warp(warp[lane].kind) && release_mask(warp, lane)) released = true;
    }
  }
  if (!any_waits) return Release::all_done;
  if (!released) released = release_block(threads);
  return released ? Release::some : Release::none;
}

// Some thread waits for another that waits elsewhere or is done; the first such pair is named.
std::string explain_hang(std::span<const Waiter> threads, dim3 shape) {
  const auto place = [&shape](std::size_t i) {
    return fmt::format("({}, {}, {})", i % shape.x, i / shape.x % shape.y, i / shape.x / shape.y);
  };
  for (std::size_t i = 0; i < threads.size(); ++i) {
    const Waiter& w = threads[i];
    if (!waits(w)) continue;
    const bool of_warp = is_of_warp(w.kind);
    const std::size_t begin = of_warp ? i / 32 * 32 : 0;
    const std::size_t end = of_warp ? std::min(begin + 32, threads.size()) : threads.size();
    for (std::size_t j = begin; j < end; ++j) {
      if (of_warp && (w.mask >> (j - begin) & 1u) == 0) continue;
      if (joins(w, threads[j])) continue;
      if (!of_warp)
        return fmt::format(
            "thread {} {} while thread {} {}", place(i), doing(w), place(j), doing(threads[j]));
      return fmt::format("lane {} {} while lane {} {} (threads {} and {})",
                         i % 32,
                         doing(w),
                         j % 32,
                         doing(threads[j]),
                         place(i),
                         place(j));
    }
  }
  return "threads wait for ever";
}

}  // namespace cuda_emulation
