// The words of cuda/nc_kernel.h and the arithmetic of the numeric contract in CUDA C;
// shaders/nc_math.glsl is the same in GLSL. Kernels are compiled with -fmad=false; every fusion is an
// explicit __fmaf_rn.
#ifndef NC_MATH_CUH
#define NC_MATH_CUH

typedef unsigned uint;
typedef size_t nc_index;

#define NC_FN static __device__
#define NC_SHARED __shared__
#define NC_PUSH struct nc_push
#define NC_P
#define NC_TAKE(type, name) type name,
#define NC_GIVE(name) name,
#define NC_INOUT
#define NC_REF(type) type &
#define NC_THREAD threadIdx
#define NC_GROUP blockIdx
#define NC_GROUPS gridDim
#define NC_GROUP_X (blockIdx.z * gridDim.x + blockIdx.x)
#define NC_BARRIER() __syncthreads()
#define NC_UNROLL _Pragma("unroll")
#define NC_LOOP
#define NC_IN(i, type, name) const type *name
#define NC_OUT(i, type, name) type *name
#define NC_IO(i, type, name) type *name
#ifndef nc_part
#define nc_part(v, i) ((i) == 0 ? (v).x : (i) == 1 ? (v).y : (i) == 2 ? (v).z : (v).w)
#endif
#define nc_get(array, i) (reinterpret_cast<const float *>(array)[i])
#define nc_put(array, i, value) (reinterpret_cast<float *>(array)[i] = value)
#define nc_word(array, i) reinterpret_cast<uint *>(array)[i]
// The interface, which nc_gpu.h reads: its version, buffers, bytes of constants, threads x and y.
#ifndef NC_INTERFACE
#define NC_INTERFACE(name, buffers, x, y, parameters)                                              \
    extern "C" {                                                                                   \
    __device__ unsigned nc_interface[5] = {3, buffers, sizeof(nc_push), x, y};                     \
    }
#endif
#define NC_BOUNDS // a kernel may set __launch_bounds__ here
#define NC_MAIN(name, n, x, y, parameters)                                                         \
    NC_INTERFACE(name, n, x, y, parameters)                                                        \
    extern "C" __global__ void NC_BOUNDS name parameters
#define NC_KERNEL_1(name, x, y, a) NC_MAIN(name, 1, x, y, (a, nc_push p))
#define NC_KERNEL_2(name, x, y, a, b) NC_MAIN(name, 2, x, y, (a, b, nc_push p))
#define NC_KERNEL_3(name, x, y, a, b, c) NC_MAIN(name, 3, x, y, (a, b, c, nc_push p))
#define NC_KERNEL_4(name, x, y, a, b, c, d) NC_MAIN(name, 4, x, y, (a, b, c, d, nc_push p))

static __device__ unsigned nc_reverse(unsigned x) { return __brev(x); }
static __device__ unsigned nc_mul_high(unsigned a, unsigned b) { return __umulhi(a, b); }

// c + the products of four signed bytes of a and b.
static __device__ uint nc_dot4(uint a, uint b, uint c) {
    return (uint)__dp4a((int)a, (int)b, (int)c);
}

static __device__ float nc_fma(float a, float b, float c) { return __fmaf_rn(a, b, c); }

static __device__ float nc_add(float a, float b) { return __fadd_rn(a, b); }
static __device__ float nc_sub(float a, float b) { return __fsub_rn(a, b); }
static __device__ float nc_mul(float a, float b) { return __fmul_rn(a, b); }
static __device__ float nc_div(float a, float b) { return __fdiv_rn(a, b); }
static __device__ float nc_sqrt(float a) { return __fsqrt_rn(a); }
static __device__ float nc_divided(float a, float b) { return __fdiv_rn(a, b); }
static __device__ float nc_root(float a) { return __fsqrt_rn(a); }
static __device__ unsigned nc_bits(float x) { return __float_as_uint(x); }
static __device__ float nc_float(unsigned u) { return __uint_as_float(u); }

#define NC_HELD 32
#define NC_VALUES 32
static __device__ float nc_tree(float s) {
    for (int apart = 16; apart > 0; apart /= 2) s = nc_add(s, __shfl_xor_sync(~0u, s, apart));
    return s;
}

static __device__ float nc_tree_max(float s) {
    for (uint apart = 16; apart > 0; apart /= 2) {
        float other = __shfl_xor_sync(~0u, s, (int)apart);
        bool upper = (threadIdx.x & apart) != 0;
        float a = upper ? other : s, b = upper ? s : other;
        s = b > a ? b : a;
    }
    return s;
}

// The field of p = 2^64 - 2^32 + 1: what nc_kernel.h builds its arithmetic of.
typedef unsigned long long fe;
static __device__ fe fe_make(unsigned low, unsigned high) { return (fe)high << 32 | low; }
static __device__ unsigned fe_low(fe a) { return (unsigned)a; }
static __device__ unsigned fe_high(fe a) { return (unsigned)(a >> 32); }
#define FE_P 0xFFFFFFFF00000001ull
#define FE_EPSILON 0xFFFFFFFFull // 2^64 mod p

// a - b for a below 2^64 and b up to p, below p where a is.
static __device__ fe fe_sub(fe a, fe b) {
#ifdef __CUDACC__ // the borrow as a mask, which is 2^64 - p: five instructions instead of eight
    uint low, high;
    asm("{\n\t"
        ".reg .u32 mask;\n\t"
        "sub.cc.u32 %0, %2, %4;\n\t"
        "subc.cc.u32 %1, %3, %5;\n\t"
        "subc.u32 mask, 0, 0;\n\t"
        "sub.cc.u32 %0, %0, mask;\n\t"
        "subc.u32 %1, %1, 0;\n\t"
        "}"
        : "=&r"(low), "=&r"(high)
        : "r"(fe_low(a)), "r"(fe_high(a)), "r"(fe_low(b)), "r"(fe_high(b)));
    return fe_make(low, high);
#else
    return a < b ? a - b - FE_EPSILON : a - b;
#endif
}

// a + b, and 1 where it carries.
static __device__ fe fe_add64(fe a, fe b, uint &carry) {
    fe s = a + b;
    carry = s < a;
    return s;
}

// Low half of the product of two 64-bit numbers, and its high half.
static __device__ fe fe_mul_wide(fe a, fe b, fe &high) {
    high = __umul64hi(a, b);
    return a * b;
}

static __device__ fe i64_add(fe a, fe b) { return a + b; }
static __device__ fe i64_sub(fe a, fe b) { return a - b; }

// floor((x + 2^15) / 2^16) of a signed x, by an arithmetic shift.
static __device__ long long i64_rescale(long long x) { return (x + 32768) >> 16; }

// A signed x brought into -limit .. limit.
static __device__ int i64_clamp(long long x, int limit) {
    return x < -limit ? -limit : x > limit ? limit : (int)x;
}

// x / 2^n, rounded to nearest: nc_fixed__shift_round.
static __device__ fe u64_shift_round(fe x, unsigned n) {
    if (n > 63) return 0;
    return n ? (x >> n) + (x >> (n - 1) & 1) : x;
}

// floor((x + 2^15) / 2^16) of the centred x: nc_fixed_rescale.
static __device__ fe fe_rescale(fe x) {
    long long shifted = i64_rescale((long long)(x > (FE_P - 1) / 2 ? x - FE_P : x));
    return shifted < 0 ? (fe)shifted + FE_P : (fe)shifted;
}

#endif
