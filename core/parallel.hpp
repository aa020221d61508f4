#pragma once

#include <cstdint>
#include <functional>

/// Parallel loops whose results do not depend on the number of threads: a task writes only what it
/// owns, and sums that cross tasks are added afterwards in task order.
namespace spiketape {

/// Number of threads that parallel_for uses; at first OMP_NUM_THREADS, else every core.
int thread_count();

/// @throws Error when `count` is below 1.
void set_thread_count(int count);

/// Runs body(0) ... body(tasks - 1), each once, in any order, on up to thread_count() threads.
/// Within a call denormal numbers are flushed to zero. When bodies throw, all other tasks still
/// run, and the exception of the lowest task is rethrown. A nested call runs on the calling
/// thread alone.
void parallel_for(std::int64_t tasks, const std::function<void(std::int64_t task)>& body);

/// Cuts [0, count) into pieces of `grain` (the last may be shorter) and runs body(begin, end) for
/// each in parallel.
void parallel_ranges(std::int64_t count,
                     std::int64_t grain,
                     const std::function<void(std::int64_t begin, std::int64_t end)>& body);

/// Sum over shards of fixed size, added in shard order: the same bits for any number of threads.
/// partial(begin, end) returns the sum over one shard.
double parallel_sum(std::int64_t count,
                    std::int64_t grain,
                    const std::function<double(std::int64_t begin, std::int64_t end)>& partial);

}  // namespace spiketape
