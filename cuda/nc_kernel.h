// What every kernel includes. A kernel is written once, in cuda/NAME.cu, in the words below; as CUDA C
// it is built from there, as GLSL through shaders/NAME.comp, which is the same three lines for all but
// tir_forward.
//
//   NC_PUSH { .. } NC_P;       constants of a dispatch, read as p.member; 4-byte members
//   NC_KERNEL_n(name, x, y, buffers..) { .. }
//                              the kernel, for groups of x * y threads, over n buffers:
//   NC_IN, NC_OUT, NC_IO(i, type, name)   buffer i, read, written, both, indexed as name[at]
//   NC_SHARED                  memory of a group; at the top level of the file
//   uint4, float4              16 bytes that are moved at once; nc_part(v, i) is component i;
//                              nc_get(array, i) reads float i of a shared array of float4,
//                              nc_put(array, i, x) sets it; make_uint4(x, y, z, w);
//                              nc_word(array, i) is word i of a shared array of uint4
//   NC_FN                      a function; NC_TAKE and NC_GIVE hand it a buffer or p; NC_INOUT an array,
//                              NC_REF(type) a variable that it changes
//   NC_THREAD, NC_GROUP, NC_GROUPS        .x .y .z of thread, group, number of groups
//   NC_GROUP_X                 the group's number where more than 65,535 go on in z: kernels that
//                              use it must ask whether they are past the end
//   NC_BARRIER(), NC_UNROLL, NC_LOOP (not unrolled in SPIR-V), nc_index(..) (64 bits in CUDA)
//
// Floats go through nc_add, nc_sub, nc_mul, nc_fma, nc_div and nc_sqrt, which round as IEEE 754 says;
// field elements (with NC_FIELD defined before) are of type fe and go through fe_add, fe_sub, fe_mul.
// NC_LANES, defined before, brings the reductions of rows, 32 lanes each.
#ifdef VULKAN
#include "../shaders/nc_math.glsl"
#else
#include "nc_math.cuh"
#endif

#ifndef NC_FIELD
// e^x, log x, tanh x and the activations: the operations of nc_hlx__exp1, nc_hlx__log1,
// nc_hlx__tanh1, nc_hlx__gelu1 .., in their order.
NC_FN float nc_exp(float x) {
    float bounded = x > 89.0f ? 89.0f : x;
    bounded = bounded < -104.0f ? -104.0f : bounded;
    bounded = x == x ? bounded : 0.0f;
    float shifted = nc_fma(bounded, 1.44269504f, 12582912.0f);
    int k = int(nc_bits(shifted) - 0x4B400000u);
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
    p = nc_mul(p, nc_float(uint(k1 + 127) << 23));
    p = nc_mul(p, nc_float(uint(k - k1 + 127) << 23));
    return x == x ? p : x;
}

