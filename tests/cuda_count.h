/* What the kernels of cuda/ do to a device's memory, counted on the CPU: tests/cuda_count.cpp takes
   the calls that gcc -fsanitize=thread puts at every access. A warp is 32 threads that follow one
   another; their n-th executions of an instruction since the last barrier are one request. */
#ifndef NC_CUDA_COUNT_H
#define NC_CUDA_COUNT_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Global memory: distinct sectors of 32 bytes and lines of 128 bytes, summed over the requests, and
   the bytes of them that are asked for. */
typedef struct cuda_traffic {
    uint64_t requests, sectors, lines, bytes;
} cuda_traffic;

/* Shared memory of 32 banks of 4 bytes: the distinct words of a request's worst bank are its
   wavefronts, 8-byte accesses by half a warp, 16-byte accesses by a quarter. */
typedef struct cuda_banks {
    uint64_t requests, wavefronts;
} cuda_banks;

typedef struct cuda_count {
    char kernel[32];
    uint64_t threads; /* of a block */
    uint64_t rounds; /* of up to 8 loads one after the other, begun anew at a barrier: of the thread
                         and the block that have most */
    uint64_t launches, blocks, barriers;
    uint64_t fmas, wide; /* __fmaf_rn, __umul64hi: of a thread, not of a warp */
    cuda_traffic load, store;
    cuda_banks shared_load, shared_store;
} cuda_count;

/* sum += c; its name stays, of threads and rounds the larger. */
static inline void cuda_count_add(cuda_count *sum, const cuda_count *c) {
    enum { FIRST = offsetof(cuda_count, launches), BYTES = sizeof(cuda_count) - FIRST };
    uint64_t a[BYTES / 8], b[BYTES / 8];
    size_t i;
    memcpy(a, (const char *)sum + FIRST, BYTES);
    memcpy(b, (const char *)c + FIRST, BYTES);
    for (i = 0; i < BYTES / 8; i++) a[i] += b[i];
    memcpy((char *)sum + FIRST, a, BYTES);
    if (sum->threads < c->threads) sum->threads = c->threads;
    if (sum->rounds < c->rounds) sum->rounds = c->rounds;
}

/* Types of the functions that the driver exports. cuda_count_take: the counts since the last call,
   a kernel each in the order of names, at most `most` of them. cuda_count_launches: as many of the
   launches since the last call of either, in their order; take them first, `most` = 0 tells how many
   there are. cuda_count_sample: kernels whose name begins so run no more than `blocks` of a launch,
   evenly spread, and count for all of them; 0: all again. Results are then good for nothing.
   cuda_count_barrier: later launches see what earlier ones did; from the first call on, every
   barrier is told. cuda_count_races: a line a race that was found since the last call, "" without;
   the text holds until the next call. */
typedef size_t cuda_count_take_fn(cuda_count *out, size_t most);
typedef size_t cuda_count_launches_fn(cuda_count *out, size_t most);
typedef void cuda_count_sample_fn(const char *kernels, size_t blocks);
typedef void cuda_count_barrier_fn(void);
typedef const char *cuda_count_races_fn(void);

#ifdef __cplusplus
namespace nc_count { /* told by the driver */
void memory(void *p, size_t bytes);
void forget(void *p);
void launch(const char *kernel, size_t threads);
void shared(char *fixed, size_t fixed_bytes, char *dynamic, size_t dynamic_bytes);
bool wanted(size_t index, size_t blocks); /* whether the block is to run */
void block(size_t index);
void launch_ends(size_t blocks);
int fresh();               /* the bytes of fresh memory: of NaN, but where results are missing 0 */
void thread(size_t index); /* goes on running */
void interval_ends(bool at_barrier);
void fma();
void wide();
} // namespace nc_count
#endif
#endif
