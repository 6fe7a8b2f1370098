// Arithmetic of the numeric contract for every CUDA kernel; shaders/nc_math.glsl is its twin.
// Kernels are compiled with -fmad=false; every fusion is an explicit __fmaf_rn.
#ifndef NC_MATH_CUH
#define NC_MATH_CUH

// Version of the interface between kernels and nc_gpu.h, read after the module is loaded.
extern "C" {
__device__ unsigned nc_interface_version = 1;
}

static __device__ float nc_fma(float a, float b, float c) { return __fmaf_rn(a, b, c); }

static __device__ float nc_add(float a, float b) { return __fadd_rn(a, b); }
static __device__ float nc_sub(float a, float b) { return __fsub_rn(a, b); }
static __device__ float nc_mul(float a, float b) { return __fmul_rn(a, b); }
static __device__ float nc_div(float a, float b) { return __fdiv_rn(a, b); }
static __device__ float nc_sqrt(float a) { return __fsqrt_rn(a); }
static __device__ unsigned nc_bits(float x) { return __float_as_uint(x); }
static __device__ float nc_float(unsigned u) { return __uint_as_float(u); }

// e^x, log x, tanh x and gelu: the operations of nc_hlx__exp1, nc_hlx__log1, nc_hlx__tanh1 and
// nc_hlx__gelu_body, in their order.
static __device__ float nc_exp(float x) {
    float bounded = x > 89.0f ? 89.0f : x;
    bounded = bounded < -104.0f ? -104.0f : bounded;
    bounded = x == x ? bounded : 0.0f;
    float shifted = nc_fma(bounded, 1.44269504f, 12582912.0f);
    int k = (int)(nc_bits(shifted) - 0x4B400000u);
    float n = nc_sub(shifted, 12582912.0f);
    float r = nc_fma(n, -0.693145752f, bounded);
    r = nc_fma(n, -1.42860677e-6f, r);
    float p = 1.98412701e-4f;
    p = nc_fma(p, r, 1.38888892e-3f);
    p = nc_fma(p, r, 8.33333377e-3f);
    p = nc_fma(p, r, 4.16666679e-2f);
    p = nc_fma(p, r, 1.66666672e-1f);
    p = nc_fma(p, r, 0.5f);
    p = nc_fma(p, r, 1.0f);
    p = nc_fma(p, r, 1.0f);
    int k1 = k / 2;
    p = nc_mul(p, nc_float((unsigned)(k1 + 127) << 23));
    p = nc_mul(p, nc_float((unsigned)(k - k1 + 127) << 23));
    return x == x ? p : x;
}

static __device__ float nc_log(float x) {
    bool small = x < 1.17549435e-38f;
    float scaled = small ? nc_mul(x, 8388608.0f) : x;
    unsigned u = nc_bits(scaled) - 0x3F3504F3u;
    int exponent = (int)((u + 0x40000000u) >> 23) - 128;
    float f = nc_sub(nc_float((u & 0x007FFFFFu) + 0x3F3504F3u), 1.0f);
    float e = (float)(exponent - (small ? 23 : 0));
    float z = nc_mul(f, f), p = 7.0376836292e-2f;
    p = nc_fma(p, f, -1.1514610310e-1f);
    p = nc_fma(p, f, 1.1676998740e-1f);
    p = nc_fma(p, f, -1.2420140846e-1f);
    p = nc_fma(p, f, 1.4249322787e-1f);
    p = nc_fma(p, f, -1.6668057665e-1f);
    p = nc_fma(p, f, 2.0000714765e-1f);
    p = nc_fma(p, f, -2.4999993993e-1f);
    p = nc_fma(p, f, 3.3333331174e-1f);
    float y = nc_mul(nc_mul(p, f), z);
    y = nc_fma(e, -2.12194440e-4f, y);
    y = nc_fma(z, -0.5f, y);
    y = nc_add(f, y);
    y = nc_fma(e, 0.693359375f, y);
    y = x > 3.40282347e+38f ? x : y;
    y = x == 0.0f ? nc_float(0xFF800000u) : y;
    return x >= 0.0f ? y : nc_float(0x7FC00000u);
}

static __device__ float nc_tanh(float x) {
    float a = nc_float(nc_bits(x) & 0x7FFFFFFFu), z = nc_mul(x, x);
    float p = -5.70498872745e-3f;
    p = nc_fma(p, z, 2.06390887954e-2f);
    p = nc_fma(p, z, -5.37397155531e-2f);
    p = nc_fma(p, z, 1.33314422036e-1f);
    p = nc_fma(p, z, -3.33332819422e-1f);
    p = nc_fma(nc_mul(p, z), x, x);
    float t = nc_sub(1.0f, nc_div(2.0f, nc_add(nc_exp(nc_add(a, a)), 1.0f)));
    t = nc_float(nc_bits(t) | (nc_bits(x) & 0x80000000u));
    t = a < 0.625f ? p : t;
    return x == x ? t : x;
}

static __device__ float nc_gelu(float v) {
    float cubic = nc_fma(nc_mul(nc_mul(0.044715f, v), v), v, v), half_v = nc_mul(0.5f, v);
    return nc_fma(half_v, nc_tanh(nc_mul(0.797884583f, cubic)), half_v);
}

static __device__ float nc_gelu_slope(float v) {
    float cubic = nc_fma(nc_mul(nc_mul(0.044715f, v), v), v, v), half_v = nc_mul(0.5f, v);
    float t = nc_tanh(nc_mul(0.797884583f, cubic));
    float inner = nc_mul(0.797884583f, nc_fma(nc_mul(0.134145f, v), v, 1.0f));
    float slope = nc_mul(nc_fma(-t, t, 1.0f), inner);
    return nc_fma(half_v, slope, nc_fma(0.5f, t, 0.5f));
}

// A block of 32: the fixed reduction of lane sums, and the maximum of the lanes.
static __device__ float nc_tree(float *lane, float s) {
    unsigned j = threadIdx.x;
    __syncthreads();
    lane[j] = s;
    for (unsigned width = 16; width > 0; width /= 2) {
        __syncthreads();
        if (j < width) lane[j] = nc_add(lane[j], lane[j + width]);
    }
    __syncthreads();
    return lane[0];
}
static __device__ float nc_tree_max(float *lane, float s) {
    unsigned j = threadIdx.x;
    __syncthreads();
    lane[j] = s;
    for (unsigned width = 16; width > 0; width /= 2) {
        __syncthreads();
        if (j < width && lane[j + width] > lane[j]) lane[j] = lane[j + width];
    }
    __syncthreads();
    return lane[0];
}

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
