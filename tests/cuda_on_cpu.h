/* The CUDA C of cuda/ on the CPU, for tests: compile a kernel as C++ with this file included
   first. Threads of a block are fibres that run in random order from barrier to barrier; shared
   memory is poisoned with NaN before every block, and order and poison change from run to run, so
   that a missing __syncthreads() shows as a wrong result. With NC_CUDA_COUNT, tests/cuda_count.cpp
   is told of every launch, thread and barrier. */
#ifndef NC_CUDA_ON_CPU_H
#define NC_CUDA_ON_CPU_H
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <tuple>
#include <utility>
#include <ucontext.h>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __restrict__
#define __launch_bounds__(...)
/* All shared variables of a program share one section, which the linker delimits. */
#define __shared__ static __attribute__((section("nc_shared")))
extern "C" char __start_nc_shared[] __attribute__((weak));
extern "C" char __stop_nc_shared[] __attribute__((weak));

#ifdef NC_CUDA_COUNT
#include "cuda_count.h"
#define NC_COUNTED(event) nc_count::event
#define NC_WANTED(block, blocks) nc_count::wanted(block, blocks)
#define NC_FRESH nc_count::fresh()
#else
#define NC_COUNTED(event) ((void)0)
#define NC_WANTED(block, blocks) true
#define NC_FRESH 0xFF
#endif

struct nc_dim3 {
    unsigned x, y, z;
};
inline nc_dim3 threadIdx, blockIdx, blockDim, gridDim;

/* Of 16 bytes that one instruction moves; gcc would take a struct to pieces. */
typedef unsigned uint4 __attribute__((vector_size(16)));
typedef float float4 __attribute__((vector_size(16)));
#define nc_part(v, i) ((v)[i])
static inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) {
    return uint4{x, y, z, w};
}

using std::max;
using std::min;
static inline float __fmaf_rn(float a, float b, float c) {
    NC_COUNTED(fma());
    return fmaf(a, b, c);
}
static inline float __fadd_rn(float a, float b) { return a + b; }
static inline float __fsub_rn(float a, float b) { return a - b; }
static inline unsigned __float_as_uint(float x) {
    unsigned u;
    memcpy(&u, &x, sizeof u);
    return u;
}
static inline float __uint_as_float(unsigned u) {
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}
static inline float __fmul_rn(float a, float b) { return a * b; }
static inline float __fdiv_rn(float a, float b) { return a / b; }
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    NC_COUNTED(wide());
    return (unsigned long long)((unsigned __int128)a * b >> 64);
}
static inline unsigned __umulhi(unsigned a, unsigned b) {
    return (unsigned)((unsigned long long)a * b >> 32);
}
static inline unsigned __brev(unsigned x) {
    unsigned y = 0;
    for (int i = 0; i < 32; i++) y = y << 1 | (x >> i & 1);
    return y;
}
static inline float __fsqrt_rn(float a) { return sqrtf(a); }
/* Four of the eight bytes of x and y, as the nibbles of `selector` say; with bit 3 their signs. */
static inline unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
    const unsigned long long both = (unsigned long long)y << 32 | x;
    unsigned out = 0;
    for (int i = 0; i < 4; i++) {
        const unsigned nibble = selector >> (4 * i) & 15;
        unsigned byte = both >> (8 * (nibble & 7)) & 255;
        if (nibble & 8) byte = byte & 128 ? 255 : 0;
        out |= byte << (8 * i);
    }
    return out;
}
/* c + the products of the four bytes of a with those of b, all signed. */
static inline int __dp4a(int a, int b, int c) {
    for (int i = 0; i < 32; i += 8)
        c = (int)((unsigned)c + (unsigned)((int8_t)(a >> i) * (int8_t)(b >> i)));
    return c;
}

