// Arithmetic of the numeric contract for every CUDA kernel; shaders/nc_math.glsl is its twin.
// Kernels are compiled with -fmad=false; every fusion is an explicit __fmaf_rn.
#ifndef NC_MATH_CUH
#define NC_MATH_CUH

// Version of the interface between kernels and nc_gpu.h, read after the module is loaded.
extern "C" {
__device__ unsigned nc_interface_version = 1;
}

static __device__ float nc_fma(float a, float b, float c) { return __fmaf_rn(a, b, c); }

// The field of p = 2^64 - 2^32 + 1, as nc_gl_* in nc_goldilocks.h: canonical in, canonical out.
typedef unsigned long long fe;
#define FE_P 0xFFFFFFFF00000001ull
#define FE_EPSILON 0xFFFFFFFFull // 2^64 mod p

static __device__ fe fe_canonical(fe a) { return a >= FE_P ? a - FE_P : a; }

static __device__ fe fe_add(fe a, fe b) {
    fe s = a + b;
    if (s < a) s += FE_EPSILON;
    return fe_canonical(s);
}

static __device__ fe fe_sub(fe a, fe b) { return a < b ? a - b - FE_EPSILON : a - b; }

// low + 2^64 high: low - h1 + h0 (2^32 - 1), as nc_gl__reduce.
static __device__ fe fe_reduce(fe low, fe high) {
    fe h1 = high >> 32, u = (high & FE_EPSILON) * FE_EPSILON, t = low - h1, r;
    if (low < h1) t -= FE_EPSILON;
    r = t + u;
    if (r < u) r += FE_EPSILON;
    return fe_canonical(r);
}

static __device__ fe fe_mul(fe a, fe b) { return fe_reduce(a * b, __umul64hi(a, b)); }

static __device__ fe fe_pow7(fe x) {
    fe x2 = fe_mul(x, x), x3 = fe_mul(x2, x);
    return fe_mul(x3, fe_mul(x2, x2));
}

// floor((x + 2^15) / 2^16) of the centred x: nc_fixed_rescale.
static __device__ fe fe_rescale(fe x) {
    long long centred = (long long)(x > (FE_P - 1) / 2 ? x - FE_P : x) + 32768;
    fe shifted = (fe)(centred >> 16); // arithmetic shift: floor
    return centred < 0 ? shifted + FE_P : shifted;
}

#endif