NC_FN float nc_log(float x) {
    bool small = x < 1.17549435e-38f;
    float scaled = small ? nc_mul(x, 8388608.0f) : x;
    uint u = nc_bits(scaled) - 0x3F3504F3u;
    int exponent = int((u + 0x40000000u) >> 23) - 128;
    float f = nc_sub(nc_float((u & 0x007FFFFFu) + 0x3F3504F3u), 1.0f);
    float e = float(exponent - (small ? 23 : 0));
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

NC_FN float nc_tanh(float x) {
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

NC_FN float nc_gelu(float v) {
    float cubic = nc_fma(nc_mul(nc_mul(0.044715f, v), v), v, v), half_v = nc_mul(0.5f, v);
    return nc_fma(half_v, nc_tanh(nc_mul(0.797884583f, cubic)), half_v);
}

NC_FN float nc_gelu_slope(float v) {
    float cubic = nc_fma(nc_mul(nc_mul(0.044715f, v), v), v, v), half_v = nc_mul(0.5f, v);
    float t = nc_tanh(nc_mul(0.797884583f, cubic));
    float inner = nc_mul(0.797884583f, nc_fma(nc_mul(0.134145f, v), v, 1.0f));
    float slope = nc_mul(nc_fma(-t, t, 1.0f), inner);
    return nc_fma(half_v, slope, nc_fma(0.5f, t, 0.5f));
}

NC_FN float nc_silu(float v) { return nc_div(v, nc_add(1.0f, nc_exp(-v))); }

NC_FN float nc_silu_slope(float v) {
    float s = nc_div(1.0f, nc_add(1.0f, nc_exp(-v)));
    return nc_fma(nc_mul(v, s), nc_sub(1.0f, s), s);
}

// By nc_hlx_activation, and the derivative: a line for each.
NC_FN float nc_activate(uint activation, float v) {
    switch (activation) {
    case 1: return nc_silu(v);
    default: return nc_gelu(v);
    }
}

NC_FN float nc_slope(uint activation, float v) {
    switch (activation) {
    case 1: return nc_silu_slope(v);
    default: return nc_gelu_slope(v);
    }
}

#ifdef NC_LANES
// A row to 32 lanes, NC_THREAD.x, four rows to a group, NC_THREAD.y. nc_tree and nc_tree_max give
// each lane the row's: the lanes in pairs, 16, 8, 4, 2, 1 apart; their sums, or the greater ones,
// of which a NaN of lane 0 stays. All threads of a group come to each of them.
NC_FN uint nc_row() { return NC_GROUP_X * 4 + NC_THREAD.y; }

// A lane's first NC_HELD columns, 32 apart, wait in an array of NC_VALUES registers from a row's
// first pass to its last, in blocks of eight, b, which are left out where the row of n ends before:
// column i of value k. In SPIR-V none do.
#define NC_BLOCKS(b, n) NC_UNROLL for (uint b = 0; b < NC_HELD; b += 8) if (32 * b < n)
#define NC_HELD_COLUMNS(k, i, b, n)                                                                \
    NC_UNROLL for (uint k = b, i = NC_THREAD.x + 32 * b; k < b + 8; k++, i += 32) if (i < n)
#define NC_BEHIND (NC_THREAD.x + 32 * NC_HELD) // the first column that is not held

// The sum of a row of n, a chunk after the other as nc_hlx_sum, in rounds from first = 0 on, below
// nc_row_end(most) where no row of the group has more than `most`: s is a lane of the chunk at
// `first`, sums +0 and then what the round before gave. The last round gives the row's sum; in rows
// of more than a chunk it has no more elements.
#define NC_CHUNK 4096u
NC_FN uint nc_row_end(uint most) { return most <= NC_CHUNK ? most : most + NC_CHUNK; }
NC_FN float nc_row_sum(float sums, float s, uint first, uint n, uint most) {
    bool last = first >= most;
    float sum = nc_tree(last ? sums : s);
    if (n <= NC_CHUNK) return first == 0 ? sum : sums;
    if (last) return sum;
    return NC_THREAD.x == first / NC_CHUNK % 32 ? nc_add(sums, sum) : sums;
}
#endif
#endif

#ifdef NC_FIELD
// The field of p = 2^64 - 2^32 + 1, as nc_gl_* in nc_goldilocks.h: canonical in, canonical out.
NC_FN fe fe_add(fe a, fe b) { return fe_sub(a, i64_sub(fe_make(1u, 0xFFFFFFFFu), b)); }

// low + 2^64 high: low - h1 + h0 (2^32 - 1), as nc_gl__reduce. p - h0 (2^32 - 1) is (h0, ~h0) + 1, at
// least 2^32, and so any t < 2^64 less that is below p.
NC_FN fe fe_reduce(fe low, fe high) {
    uint h0 = fe_low(high);
    fe t = fe_sub(low, fe_make(fe_high(high), 0u));
    return fe_sub(t, i64_add(fe_make(h0, ~h0), fe_make(1u, 0u)));
}

NC_FN fe fe_mul(fe a, fe b) {
    fe high, low = fe_mul_wide(a, b, high);
    return fe_reduce(low, high);
}

// x 2^k for k < 96, in 32-bit words: 2^64 = 2^32 - 1, 2^96 = -1.
NC_FN fe fe_shift(fe x, uint k) {
    uint n = k & 31, low = fe_low(x), high = fe_high(x), top = 0;
    if (k == 0) return x;
    if (n != 0) {
        top = high >> (32 - n);
        high = high << n | low >> (32 - n);
        low <<= n;
    }
    if (k < 32) return fe_reduce(fe_make(low, high), fe_make(top, 0u));
    if (k < 64) return fe_reduce(fe_make(0u, low), fe_make(high, top));
    return fe_sub(fe_reduce(fe_make(0u, 0u), fe_make(low, high)), fe_make(0u, top));
}

// A sum of products that is not reduced yet, low + 2^64 high + 2^128 top, and a b on top of it: 2^32
// products fit.
NC_FN void fe_add_product(NC_REF(fe) low, NC_REF(fe) high, NC_REF(uint) top, fe a, fe b) {
    uint carry;
    fe upper, lower = fe_mul_wide(a, b, upper); // upper < 2^64 - 1
    low = fe_add64(low, lower, carry);
    upper = fe_add64(upper, fe_make(carry, 0u), carry);
    high = fe_add64(high, upper, carry);
    top += carry;
}

// It in the field; top < 2^31. 2^128 = -2^32.
NC_FN fe fe_reduce_sum(fe low, fe high, uint top) {
    return fe_sub(fe_reduce(low, high), fe_make(0u, top));
}

NC_FN fe fe_pow7(fe x) {
    fe x2 = fe_mul(x, x), x3 = fe_mul(x2, x);
    return fe_mul(x3, fe_mul(x2, x2));
}
#endif