namespace nc_shim {

/* Where a context goes on: registers are saved around __builtin_setjmp, no system call is made. */
typedef void *place[5];

enum fibre_state { READY, AT_SHUFFLE, AT_BARRIER, FINISHED };

struct fibre {
    place at;
    std::vector<char> stack; /* empty until the fibre has begun */
    nc_dim3 thread;
    fibre_state state;
    unsigned mask,
        from;       /* of the shuffle it waits at: the lanes that meet, and whose value it takes */
    uint64_t value; /* which it brings there, and then what it takes */
};

struct scheduler {
    place home;
    std::vector<fibre> fibres;
    fibre *running;
    size_t threads;            /* of a block */
    size_t shuffling;          /* of these, at a shuffle */
    std::vector<char> dynamic; /* shared memory whose size the launch tells */
    void (*body)(void *);
    void *argument;
    uint64_t random;
};
inline scheduler run;

inline uint64_t next_random() { /* xorshift64* */
    run.random ^= run.random >> 12;
    run.random ^= run.random << 25;
    run.random ^= run.random >> 27;
    return run.random * UINT64_C(2685821657736338717);
}

[[noreturn]] __attribute__((noinline)) inline void go_on(place at) { __builtin_longjmp(at, 1); }

/* From the running fibre to the scheduler, and back when it is its turn again. */
__attribute__((noinline)) inline void leave_fibre(fibre_state state) {
    run.running->state = state;
    if (!__builtin_setjmp(run.running->at)) go_on(run.home);
}

/* A fibre lives on: it runs one thread of a block after the other. */
[[noreturn]] inline void fibre_main() {
    for (;;) {
        run.body(run.argument);
        leave_fibre(FINISHED);
    }
}

__attribute__((noinline)) inline void enter_fibre(fibre &f) {
    run.running = &f;
    threadIdx = f.thread;
    if (__builtin_setjmp(run.home)) return;
    if (!f.stack.empty()) go_on(f.at);
    f.stack.resize(64 * 1024);
    ucontext_t context;
    getcontext(&context);
    context.uc_stack.ss_sp = f.stack.data();
    context.uc_stack.ss_size = f.stack.size();
    context.uc_link = nullptr;
    makecontext(&context, (void (*)())fibre_main, 0);
    setcontext(&context);
}

/* Where all lanes of a mask have come to the shuffle, each takes its value and goes on. */
inline bool exchange() {
    bool any = false;
    for (size_t i = 0; i < run.threads; i++) {
        fibre *warp = &run.fibres[i - i % 32];
        const unsigned mask = run.fibres[i].mask;
        bool all = run.fibres[i].state == AT_SHUFFLE;
        uint64_t value[32];
        for (size_t l = 0; l < 32 && all; l++) {
            value[l] = UINT64_MAX; /* of no thread: NaN, and a huge integer */
            if (!(mask >> l & 1) || i - i % 32 + l >= run.threads) continue;
            all = warp[l].state == AT_SHUFFLE && warp[l].mask == mask;
            value[l] = warp[l].value;
        }
        for (size_t l = 0; l < 32 && all; l++) {
            if (!(mask >> l & 1) || i - i % 32 + l >= run.threads) continue;
            warp[l].value = value[warp[l].from];
            warp[l].state = READY;
            run.shuffling--;
        }
        any = any || all;
    }
    return any;
}

/* Run every fibre up to its next barrier, in random order. Barriers and shuffles that only part of
 * the threads reach are an error of the kernel, as on a device. */
inline void run_interval(std::vector<size_t> &order) {
    for (size_t i = order.size(); i > 1; i--) std::swap(order[i - 1], order[next_random() % i]);
    do {
        for (size_t i : order) {
            if (run.fibres[i].state != READY) continue;
            NC_COUNTED(thread(i));
            enter_fibre(run.fibres[i]);
            run.shuffling += run.fibres[i].state == AT_SHUFFLE;
        }
    } while (run.shuffling && exchange());
    if (run.shuffling) abort(); /* divergent shuffle */
}

inline void run_block() {
    const size_t n = run.threads;
    std::vector<size_t> order(n);
    for (size_t i = 0; i < n; i++) {
        fibre &f = run.fibres[i];
        f.state = READY;
        f.thread = {(unsigned)(i % blockDim.x), (unsigned)(i / blockDim.x % blockDim.y),
                    (unsigned)(i / blockDim.x / blockDim.y)};
        order[i] = i;
    }
    for (size_t finished = 0; !finished;) {
        run_interval(order);
        for (size_t i = 0; i < n; i++) {
            fibre &f = run.fibres[i];
            if (f.state == FINISHED) finished++;
            if (f.state == AT_BARRIER) f.state = READY;
        }
        if (finished && finished != n) abort(); /* divergent barrier */
        NC_COUNTED(interval_ends(!finished));
    }
}

inline void launch(nc_dim3 grid, nc_dim3 block, size_t shared_bytes, void (*body)(void *),
                   void *argument) {
    char *shared = __start_nc_shared;
    size_t bytes = (size_t)(__stop_nc_shared - __start_nc_shared);
    if (!run.random) run.random = 88172645463325252u;
    run.body = body;
    run.argument = argument;
    gridDim = grid;
    blockDim = block;
    run.threads = (size_t)block.x * block.y * block.z;
    run.fibres.resize(std::max(run.fibres.size(), run.threads));
    run.dynamic.resize(shared_bytes);
    NC_COUNTED(shared(shared, bytes, run.dynamic.data(), shared_bytes));
    const size_t blocks = (size_t)grid.x * grid.y * grid.z;
    for (size_t i = 0; i < blocks; i++) {
        if (!NC_WANTED(i, blocks)) continue;
        blockIdx = {(unsigned)(i % grid.x), (unsigned)(i / grid.x % grid.y),
                    (unsigned)(i / grid.x / grid.y)};
        if (bytes) memset(shared, 0xFF, bytes); /* NaN, and a huge integer */
        std::fill(run.dynamic.begin(), run.dynamic.end(), (char)0xFF);
        NC_COUNTED(block(i));
        run_block();
    }
    NC_COUNTED(launch_ends(blocks));
}

/* The value that lane `from` of the warp brings; of no thread, when it is none of the mask's. */
template <class T> T shuffle(unsigned mask, T value, unsigned from) {
    static_assert(sizeof(T) <= sizeof(uint64_t), "shuffles move 8 bytes at most");
    fibre &f = *run.running;
    f.mask = mask;
    f.from = from % 32;
    memcpy(&f.value, &value, sizeof value);
    leave_fibre(AT_SHUFFLE);
    memcpy(&value, &f.value, sizeof value);
    return value;
}
inline unsigned lane() { return (unsigned)(run.running - run.fibres.data()) % 32; }

/* A kernel and the interface that it states; all of them are in a list. */
struct kernel_entry {
    static inline kernel_entry *first;
    kernel_entry *next;
    const char *name;
    void (*body)(void *);
    unsigned interface[5];
    kernel_entry(const char *name_, void (*body_)(void *), unsigned buffers, size_t push,
                 unsigned x, unsigned y)
        : next(first), name(name_), body(body_), interface {
        3, buffers, (unsigned)push, x, y
    } {
        first = this;
    }
};

/* Kernel arguments from the pointers that cuLaunchKernel takes. */
template <class... A, size_t... I>
void call(void (*kernel)(A...), void **arguments, std::index_sequence<I...>) {
    kernel(*static_cast<A *>(arguments[I])...);
}

template <auto Kernel> struct entry;
template <class... A, void (*Kernel)(A...)> struct entry<Kernel> {
    static void body(void *arguments) {
        call(Kernel, static_cast<void **>(arguments), std::index_sequence_for<A...>{});
    }
};

} // namespace nc_shim

/* What stands in a module's global nc_interface on a device. */
#define NC_INTERFACE(name, buffers, x, y, parameters)                                              \
    extern "C" void name parameters;                                                               \
    static nc_shim::kernel_entry nc_entry_of_##name(#name, nc_shim::entry<name>::body, buffers,    \
                                                    sizeof(nc_push), x, y);

/* Wait for the other threads of the block. */
static inline void __syncthreads() { nc_shim::leave_fibre(nc_shim::AT_BARRIER); }

/* In segments of `width` lanes, a power of two; a lane beyond the segment is the caller's own. */
template <class T> T __shfl_sync(unsigned mask, T value, int from, int width = 32) {
    const unsigned lane = nc_shim::lane(), last = (unsigned)width - 1;
    return nc_shim::shuffle(mask, value, (lane & ~last) | ((unsigned)from & last));
}
template <class T> T __shfl_xor_sync(unsigned mask, T value, int distance, int width = 32) {
    const unsigned lane = nc_shim::lane(), from = lane ^ (unsigned)distance;
    return nc_shim::shuffle(mask, value, from > (lane | ((unsigned)width - 1)) ? lane : from);
}
template <class T> T __shfl_down_sync(unsigned mask, T value, unsigned distance, int width = 32) {
    const unsigned lane = nc_shim::lane(), from = lane + distance;
    return nc_shim::shuffle(mask, value, from > (lane | ((unsigned)width - 1)) ? lane : from);
}

/* What nvcc writes `extern __shared__ type name[]`: shared memory of the launch's size. */
#define NC_DYNAMIC_SHARED(type, name)                                                              \
    type *const name = reinterpret_cast<type *>(nc_shim::run.dynamic.data())
#endif
